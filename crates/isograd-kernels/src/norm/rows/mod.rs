//! Layer normalisation (Ba et al. 2016), division by the root mean square (Zhang and Sennrich 2019),
//! group and instance normalisation (Wu and He 2018, Ulyanov et al. 2016): one pass over the rows
//! forward, one backward.

pub(super) mod loops;
mod pass;

use super::shown::Shown;
use crate::handle::writable;
use crate::real::{by_type, slice};
use crate::{Direction, Watch};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, Flex, TensorMetadata, backend_extension,
};
use burn::tensor::{Tensor, TensorData};

/// How the rows of a stretch are normalised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rows {
    /// Numbers in a row, normalised together.
    pub elements: usize,
    /// Rows of one example; each has its own units.
    pub groups: usize,
    /// Numbers of a row that share one scale and one shift.
    pub positions: usize,
    /// Whether the mean is taken away first.
    pub centred: bool,
    /// Added to the variance, or to the mean square where nothing is taken away.
    pub epsilon: f64,
}

impl Rows {
    /// Rows of so many numbers, each number with a scale and shift of its own.
    pub fn of(elements: usize, centred: bool, epsilon: f64) -> Self {
        Self {
            elements,
            groups: 1,
            positions: 1,
            centred,
            epsilon,
        }
    }
}

/// γ·(x − mean)/√(variance + ε) + β of every row; without the mean, γ·x/√(mean x² + ε) + β.
///
/// A row's statistics are taken in double precision, and the result does not depend on the number of
/// threads. The gradient of a gradient is not taken.
///
/// # Shapes
///
/// - `x` and the result: any whose numbers are rows of `how.elements`, one behind the other
/// - `gamma`, `beta`: `[groups × elements ÷ positions]`; 1 and 0 where there are none
///
/// # Panics
/// Where the sizes do not fit each other.
pub fn row_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Option<Tensor<1>>,
    beta: Option<Tensor<1>>,
    how: Rows,
    watch: Option<Watch>,
) -> Tensor<D> {
    let count = x.shape().num_elements();
    let units = how.groups * (how.elements / how.positions.max(1));
    assert!(
        how.elements == 0
            || how.elements.is_multiple_of(how.positions)
                && count.is_multiple_of(how.elements * how.groups),
        "{count} numbers in {how:?}"
    );
    // Not tracked: they get no gradient.
    let options = (&x.device(), x.dtype());
    let gamma = gamma.unwrap_or_else(|| Tensor::ones([units], options));
    let beta = beta.unwrap_or_else(|| Tensor::zeros([units], options));
    assert!(
        gamma.dims() == [units] && beta.dims() == [units],
        "{units} units, scales {:?}, shifts {:?}",
        gamma.dims(),
        beta.dims()
    );
    let (output, _) = <Dispatch as RowNormBackend>::row_norm(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        how,
        watch,
    );
    Tensor::from_dispatch(output)
}

/// Normalisation of rows as backend operations; [`row_norm`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait RowNormBackend: Backend {
    /// The output; mean (or 0) and 1/√(variance + ε) of every row, side by side.
    fn row_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        how: Rows,
        watch: Option<Watch>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients with respect to x, γ and β, of that of the output.
    fn row_norm_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        statistics: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        how: Rows,
        watch: Option<Watch>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

type FlexTensor = FloatTensor<Flex>;

impl RowNormBackend for Flex {
    fn row_norm(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        how: Rows,
        watch: Option<Watch>,
    ) -> (FlexTensor, FlexTensor) {
        let (x, gamma, beta) = (
            x.to_contiguous(),
            gamma.to_contiguous(),
            beta.to_contiguous(),
        );
        let shape = x.shape();
        if shape.contains(&0) {
            return (x.clone(), x);
        }
        let shown = Shown::to(watch.as_ref(), Direction::Forward);
        by_type!(x, T => {
            let maps = [slice!(gamma, T), slice!(beta, T)];
            let (y, statistics) = how.forward::<T>(slice!(x, T), maps, &shape, shown);
            let rows = [statistics.len() / 2, 2];
            (
                FlexTensor::from_data(TensorData::new(y, shape)),
                FlexTensor::from_data(TensorData::new(statistics, rows)),
            )
        })
    }

    fn row_norm_backward(
        x: FlexTensor,
        gamma: FlexTensor,
        statistics: FlexTensor,
        gradient: FlexTensor,
        how: Rows,
        watch: Option<Watch>,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let (x, gamma) = (x.to_contiguous(), gamma.to_contiguous());
        let shape = x.shape();
        if shape.contains(&0) {
            let none = FlexTensor::zeros(gamma.layout().shape().clone(), gamma.dtype());
            return (gradient, none.clone(), none);
        }
        let shown = Shown::to(watch.as_ref(), Direction::Backward);
        let mut d = writable(gradient);
        let units = [how.all_units()];
        by_type!(x, T => {
            let [to_gamma, to_beta] = how.backward::<T>(
                slice!(x, T),
                slice!(gamma, T),
                slice!(statistics, T),
                d.storage_mut::<T>(),
                &shape,
                shown,
            );
            (
                d,
                FlexTensor::from_data(TensorData::new(to_gamma, units)),
                FlexTensor::from_data(TensorData::new(to_beta, units)),
            )
        })
    }
}

impl<B: RowNormBackend, C: CheckpointStrategy> RowNormBackend for Autodiff<B, C> {
    fn row_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        how: Rows,
        watch: Option<Watch>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        #[derive(Debug)]
        struct RowNormBack;

        impl<B: RowNormBackend> Backward<B, 3> for RowNormBack {
            /// x, γ, statistics.
            type State = ([FloatTensor<B>; 3], Rows, Option<Watch>);

            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = grads.consume::<B>(&ops.node);
                let ([x, gamma, statistics], how, watch) = ops.state;
                let (dx, to_gamma, to_beta) =
                    B::row_norm_backward(x, gamma, statistics, gradient, how, watch);
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
        let (output, statistics) = match RowNormBack.prepare::<C>(nodes).compute_bound().stateful()
        {
            OpsKind::Tracked(prep) => {
                let (output, statistics) =
                    B::row_norm(x.clone(), gamma.clone(), beta, how, watch.clone());
                let state = ([x, gamma, statistics.clone()], how, watch);
                (prep.finish(state, output), statistics)
            }
            OpsKind::UnTracked(prep) => {
                let (output, statistics) = B::row_norm(x, gamma, beta, how, watch);
                (prep.finish(output), statistics)
            }
        };
        (output, Self::from_inner(statistics))
    }

    fn row_norm_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        statistics: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        how: Rows,
        watch: Option<Watch>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        // Gradients of gradients are not taken of a fused operation.
        let (dx, to_gamma, to_beta) = B::row_norm_backward(
            x.into_primitive(),
            gamma.into_primitive(),
            statistics.into_primitive(),
            gradient.into_primitive(),
            how,
            watch,
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
