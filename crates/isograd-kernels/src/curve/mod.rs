//! Element-wise activations in one pass forward and one backward, vectorised in single precision.
//!
//! Burn 0.22's Flex calls the C library once an element, and twice for the backward pass of tanh,
//! and takes up to five passes over memory.

pub(crate) mod float;
mod pass;

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{DType, Tensor, TensorData};

/// An activation with a kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Curve {
    /// tanh x.
    Tanh,
    /// 1/(1 + e⁻ˣ).
    Sigmoid,
    /// scale·x for x ≥ 0, scale·alpha·(eˣ − 1) below: ELU (scale 1) and SELU.
    Elu {
        /// Minus the value it saturates at, before the scale.
        alpha: f64,
        /// Factor in front of both parts.
        scale: f64,
    },
    /// x·Φ(x).
    Gelu,
    /// x/(1 + e⁻ˣ).
    Silu,
    /// x·tanh(ln(1 + eˣ)).
    Mish,
}

/// φ(x), element by element, in any float type; single precision is vectorised and exact to a few
/// units in the last place, double precision is that of the standard library. NaN stays NaN. The
/// result does not depend on the processor or the number of threads.
pub fn curve<const D: usize>(curve: Curve, x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as CurveBackend>::curve(x.into_dispatch(), curve))
}

/// The activations as backend operations; [`curve`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait CurveBackend: Backend {
    /// φ(x).
    fn curve(x: FloatTensor<Self>, curve: Curve) -> FloatTensor<Self>;

    /// φ′(x)·gradient.
    fn curve_backward(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        curve: Curve,
    ) -> FloatTensor<Self>;
}

type FlexTensor = FloatTensor<Flex>;

impl CurveBackend for Flex {
    fn curve(x: FlexTensor, curve: Curve) -> FlexTensor {
        let x = x.to_contiguous();
        let shape = x.shape();
        let data = match x.dtype() {
            DType::F64 => x.as_slice::<f64>().map(|x| {
                let y: Vec<f64> = x.iter().map(|&x| pass::value(curve, x)).collect();
                TensorData::new(y, shape)
            }),
            DType::F32 => x
                .as_slice::<f32>()
                .map(|x| TensorData::new(pass::forward(curve, x), shape)),
            other => unreachable!("isograd computes in single and double precision, not {other:?}"),
        };
        from(data)
    }

    fn curve_backward(x: FlexTensor, gradient: FlexTensor, curve: Curve) -> FlexTensor {
        let (x, gradient) = (x.to_contiguous(), gradient.to_contiguous());
        let shape = x.shape();
        let data = match x.dtype() {
            DType::F64 => x
                .as_slice::<f64>()
                .zip(gradient.as_slice::<f64>())
                .map(|(x, g)| {
                    let d = x.iter().zip(g).map(|(&x, g)| pass::slope(curve, x) * g);
                    TensorData::new(d.collect::<Vec<f64>>(), shape)
                }),
            DType::F32 => x
                .as_slice::<f32>()
                .zip(gradient.as_slice::<f32>())
                .map(|(x, g)| TensorData::new(pass::backward(curve, x, g), shape)),
            other => unreachable!("isograd computes in single and double precision, not {other:?}"),
        };
        from(data)
    }
}

fn from(data: Option<TensorData>) -> FlexTensor {
    let data = data.unwrap_or_else(|| unreachable!("a contiguous tensor is a slice of its type"));
    FlexTensor::from_data(data)
}

impl<B: CurveBackend, C: CheckpointStrategy> CurveBackend for Autodiff<B, C> {
    fn curve(x: FloatTensor<Self>, curve: Curve) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct CurveBack;

        impl<B: CurveBackend> Backward<B, 1> for CurveBack {
            type State = (FloatTensor<B>, Curve);

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = grads.consume::<B>(&ops.node);
                let (x, curve) = ops.state;
                let [parent] = ops.parents;
                if let Some(node) = parent {
                    grads.register::<B>(node.id, B::curve_backward(x, gradient, curve));
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
                let y = B::curve(x.clone(), curve);
                prep.finish((x, curve), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::curve(x.into_primitive(), curve)),
        }
    }

    fn curve_backward(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        curve: Curve,
    ) -> FloatTensor<Self> {
        // Gradients of gradients are not taken of a fused operation.
        <Self as burn::backend::AutodiffBackend>::from_inner(B::curve_backward(
            x.into_primitive(),
            gradient.into_primitive(),
            curve,
        ))
    }
}
