//! Recurrent layers over all steps in one operation: one small product a step and one pass over the
//! gates, forward and backward, where Burn 0.22's autodiff records a dozen operations a step.

mod backward;
mod cells;
mod forward;
mod gradients;
mod job;
mod number;

use crate::real::{by_type, slice};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Tensor, TensorData};
use job::Job;

/// What a step computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// h′ = tanh(x + W h).
    Tanh,
    /// h′ = max(x + W h, 0).
    Relu,
    /// r, z = σ(x + W h), n = tanh(x + r ⊙ (W h + d)), h′ = n + z ⊙ (h − n); columns r, z, n.
    Gru,
    /// i, f, o = σ(x + W h), g = tanh(x + W h), c′ = f ⊙ c + i ⊙ g, h′ = o ⊙ tanh c′; columns
    /// i, f, g, o.
    Lstm,
}

impl Cell {
    /// Columns for each unit.
    pub fn gates(self) -> usize {
        match self {
            Self::Tanh | Self::Relu => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }
}

/// A recurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurrence {
    /// What a step computes.
    pub cell: Cell,
    /// Layer normalisation (Ba et al. 2016): of W h (of a GRU the two gates together and the candidate
    /// by itself), and of an LSTM's cell before its tanh; of an RNN, of x + W h.
    pub normalised: bool,
    /// The gradient stops behind every so many steps.
    pub truncate: Option<usize>,
}

/// The states after every step, from states of zero; a second direction reads from the end.
///
/// The result does not depend on the number of threads.
///
/// # Shapes
///
/// - `inputs`: what the input contributes, `[batch, steps, directions, gates × units]`
/// - `weight`: W, `[directions, units, gates × units]`
/// - `extras`: `[directions, …]`, side by side: d of a GRU, where it is normalised with the scales of
///   W h; of a normalised LSTM the scales of W h, scale and shift of the cell; of a normalised RNN scale
///   and shift; of the others nothing (`None`)
/// - result: `[batch, steps, directions, units]`
pub fn recur(
    inputs: Tensor<4>,
    weight: Tensor<3>,
    extras: Option<Tensor<2>>,
    what: Recurrence,
) -> Tensor<4> {
    // Not read and not tracked: it gets no gradient.
    let extras =
        extras.unwrap_or_else(|| Tensor::zeros([1, 1], (&weight.device(), weight.dtype())));
    Tensor::from_dispatch(<Dispatch as RecurrenceBackend>::recur(
        inputs.into_dispatch(),
        weight.into_dispatch(),
        extras.into_dispatch(),
        what,
    ))
}

/// The recurrence as backend operations; [`recur`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait RecurrenceBackend: Backend {
    /// The states.
    fn recur(
        inputs: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        extras: FloatTensor<Self>,
        what: Recurrence,
    ) -> FloatTensor<Self>;

    /// The states, and behind each what the backward pass needs.
    fn recur_saving(
        inputs: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        extras: FloatTensor<Self>,
        what: Recurrence,
    ) -> FloatTensor<Self>;

    /// The states out of what was saved, `units` numbers each.
    fn recur_states(saved: FloatTensor<Self>, units: usize) -> FloatTensor<Self>;

    /// The gradient before the functions of every step, of that of the states.
    fn recur_slopes(
        saved: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        extras: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        what: Recurrence,
    ) -> FloatTensor<Self>;

    /// The gradient with respect to the weights, which have these dimensions.
    fn recur_to_weight(
        saved: FloatTensor<Self>,
        slopes: FloatTensor<Self>,
        weight: [usize; 3],
        what: Recurrence,
    ) -> FloatTensor<Self>;

    /// The gradient with respect to the inputs.
    fn recur_to_inputs(
        slopes: FloatTensor<Self>,
        weight: [usize; 3],
        what: Recurrence,
    ) -> FloatTensor<Self>;

    /// The gradient with respect to the extras.
    fn recur_to_extras(
        saved: FloatTensor<Self>,
        slopes: FloatTensor<Self>,
        weight: [usize; 3],
        what: Recurrence,
    ) -> FloatTensor<Self>;
}

type FlexTensor = FloatTensor<Flex>;

