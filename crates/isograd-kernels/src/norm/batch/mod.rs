//! Batch normalisation in training (Ioffe and Szegedy 2015): one pass for the statistics, one for the
//! output, two backward.

pub(super) mod loops;
mod pass;

use super::shown::Shown;
use crate::handle::writable;
use crate::real::{by_type, slice};
use crate::{Curve, Direction, Watch};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, Flex, TensorMetadata, backend_extension,
};
use burn::tensor::{Shape, Tensor, TensorData};
use pass::{Behind, Done, Layout, Room};

/// How a batch is normalised.
#[derive(Clone, Debug)]
pub struct BatchNormalisation {
    /// The dimension of the units.
    pub axis: usize,
    /// Added to the variance.
    pub epsilon: f64,
    /// φ behind it, if there is one.
    pub curve: Option<Curve>,
    /// Sees what the normalisation puts out, and the gradient that arrives there.
    pub before: Option<Watch>,
    /// Sees φ of that, and the gradient that arrives there; without φ nothing.
    pub after: Option<Watch>,
}

/// What a batch normalisation makes.
#[derive(Clone, Debug)]
pub struct BatchNormalised<const D: usize> {
    /// φ(γ·(x − mean)/√(variance + ε) + β).
    pub output: Tensor<D>,
    /// Mean of each unit over the batch and all positions, without gradient.
    pub mean: Tensor<1>,
    /// Its variance, the sum of squares divided by their number, without gradient.
    pub variance: Tensor<1>,
}

/// Normalises each unit with the statistics of the batch, and applies an activation to that.
///
/// Sums are taken in double precision, and the result does not depend on the number of threads. The
/// gradient of a gradient is not taken.
///
/// # Shapes
///
/// - `x` and the output: `[…, units, …]`, units at `how.axis`
/// - `gamma`, `beta`, mean and variance: `[units]`
///
/// # Panics
/// Where `gamma` or `beta` do not have as many numbers as there are units.
pub fn batch_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    how: BatchNormalisation,
) -> BatchNormalised<D> {
    let units = [x.dims()[how.axis]];
    assert!(
        gamma.dims() == units && beta.dims() == units,
        "{units:?} units, scales {:?}, shifts {:?}",
        gamma.dims(),
        beta.dims()
    );
    let (output, mean, variance) = <Dispatch as BatchNormBackend>::batch_norm_seen(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        how,
    );
    BatchNormalised {
        output: Tensor::from_dispatch(output),
        mean: Tensor::from_dispatch(mean),
        variance: Tensor::from_dispatch(variance),
    }
}

/// Batch normalisation as backend operations; [`batch_norm`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait BatchNormBackend: Backend {
    /// The output, mean and variance.
    fn batch_norm_seen(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        how: BatchNormalisation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients with respect to x, γ and β, of that of the output.
    fn batch_norm_seen_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        how: BatchNormalisation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

type FlexTensor = FloatTensor<Flex>;

fn layout(shape: &Shape, how: &BatchNormalisation) -> Layout {
    Layout {
        units: shape[how.axis],
        positions: shape[how.axis + 1..].iter().product(),
        epsilon: how.epsilon,
    }
}

fn behind(how: &BatchNormalisation, direction: Direction) -> Behind<'_> {
    let after = how.after.as_ref().filter(|_| how.curve.is_some());
    Behind {
        curve: how.curve,
        before: Shown::to(how.before.as_ref(), direction),
        after: Shown::to(after, direction),
    }
}

impl BatchNormBackend for Flex {
    fn batch_norm_seen(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        how: BatchNormalisation,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let (x, gamma, beta) = (
            x.to_contiguous(),
            gamma.to_contiguous(),
            beta.to_contiguous(),
        );
        let shape = x.shape();
        let layout = layout(&shape, &how);
        let units = [layout.units];
        let seen = behind(&how, Direction::Forward);
        by_type!(x, T => {
            let (x, gamma, beta) = (slice!(x, T), slice!(gamma, T), slice!(beta, T));
            let made = layout.forward::<T>(x, gamma, beta, &shape, seen);
            (
                FlexTensor::from_data(TensorData::new(made.output, shape)),
                FlexTensor::from_data(TensorData::new(made.mean, units)),
                FlexTensor::from_data(TensorData::new(made.variance, units)),
            )
        })
    }

