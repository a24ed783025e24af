//! Cross-entropy of logits against classes: −Σ t ln softmax(x), a row at a time.
//!
//! One pass over the logits forward, one backward, which computes the probabilities again: that is
//! cheaper than keeping them.

mod rows;

use crate::real::{by_type, slice};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use rows::{Passes, Total};
use std::sync::Arc;

/// Numbers that one thread takes at a time; below that, threads cost more than they bring.
const GRAIN: usize = 1 << 14;

/// The classes that logits are held against.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    /// The class of every row.
    pub of_rows: Arc<[u32]>,
    /// Weight of every class, of which there may be fewer than columns: the others have 1.
    pub weights: Arc<[f64]>,
    /// s of t = (1 − s)·\[the class\] + s/columns, 0 to 1; default 0.
    pub smoothing: f64,
}

/// −Σ wₖ tₖ ln softmax(x)ₖ of every row.
///
/// A row with NaN or ∞ is NaN; −∞ for the class gives ∞. The result does not depend on the number of
/// threads.
///
/// # Shapes
///
/// - `logits`: `[rows, columns]`
/// - result: `[rows, 1]`
///
/// # Panics
/// Where there are not as many classes as rows, or one is not below the number of columns.
pub fn cross_entropy(logits: Tensor<2>, classes: Classes) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as CrossEntropyBackend>::cross_entropy(
        logits.into_dispatch(),
        classes,
    ))
}

/// Cross-entropy as a backend operation; [`cross_entropy`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait CrossEntropyBackend: Backend {
    /// The loss of every row.
    fn cross_entropy(logits: FloatTensor<Self>, classes: Classes) -> FloatTensor<Self>;
}

/// The backward pass of [`CrossEntropyBackend`].
pub trait CrossEntropyGradient: Backend {
    /// The gradient with respect to the logits, of that of every row's loss.
    fn cross_entropy_backward(
        logits: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        classes: &Classes,
    ) -> FloatTensor<Self>;
}

type FlexTensor = FloatTensor<Flex>;

impl Classes {
    fn check(&self, [rows, columns]: [usize; 2]) {
        assert_eq!(rows, self.of_rows.len(), "a class for every row");
        let largest = self.of_rows.iter().max();
        assert!(
            largest.is_none_or(|&class| (class as usize) < columns),
            "class {largest:?} of {columns}"
        );
    }

    fn weight(&self, class: usize) -> f64 {
        self.weights.get(class).copied().unwrap_or(1.0)
    }

    /// What stands before the logarithm of class `k` in a row of class `class`.
    fn target(&self, class: usize, k: usize, columns: usize) -> f64 {
        let own = if k == class {
            1.0 - self.smoothing
        } else {
            0.0
        };
        (own + self.smoothing / columns as f64) * self.weight(k)
    }

    fn loss<T: Passes>(&self, row: &[T], class: usize, total: Total<T>) -> T {
        let log_sum = total.sum.ln();
        // Not against largest + ln Σ: a loss is small beside large logits.
        let log = |x: T| log_sum - (x - total.largest);
        if self.smoothing == 0.0 {
            return T::of(self.weight(class)) * log(row[class]);
        }
        let terms = row.iter().enumerate();
        terms.fold(T::ZERO, |sum, (k, &x)| {
            sum + T::of(self.target(class, k, row.len())) * log(x)
        })
    }

    /// The loss of every row.
    fn losses<T: Passes>(&self, logits: &[T], columns: usize) -> Vec<T> {
        let mut losses = vec![T::ZERO; self.of_rows.len()];
        let many = (GRAIN / columns).max(1);
        let parts = losses
            .par_chunks_mut(many)
            .zip(logits.par_chunks(many * columns))
            .zip(self.of_rows.par_chunks(many));
        parts.for_each(|((losses, logits), classes)| {
            let mut totals = vec![Total::default(); losses.len()];
            T::totals(logits, columns, &mut totals);
            let rows = logits.chunks(columns).zip(classes).zip(totals);
            for (loss, ((row, &class), total)) in losses.iter_mut().zip(rows) {
                *loss = self.loss(row, class as usize, total);
            }
        });
        losses
    }

