//! Attention of all heads as one operation: scores, softmax and mixture a block of steps at a time.
//!
//! Queries, keys and values are read where they lie, side by side in the result of one product, and
//! a head by strides: nothing is copied. The weights are kept for the backward pass.

mod job;

use crate::real::{by_type, slice};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Tensor, TensorData};
use job::{Inputs, Job, Place};

/// How steps look at others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    /// Heads; they divide the features. Head h has features h·d … (h + 1)·d, d = features / heads.
    pub heads: usize,
    /// A step sees itself and those before it only.
    pub causal: bool,
}

/// softmax(Q Kᵀ/√d) V of every head, d the features of one.
///
/// What a causal step does not see has weight 0; NaN there may still reach it, as 0·NaN does. The
/// result does not depend on the number of threads.
///
/// # Shapes
///
/// - `queries`: `[batch, steps, features]`
/// - `memory`: keys and values side by side, `[batch, other steps, 2 · features]`
/// - `mask`: what the weights are multiplied by (dropout), `[batch, heads, steps, other steps]`
/// - result: `[batch, steps, features]`
///
/// # Panics
/// Where the shapes do not meet or the heads do not divide the features.
pub fn attend(
    queries: Tensor<3>,
    memory: Tensor<3>,
    mask: Option<Tensor<4>>,
    looks: Looks,
) -> Tensor<3> {
    start(queries, Some(memory), mask, looks)
}

/// [`attend`] where a sequence looks at itself.
///
/// # Shapes
///
/// - `x`: queries, keys and values side by side, `[batch, steps, 3 · features]`
/// - `mask`: `[batch, heads, steps, steps]`
/// - result: `[batch, steps, features]`
///
/// # Panics
/// Where the shapes do not meet or the heads do not divide the features.
pub fn attend_to_self(x: Tensor<3>, mask: Option<Tensor<4>>, looks: Looks) -> Tensor<3> {
    start(x, None, mask, looks)
}

fn start(
    queries: Tensor<3>,
    memory: Option<Tensor<3>>,
    mask: Option<Tensor<4>>,
    looks: Looks,
) -> Tensor<3> {
    let what = Attention {
        looks,
        alone: memory.is_none(),
        masked: mask.is_some(),
    };
    let options = (&queries.device(), queries.dtype());
    // What is not there is not read and not tracked: it gets no gradient.
    let memory = memory.unwrap_or_else(|| Tensor::zeros([1, 1, 1], options));
    let mask = mask.unwrap_or_else(|| Tensor::zeros([1, 1, 1, 1], options));
    Tensor::from_dispatch(<Dispatch as AttentionBackend>::attend(
        queries.into_dispatch(),
        memory.into_dispatch(),
        mask.into_dispatch(),
        what,
    ))
}

/// What an attention is given.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    looks: Looks,
    /// Keys and values lie behind the queries; the memory is not read.
    alone: bool,
    /// The mask is read.
    masked: bool,
}

/// Attention as a backend operation; [`attend`] and [`attend_to_self`] are the ways in.
#[backend_extension(Autodiff, Flex)]
pub trait AttentionBackend: Backend {
    /// softmax(Q Kᵀ/√d) V.
    fn attend(
        queries: FloatTensor<Self>,
        memory: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        what: Attention,
    ) -> FloatTensor<Self>;
}

