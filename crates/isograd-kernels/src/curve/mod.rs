//! Element-wise activations in one pass forward and one backward, vectorised in single precision,
//! with the telemetry of their output in it.
//!
//! Burn 0.22's Flex calls the C library once an element, and twice for the backward pass of tanh,
//! and takes up to five passes over memory.

mod double;
pub(crate) mod float;
mod pass;
mod single;
mod slopes;

use crate::handle::{self, from_vec};
use crate::probe::{Direction, Want, Watch, show, want};
use crate::real::{Real, by_type, slice};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;
pub(crate) use pass::{Curved, Rows, Seen, merged};
pub use slopes::add_slope_squares;

/// An activation with a kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Curve {
    /// tanh x.
    Tanh,
    /// output·tanh(input·x).
    ScaledTanh {
        /// What it saturates at, positive.
        output: f64,
        /// Factor on x, positive.
        input: f64,
    },
    /// 1/(1 + e⁻ˣ).
    Sigmoid,
    /// clip(0.2 x + 0.5, 0, 1).
    HardSigmoid,
    /// max(x, 0); its slope at 0 is 0.
    Relu,
    /// x for x > 0, slope·x below.
    LeakyRelu {
        /// Slope of the negative part.
        slope: f64,
    },
    /// scale·x for x ≥ 0, scale·alpha·(eˣ − 1) below: ELU (scale 1) and SELU.
    Elu {
        /// Minus the value it saturates at, before the scale.
        alpha: f64,
        /// Factor in front of both parts.
        scale: f64,
    },
    /// x for x ≥ 0, alpha·(e^{x/alpha} − 1) below.
    Celu {
        /// Minus the value it saturates at.
        alpha: f64,
    },
    /// x·Φ(x).
    Gelu,
    /// x/(1 + e⁻ˣ).
    Silu,
    /// x·tanh(ln(1 + eˣ)).
    Mish,
    /// ln(1 + eˣ).
    Softplus,
    /// x/(1 + |x|).
    Softsign,
    /// eˣ.
    Exponential,
}

impl Curve {
    /// Whether the slope is computed from φ(x), which the next operation keeps anyway, and not
    /// from x.
    pub(crate) fn keeps_output(self) -> bool {
        match self {
            Self::Tanh
            | Self::ScaledTanh { .. }
            | Self::Sigmoid
            | Self::HardSigmoid
            | Self::Relu
            | Self::Softplus
            | Self::Exponential => true,
            Self::LeakyRelu { slope } => slope >= 0.0,
            _ => false,
        }
    }
}

/// φ(x), element by element, in any float type; single precision is vectorised and exact to a few
/// units in the last place, double precision is that of the standard library. NaN stays NaN. The
/// result does not depend on the processor or the number of threads.
pub fn curve<const D: usize>(curve: Curve, x: Tensor<D>) -> Tensor<D> {
    curve_watched(curve, x, None)
}

/// [`curve`], whose output and later its gradient are shown to `watch` in the pass that makes them.
pub fn curve_watched<const D: usize>(
    curve: Curve,
    x: Tensor<D>,
    watch: Option<Watch>,
) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as CurveBackend>::curve(
        x.into_dispatch(),
        curve,
        watch,
    ))
}

/// The activations as backend operations; [`curve`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait CurveBackend: Backend {
    /// φ(x).
    fn curve(x: FloatTensor<Self>, curve: Curve, watch: Option<Watch>) -> FloatTensor<Self>;

    /// φ′·gradient; `saved` is the output of those whose slope is computed from it, else x.
    fn curve_backward(
        saved: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        curve: Curve,
        watch: Option<Watch>,
    ) -> FloatTensor<Self>;
}

type FlexTensor = FloatTensor<Flex>;

impl CurveBackend for Flex {
    fn curve(x: FlexTensor, curve: Curve, watch: Option<Watch>) -> FlexTensor {
        let mut x = handle::writable(x);
        let shape = x.shape();
        let want = want(watch.as_ref(), Direction::Forward);
        let rows = Rows {
            columns: 1,
            curve: Some(curve),
            look: [false, want != Want::Nothing],
        };
        by_type!(x, T => {
            let seen;
            let y = if let Some(y) = x.try_storage_mut::<T>() {
                seen = rows.forward(y, None, None);
                x
            } else {
                let mut y = slice!(x, T).to_vec();
                seen = rows.forward(&mut y, None, None);
                from_vec(y, shape.clone())
            };
            show(watch.as_ref(), Direction::Forward, &shape, seen[1], slice!(y, T), want);
            y
        })
    }

    fn curve_backward(
        saved: FlexTensor,
        gradient: FlexTensor,
        curve: Curve,
        watch: Option<Watch>,
    ) -> FlexTensor {
        let saved = saved.to_contiguous();
        let mut gradient = handle::writable(gradient);
        let shape = gradient.shape();
        let want = want(watch.as_ref(), Direction::Backward);
        by_type!(gradient, T => {
            let values = slice!(gradient, T);
            if want.values() {
                show(watch.as_ref(), Direction::Backward, &shape, T::sizes(values), values, want);
            }
            let rows = Rows {
                columns: 1,
                curve: Some(curve),
                look: [false, !want.values() && want != Want::Nothing],
            };
            let seen = rows.backward(slice!(saved, T), gradient.storage_mut::<T>(), None);
            if rows.look[1] {
                show::<T>(watch.as_ref(), Direction::Backward, &shape, seen[1], &[], want);
            }
        });
        gradient
    }
}

impl<B: CurveBackend, C: CheckpointStrategy> CurveBackend for Autodiff<B, C> {
    fn curve(x: FloatTensor<Self>, curve: Curve, watch: Option<Watch>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct CurveBack;

        impl<B: CurveBackend> Backward<B, 1> for CurveBack {
            type State = (FloatTensor<B>, Curve, Option<Watch>);

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = grads.consume::<B>(&ops.node);
                let (saved, curve, watch) = ops.state;
                let [parent] = ops.parents;
                if let Some(node) = parent {
                    let d = B::curve_backward(saved, gradient, curve, watch);
                    grads.register::<B>(node.id, d);
                }
            }
        }

        match CurveBack
            .prepare::<C>([x.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let x = x.into_primitive();
                let (saved, y) = if curve.keeps_output() {
                    let y = B::curve(x, curve, watch.clone());
                    (y.clone(), y)
                } else {
                    let y = B::curve(x.clone(), curve, watch.clone());
                    (x, y)
                };
                prep.finish((saved, curve, watch), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::curve(x.into_primitive(), curve, watch)),
        }
    }

    fn curve_backward(
        saved: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        curve: Curve,
        watch: Option<Watch>,
    ) -> FloatTensor<Self> {
        // Gradients of gradients are not taken of a fused operation.
        <Self as burn::backend::AutodiffBackend>::from_inner(B::curve_backward(
            saved.into_primitive(),
            gradient.into_primitive(),
            curve,
            watch,
        ))
    }
}

#[cfg(test)]
pub(crate) mod tests;