    /// The gradient with respect to the logits: gᵢ·(p·Σ wₖ tₖ − w t).
    fn slopes<T: Passes>(&self, logits: &[T], columns: usize, gradient: &[T]) -> Vec<T> {
        let mut slopes = logits.to_vec();
        let many = (GRAIN / columns).max(1);
        let parts = slopes
            .par_chunks_mut(many * columns)
            .zip(gradient.par_chunks(many))
            .zip(self.of_rows.par_chunks(many));
        let spread: f64 = if self.smoothing == 0.0 {
            0.0
        } else {
            let all: f64 = (0..columns).map(|k| self.weight(k)).sum();
            all * self.smoothing / columns as f64
        };
        parts.for_each(|((slopes, gradient), classes)| {
            let mut totals = vec![Total::default(); classes.len()];
            T::totals(slopes, columns, &mut totals);
            let factors = classes.iter().zip(gradient).map(|(&class, &g)| {
                g * T::of((1.0 - self.smoothing) * self.weight(class as usize) + spread)
            });
            T::shares(slopes, columns, &totals, &factors.collect::<Vec<T>>());
            let rows = slopes.chunks_mut(columns).zip(classes).zip(gradient);
            for ((row, &class), &g) in rows {
                let class = class as usize;
                if self.smoothing == 0.0 {
                    row[class] = row[class] - g * T::of(self.weight(class));
                    continue;
                }
                for (k, slope) in row.iter_mut().enumerate() {
                    *slope = *slope - g * T::of(self.target(class, k, columns));
                }
            }
        });
        slopes
    }
}

impl CrossEntropyBackend for Flex {
    fn cross_entropy(logits: FlexTensor, classes: Classes) -> FlexTensor {
        let [rows, columns] = logits.shape().dims();
        classes.check([rows, columns]);
        let logits = logits.to_contiguous();
        by_type!(logits, T => {
            let losses = classes.losses::<T>(slice!(logits, T), columns.max(1));
            FlexTensor::from_data(TensorData::new(losses, [rows, 1]))
        })
    }
}

impl CrossEntropyGradient for Flex {
    fn cross_entropy_backward(
        logits: FlexTensor,
        gradient: FlexTensor,
        classes: &Classes,
    ) -> FlexTensor {
        let shape: [usize; 2] = logits.shape().dims();
        let (logits, gradient) = (logits.to_contiguous(), gradient.to_contiguous());
        by_type!(logits, T => {
            let columns = shape[1].max(1);
            let d = classes.slopes::<T>(slice!(logits, T), columns, slice!(gradient, T));
            FlexTensor::from_data(TensorData::new(d, shape))
        })
    }
}

impl<B: CrossEntropyBackend + CrossEntropyGradient, C: CheckpointStrategy> CrossEntropyBackend
    for Autodiff<B, C>
{
    fn cross_entropy(logits: FloatTensor<Self>, classes: Classes) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct CrossEntropyBack;

        impl<B: CrossEntropyGradient> Backward<B, 1> for CrossEntropyBack {
            type State = (FloatTensor<B>, Classes);

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = grads.consume::<B>(&ops.node);
                let (logits, classes) = ops.state;
                let [parent] = ops.parents;
                if let Some(node) = parent {
                    let dx = B::cross_entropy_backward(logits, gradient, &classes);
                    grads.register::<B>(node.id, dx);
                }
            }
        }

        let prep = CrossEntropyBack
            .prepare::<C>([logits.node()])
            .compute_bound();
        let logits = logits.into_primitive();
        match prep.stateful() {
            OpsKind::Tracked(prep) => {
                let losses = B::cross_entropy(logits.clone(), classes.clone());
                prep.finish((logits, classes), losses)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::cross_entropy(logits, classes)),
        }
    }
}

#[cfg(test)]
mod tests;