/// What the backward pass of [`AttentionBackend`] is made of.
pub trait AttentionGradients: Backend {
    /// The result, and the weights.
    fn attend_saving(
        queries: FloatTensor<Self>,
        memory: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        what: Attention,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients with respect to queries and memory; the second is empty where the memory
    /// is not read.
    fn attend_backward(
        saved: AttentionSaved<Self>,
        gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
pub struct AttentionSaved<B: Backend> {
    queries: FloatTensor<B>,
    memory: FloatTensor<B>,
    mask: FloatTensor<B>,
    weights: FloatTensor<B>,
    what: Attention,
}

type FlexTensor = FloatTensor<Flex>;

/// The sizes of an attention.
fn job(queries: &FlexTensor, memory: &FlexTensor, what: Attention) -> Job {
    let Attention { looks, alone, .. } = what;
    let [batch, steps, first] = queries.shape().dims();
    let [others, keys, second] = memory.shape().dims();
    let place = |stride, offset| Place { stride, offset };
    let features = if alone { first / 3 } else { first };
    let (keys, query, key, value) = if alone {
        assert_eq!(first, 3 * features, "queries, keys and values side by side");
        let [query, key, value] = [0, 1, 2].map(|i| place(first, i * features));
        (steps, query, key, value)
    } else {
        assert_eq!(batch, others, "examples that look and are looked at");
        assert_eq!(second, 2 * features, "keys and values side by side");
        (
            keys,
            place(first, 0),
            place(second, 0),
            place(second, features),
        )
    };
    let heads = looks.heads;
    assert!(
        heads > 0 && features.is_multiple_of(heads),
        "{heads} heads of {features} features"
    );
    Job {
        batch,
        steps,
        keys,
        heads,
        width: features / heads,
        causal: looks.causal,
        query,
        key,
        value,
    }
}

impl Job {
    fn weights(&self) -> [usize; 4] {
        [self.batch, self.heads, self.steps, self.keys]
    }

    fn check(&self, mask: &FlexTensor, what: Attention) {
        let mask: [usize; 4] = mask.shape().dims();
        assert!(
            !what.masked || mask == self.weights(),
            "{mask:?} factors for {:?} weights",
            self.weights()
        );
    }
}

impl AttentionBackend for Flex {
    fn attend(
        queries: FlexTensor,
        memory: FlexTensor,
        mask: FlexTensor,
        what: Attention,
    ) -> FlexTensor {
        Self::attend_saving(queries, memory, mask, what).0
    }
}

impl AttentionGradients for Flex {
    fn attend_saving(
        queries: FlexTensor,
        memory: FlexTensor,
        mask: FlexTensor,
        what: Attention,
    ) -> (FlexTensor, FlexTensor) {
        let job = job(&queries, &memory, what);
        job.check(&mask, what);
        let (queries, memory, mask) = (
            queries.to_contiguous(),
            memory.to_contiguous(),
            mask.to_contiguous(),
        );
        by_type!(queries, T => {
            let queries = slice!(queries, T);
            let (y, weights) = job.forward::<T>(Inputs {
                queries,
                memory: if what.alone { queries } else { slice!(memory, T) },
                mask: what.masked.then(|| slice!(mask, T)),
            });
            let shape = [job.batch, job.steps, job.heads * job.width];
            let y = FlexTensor::from_data(TensorData::new(y, shape));
            (y, FlexTensor::from_data(TensorData::new(weights, job.weights())))
        })
    }

    fn attend_backward(
        saved: AttentionSaved<Self>,
        gradient: FlexTensor,
    ) -> (FlexTensor, FlexTensor) {
        let what = saved.what;
        let job = job(&saved.queries, &saved.memory, what);
        let shapes = [
            saved.queries.shape(),
            if what.alone {
                [0, 0, 0].into()
            } else {
                saved.memory.shape()
            },
        ];
        let (queries, memory) = (saved.queries.to_contiguous(), saved.memory.to_contiguous());
        let (weights, gradient) = (saved.weights.to_contiguous(), gradient.to_contiguous());
        let mask = saved.mask.to_contiguous();
        by_type!(queries, T => {
            let queries = slice!(queries, T);
            let inputs = Inputs {
                queries,
                memory: if what.alone { queries } else { slice!(memory, T) },
                mask: what.masked.then(|| slice!(mask, T)),
            };
            let (weights, gradient) = (slice!(weights, T), slice!(gradient, T));
            let (dq, dm) = job.backward::<T>(inputs, weights, gradient, what.alone);
            let [first, second] = shapes;
            let dq = FlexTensor::from_data(TensorData::new(dq, first));
            (dq, FlexTensor::from_data(TensorData::new(dm, second)))
        })
    }
}

impl<B: AttentionBackend + AttentionGradients, C: CheckpointStrategy> AttentionBackend
    for Autodiff<B, C>
{
    fn attend(
        queries: FloatTensor<Self>,
        memory: FloatTensor<Self>,
        mask: FloatTensor<Self>,
        what: Attention,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct AttendBack;

        impl<B: AttentionGradients> Backward<B, 2> for AttendBack {
            type State = AttentionSaved<B>;

            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = grads.consume::<B>(&ops.node);
                let (dq, dm) = B::attend_backward(ops.state, gradient);
                let [to_queries, to_memory] = ops.parents;
                if let Some(node) = to_queries {
                    grads.register::<B>(node.id, dq);
                }
                if let Some(node) = to_memory {
                    grads.register::<B>(node.id, dm);
                }
            }
        }

        let nodes = [queries.node(), memory.node()];
        let (queries, memory) = (queries.into_primitive(), memory.into_primitive());
        // A mask is drawn, not learned.
        let mask = mask.into_primitive();
        match AttendBack.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (y, weights) =
                    B::attend_saving(queries.clone(), memory.clone(), mask.clone(), what);
                let saved = AttentionSaved {
                    queries,
                    memory,
                    mask,
                    weights,
                    what,
                };
                prep.finish(saved, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::attend(queries, memory, mask, what)),
        }
    }
}

#[cfg(test)]
mod tests;
