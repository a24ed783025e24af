//! Softmax over the last dimension, a row at a time while it is in the cache.
//!
//! Burn composes it of six passes over memory forward, and as many backward.

pub(crate) mod rows;

use crate::real::{Real as _, by_type, slice};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use rows::{Rows, Seen};

/// Numbers that one thread takes at a time; below that, threads cost more than they bring.
const GRAIN: usize = 1 << 14;

/// softmax over the last dimension: eˣ ÷ Σ eˣ, by the largest of the row.
///
/// A row with NaN or ∞, or of nothing but −∞, is NaN throughout. The result does not depend on the
/// number of threads.
///
/// # Shapes
///
/// - `x` and the result: `[…, classes]`
pub fn softmax<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as SoftmaxBackend>::softmax_last(
        x.into_dispatch(),
    ))
}

/// Softmax as a backend operation; [`softmax`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait SoftmaxBackend: Backend {
    /// softmax over the last dimension.
    fn softmax_last(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// The backward pass of [`SoftmaxBackend`].
pub trait SoftmaxGradient: Backend {
    /// The gradient before softmax, of its result and the gradient behind it.
    fn softmax_last_backward(
        y: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

type FlexTensor = FloatTensor<Flex>;

/// Numbers of a row, and of the rows that one thread takes.
fn sizes(x: &FlexTensor) -> (Seen, usize) {
    let columns = x.shape().iter().copied().last().unwrap_or(1).max(1);
    let seen = Seen {
        stride: columns,
        first: columns,
        more: 0,
        most: columns,
    };
    (seen, (GRAIN / columns).max(1) * columns)
}

impl SoftmaxBackend for Flex {
    fn softmax_last(x: FlexTensor) -> FlexTensor {
        let (seen, part) = sizes(&x);
        let x = x.to_contiguous();
        let shape = x.shape();
        by_type!(x, T => {
            let mut y = slice!(x, T).to_vec();
            y.par_chunks_mut(part).for_each(|y| T::softmax_rows(y, seen, T::ONE));
            FlexTensor::from_data(TensorData::new(y, shape))
        })
    }
}

impl SoftmaxGradient for Flex {
    fn softmax_last_backward(y: FlexTensor, gradient: FlexTensor) -> FlexTensor {
        let (seen, part) = sizes(&y);
        let (y, gradient) = (y.to_contiguous(), gradient.to_contiguous());
        let shape = y.shape();
        by_type!(y, T => {
            let mut d = slice!(gradient, T).to_vec();
            let parts = d.par_chunks_mut(part).zip(slice!(y, T).par_chunks(part));
            parts.for_each(|(d, y)| T::softmax_rows_backward(y, d, seen, T::ONE));
            FlexTensor::from_data(TensorData::new(d, shape))
        })
    }
}

impl<B: SoftmaxBackend + SoftmaxGradient, C: CheckpointStrategy> SoftmaxBackend for Autodiff<B, C> {
    fn softmax_last(x: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct SoftmaxBack;

        impl<B: SoftmaxGradient> Backward<B, 1> for SoftmaxBack {
            type State = FloatTensor<B>;

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = grads.consume::<B>(&ops.node);
                let [parent] = ops.parents;
                if let Some(node) = parent {
                    let dx = B::softmax_last_backward(ops.state, gradient);
                    grads.register::<B>(node.id, dx);
                }
            }
        }

        let prep = SoftmaxBack.prepare::<C>([x.node()]).compute_bound();
        let y = B::softmax_last(x.into_primitive());
        match prep.stateful() {
            OpsKind::Tracked(prep) => prep.finish(y.clone(), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }
}

#[cfg(test)]
mod tests;