/// The sizes of a recurrence over something of `[batch, steps, …]`.
fn job(of: &impl TensorMetadata, weight: [usize; 3], what: Recurrence) -> Job {
    let [batch, steps, _, _] = of.shape().dims();
    let [directions, units, columns] = weight;
    assert_eq!(columns, what.cell.gates() * units, "columns of the weights");
    Job {
        batch,
        steps,
        directions,
        units,
        what,
    }
}

/// The forward pass, saving or not.
fn run(
    inputs: &FlexTensor,
    weight: &FlexTensor,
    extras: &FlexTensor,
    what: Recurrence,
    save: bool,
) -> FlexTensor {
    let (inputs, weight, extras) = (
        inputs.to_contiguous(),
        weight.to_contiguous(),
        extras.to_contiguous(),
    );
    let job = job(&inputs, weight.shape().dims(), what);
    let width = if save { job.saved() } else { job.units };
    let shape = [job.batch, job.steps, job.directions, width];
    by_type!(inputs, T => {
        let (x, w, d) = (slice!(inputs, T), slice!(weight, T), slice!(extras, T));
        FlexTensor::from_data(TensorData::new(job.forward::<T>(x, w, d, save), shape))
    })
}

impl RecurrenceBackend for Flex {
    fn recur(
        inputs: FlexTensor,
        weight: FlexTensor,
        extras: FlexTensor,
        what: Recurrence,
    ) -> FlexTensor {
        run(&inputs, &weight, &extras, what, false)
    }

    fn recur_saving(
        inputs: FlexTensor,
        weight: FlexTensor,
        extras: FlexTensor,
        what: Recurrence,
    ) -> FlexTensor {
        run(&inputs, &weight, &extras, what, true)
    }

    fn recur_states(saved: FlexTensor, units: usize) -> FlexTensor {
        let [batch, steps, directions, width] = saved.shape().dims();
        if width == units {
            return saved;
        }
        let saved = saved.to_contiguous();
        let shape = [batch, steps, directions, units];
        by_type!(saved, T => {
            let all = slice!(saved, T).chunks_exact(width);
            let states: Vec<T> = all.flat_map(|step| &step[..units]).copied().collect();
            FlexTensor::from_data(TensorData::new(states, shape))
        })
    }

    fn recur_slopes(
        saved: FlexTensor,
        weight: FlexTensor,
        extras: FlexTensor,
        gradient: FlexTensor,
        what: Recurrence,
    ) -> FlexTensor {
        let job = job(&saved, weight.shape().dims(), what);
        let (saved, weight, extras, gradient) = (
            saved.to_contiguous(),
            weight.to_contiguous(),
            extras.to_contiguous(),
            gradient.to_contiguous(),
        );
        let shape = [job.batch, job.steps, job.directions, job.slopes()];
        by_type!(saved, T => {
            let (s, w, g) = (slice!(saved, T), slice!(weight, T), slice!(gradient, T));
            let slopes = job.backward::<T>(s, w, slice!(extras, T), g);
            FlexTensor::from_data(TensorData::new(slopes, shape))
        })
    }

    fn recur_to_weight(
        saved: FlexTensor,
        slopes: FlexTensor,
        weight: [usize; 3],
        what: Recurrence,
    ) -> FlexTensor {
        let job = job(&saved, weight, what);
        let (saved, slopes) = (saved.to_contiguous(), slopes.to_contiguous());
        by_type!(saved, T => {
            let dw = job.weight_gradient::<T>(slice!(saved, T), slice!(slopes, T));
            FlexTensor::from_data(TensorData::new(dw, weight))
        })
    }

    fn recur_to_inputs(slopes: FlexTensor, weight: [usize; 3], what: Recurrence) -> FlexTensor {
        if what.cell != Cell::Gru && !what.normalised {
            return slopes;
        }
        let job = job(&slopes, weight, what);
        let slopes = slopes.to_contiguous();
        let shape = [job.batch, job.steps, job.directions, job.columns()];
        by_type!(slopes, T => {
            let dx = job.input_gradient::<T>(slice!(slopes, T));
            FlexTensor::from_data(TensorData::new(dx, shape))
        })
    }