    fn batch_norm_seen_backward(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        mean: FlexTensor,
        variance: FlexTensor,
        gradient: FlexTensor,
        how: BatchNormalisation,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let (x, gamma, beta) = (
            x.to_contiguous(),
            gamma.to_contiguous(),
            beta.to_contiguous(),
        );
        let shape = x.shape();
        let layout = layout(&shape, &how);
        let units = [layout.units];
        let seen = behind(&how, Direction::Backward);
        let (mut d, source) = room(gradient);
        by_type!(x, T => {
            let done = Done {
                x: slice!(x, T),
                gamma: slice!(gamma, T),
                beta: slice!(beta, T),
                mean: slice!(mean, T),
                variance: slice!(variance, T),
            };
            let mut room = Room {
                d: d.storage_mut::<T>(),
                source: source.as_ref().map(|s| slice!(s, T)),
            };
            let made = layout.backward::<T>(done, &mut room, &shape, seen);
            (
                d,
                FlexTensor::from_data(TensorData::new(made.gamma, units)),
                FlexTensor::from_data(TensorData::new(made.beta, units)),
            )
        })
    }
}

/// Where the gradient of the input goes: over that of the output, where nobody else has it; else
/// into a new tensor, and that of the output comes second.
fn room(gradient: FlexTensor) -> (FlexTensor, Option<FlexTensor>) {
    let gradient = writable(gradient);
    if gradient.is_unique() {
        return (gradient, None);
    }
    let room = FlexTensor::zeros(gradient.shape(), gradient.dtype());
    (room, Some(gradient.to_contiguous()))
}

impl<B: BatchNormBackend, C: CheckpointStrategy> BatchNormBackend for Autodiff<B, C> {
    fn batch_norm_seen(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        how: BatchNormalisation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        #[derive(Debug)]
        struct BatchNormBack;

        impl<B: BatchNormBackend> Backward<B, 3> for BatchNormBack {
            /// x, γ, β, mean, variance.
            type State = ([FloatTensor<B>; 5], BatchNormalisation);

            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = grads.consume::<B>(&ops.node);
                let ([x, gamma, beta, mean, variance], how) = ops.state;
                let (dx, to_gamma, to_beta) =
                    B::batch_norm_seen_backward(x, gamma, beta, mean, variance, gradient, how);
                for (node, gradient) in ops.parents.into_iter().zip([dx, to_gamma, to_beta]) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, gradient);
                    }
                }
            }
        }

        let nodes = [x.node(), gamma.node(), beta.node()];
        let (x, gamma, beta) = (
            x.into_primitive(),
            gamma.into_primitive(),
            beta.into_primitive(),
        );
        let (output, mean, variance) =
            match BatchNormBack.prepare::<C>(nodes).compute_bound().stateful() {
                OpsKind::Tracked(prep) => {
                    let (output, mean, variance) =
                        B::batch_norm_seen(x.clone(), gamma.clone(), beta.clone(), how.clone());
                    let state = ([x, gamma, beta, mean.clone(), variance.clone()], how);
                    (prep.finish(state, output), mean, variance)
                }
                OpsKind::UnTracked(prep) => {
                    let (output, mean, variance) = B::batch_norm_seen(x, gamma, beta, how);
                    (prep.finish(output), mean, variance)
                }
            };
        (output, Self::from_inner(mean), Self::from_inner(variance))
    }

    fn batch_norm_seen_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        how: BatchNormalisation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        // Gradients of gradients are not taken of a fused operation.
        let (dx, to_gamma, to_beta) = B::batch_norm_seen_backward(
            x.into_primitive(),
            gamma.into_primitive(),
            beta.into_primitive(),
            mean.into_primitive(),
            variance.into_primitive(),
            gradient.into_primitive(),
            how,
        );
        (
            Self::from_inner(dx),
            Self::from_inner(to_gamma),
            Self::from_inner(to_beta),
        )
    }
}

#[cfg(test)]
mod tests;