    fn recur_to_extras(
        saved: FlexTensor,
        slopes: FlexTensor,
        weight: [usize; 3],
        what: Recurrence,
    ) -> FlexTensor {
        let job = job(&slopes, weight, what);
        let (saved, slopes) = (saved.to_contiguous(), slopes.to_contiguous());
        by_type!(slopes, T => {
            let de = job.extras_gradient::<T>(slice!(saved, T), slice!(slopes, T));
            FlexTensor::from_data(TensorData::new(de, [job.directions, job.extras()]))
        })
    }
}

impl<B: RecurrenceBackend, C: CheckpointStrategy> RecurrenceBackend for Autodiff<B, C> {
    fn recur(
        inputs: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        extras: FloatTensor<Self>,
        what: Recurrence,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct RecurBack;

        impl<B: RecurrenceBackend> Backward<B, 3> for RecurBack {
            type State = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, Recurrence);

            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = grads.consume::<B>(&ops.node);
                let (saved, weight, extras, what) = ops.state;
                let dims: [usize; 3] = weight.shape().dims();
                let slopes = B::recur_slopes(saved.clone(), weight, extras, gradient, what);
                let [to_inputs, to_weight, to_extras] = ops.parents;
                if let Some(node) = to_extras {
                    let de = B::recur_to_extras(saved.clone(), slopes.clone(), dims, what);
                    grads.register::<B>(node.id, de);
                }
                if let Some(node) = to_weight {
                    let dw = B::recur_to_weight(saved, slopes.clone(), dims, what);
                    grads.register::<B>(node.id, dw);
                }
                if let Some(node) = to_inputs {
                    grads.register::<B>(node.id, B::recur_to_inputs(slopes, dims, what));
                }
            }
        }

        let nodes = [inputs.node(), weight.node(), extras.node()];
        let (inputs, weight, extras) = (
            inputs.into_primitive(),
            weight.into_primitive(),
            extras.into_primitive(),
        );
        match RecurBack.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let [_, units, _] = weight.shape().dims();
                let saved = B::recur_saving(inputs, weight.clone(), extras.clone(), what);
                let states = B::recur_states(saved.clone(), units);
                prep.finish((saved, weight, extras, what), states)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::recur(inputs, weight, extras, what)),
        }
    }

    // Gradients of gradients are not taken of a fused operation.

    fn recur_saving(
        inputs: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        extras: FloatTensor<Self>,
        what: Recurrence,
    ) -> FloatTensor<Self> {
        <Self as burn::backend::AutodiffBackend>::from_inner(B::recur_saving(
            inputs.into_primitive(),
            weight.into_primitive(),
            extras.into_primitive(),
            what,
        ))
    }

    fn recur_states(saved: FloatTensor<Self>, units: usize) -> FloatTensor<Self> {
        let saved = saved.into_primitive();
        <Self as burn::backend::AutodiffBackend>::from_inner(B::recur_states(saved, units))
    }

    fn recur_slopes(
        saved: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        extras: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        what: Recurrence,
    ) -> FloatTensor<Self> {
        <Self as burn::backend::AutodiffBackend>::from_inner(B::recur_slopes(
            saved.into_primitive(),
            weight.into_primitive(),
            extras.into_primitive(),
            gradient.into_primitive(),
            what,
        ))
    }

    fn recur_to_weight(
        saved: FloatTensor<Self>,
        slopes: FloatTensor<Self>,
        weight: [usize; 3],
        what: Recurrence,
    ) -> FloatTensor<Self> {
        <Self as burn::backend::AutodiffBackend>::from_inner(B::recur_to_weight(
            saved.into_primitive(),
            slopes.into_primitive(),
            weight,
            what,
        ))
    }

    fn recur_to_inputs(
        slopes: FloatTensor<Self>,
        weight: [usize; 3],
        what: Recurrence,
    ) -> FloatTensor<Self> {
        let slopes = slopes.into_primitive();
        <Self as burn::backend::AutodiffBackend>::from_inner(B::recur_to_inputs(
            slopes, weight, what,
        ))
    }

    fn recur_to_extras(
        saved: FloatTensor<Self>,
        slopes: FloatTensor<Self>,
        weight: [usize; 3],
        what: Recurrence,
    ) -> FloatTensor<Self> {
        <Self as burn::backend::AutodiffBackend>::from_inner(B::recur_to_extras(
            saved.into_primitive(),
            slopes.into_primitive(),
            weight,
            what,
        ))
    }
}

#[cfg(test)]
mod tests;
