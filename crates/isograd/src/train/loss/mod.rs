//! Losses with every option of the description, on tensors of any float type.
//!
//! A loss is a table of terms, one row an example (a pair of examples with `pairwise`) and one
//! column an output or class, times one constant that holds every mean: so `reduction`,
//! `over_outputs`, `over_classes`, `sum_over_batch` and `factor` are arithmetic on that constant.
//!
//! Nothing is guarded beyond what the description says: with `clip = 0` a probability of 0 gives
//! an infinite or undefined loss, as in the program described.

mod angle;
mod check;
mod cross_entropy;
mod elementwise;
mod target;

#[cfg(test)]
mod tests;

pub use check::{LossError, check, resolve_output};

use crate::data::Targets;
use burn::tensor::{Tensor, TensorData};
use isograd_core::describe::Task;
use isograd_core::describe::data::TargetKind;
use isograd_core::describe::train::{ClassWeights, LossKind, LossSpec, OutputKind, Reduction};
use isograd_kernels::Classes;
use target::{class_numbers, class_tensor, dense, one_hot};

/// A loss, ready to be computed: the description's choices and what the data are.
#[derive(Clone, Debug)]
pub struct Loss {
    spec: LossSpec,
    output: OutputKind,
    task: Task,
    target: TargetKind,
    /// One a class; empty where all are 1.
    weights: Vec<f64>,
}

/// What a loss came to on one batch.
#[derive(Clone, Debug)]
pub struct LossValue {
    /// What is minimised, one element.
    pub value: Tensor<1>,
    /// ∂L_i/∂x = `per_example` · ∂L/∂x for what depends on example i alone, L_i being the loss that
    /// example has by itself: the batch size where the batch is averaged, else 1. With `pairwise`,
    /// example i by itself is its prediction against every target.
    pub per_example: f64,
}

impl Loss {
    /// A loss on `outputs` numbers an example (all steps together), each of them `output`, against targets of this task
    /// and kind. Fails where the shapes cannot be computed, as [`check`].
    pub fn new(
        spec: &LossSpec,
        output: OutputKind,
        outputs: usize,
        task: Task,
        target: TargetKind,
    ) -> Result<Self, LossError> {
        check(spec, outputs, task, target)?;
        Ok(Self {
            spec: spec.clone(),
            output,
            task,
            target,
            weights: match &spec.class_weights {
                ClassWeights::Given(weights) => weights.clone(),
                ClassWeights::Equal | ClassWeights::Balanced => Vec::new(),
            },
        })
    }

    /// The same with `"balanced"` class weights from the targets of the training part, if the
    /// description asks for them: n/(K·n_c), and 1 for a class that does not occur.
    #[must_use]
    pub fn balanced(mut self, training: &Targets) -> Self {
        if self.spec.class_weights == ClassWeights::Balanced {
            let (numbers, width) = training.numbers(self.target, self.task, 1);
            let classes = self.task.outputs().max(2);
            let mut counts = vec![0.0f64; classes];
            for row in numbers.chunks(width.max(1)) {
                match row {
                    [class] => counts[(*class as usize).min(classes - 1)] += 1.0,
                    shares => {
                        for (count, share) in counts.iter_mut().zip(shares) {
                            *count += f64::from(*share);
                        }
                    }
                }
            }
            let even = counts.iter().sum::<f64>() / classes as f64;
            self.weights = counts
                .iter()
                .map(|&count| if count > 0.0 { even / count } else { 1.0 })
                .collect();
        }
        self
    }

    /// Whether the loss of a batch is a mean over its examples.
    pub fn is_mean(&self) -> bool {
        self.divisors(1.0, 1.0).over_rows
    }

    /// What the outputs are to this loss.
    pub fn output(&self) -> OutputKind {
        self.output
    }

    /// The loss of `prediction`, `[batch, outputs]`, against as many targets. With a target at every
    /// step, every step is a row of its own: means go over examples and steps.
    ///
    /// # Panics
    /// When the batch sizes differ, or a label is not below the number of outputs: the data were
    /// not those that the loss was planned for.
    pub fn evaluate(&self, prediction: Tensor<2>, target: &Targets) -> LossValue {
        let batch = prediction.dims()[0];
        assert_eq!(batch, target.len(), "as many targets as predictions");
        let (target, steps) = target.rows();
        let target = target.as_ref();
        let prediction = by_step(prediction, steps);
        let terms = if self.spec.pairwise {
            self.terms(every_pair(prediction), &target.repeat(batch))
        } else {
            self.terms(prediction, target)
        };
        let rows = if self.spec.pairwise {
            batch * batch
        } else {
            batch * steps
        } as f64;
        let Divisors {
            over_rows,
            constant,
        } = self.divisors(rows, terms.columns as f64);
        LossValue {
            value: terms.table.sum().mul_scalar(constant),
            per_example: if over_rows { batch as f64 } else { 1.0 },
        }
    }

    /// The table of terms before any reduction.
    fn terms(&self, prediction: Tensor<2>, target: &Targets) -> Terms {
        let outputs = prediction.dims()[1];
        match self.spec.kind {
            LossKind::CrossEntropy if self.by_class(outputs, target) => {
                let columns = outputs;
                if self.output == OutputKind::Logits {
                    let classes = Classes {
                        of_rows: class_numbers(target).into(),
                        weights: self.weights.as_slice().into(),
                        smoothing: self.spec.label_smoothing,
                    };
                    let table = isograd_kernels::cross_entropy(prediction, classes);
                    return Terms { table, columns };
                }
                let classes = class_tensor(target, &prediction);
                if self.spec.label_smoothing > 0.0 {
                    let t = one_hot(&classes, &prediction);
                    return Terms::full(self.cross_entropy(prediction, t));
                }
                let weights = self.class_weights(&prediction).map(|w| {
                    let rows = classes.dims()[0];
                    w.expand([rows, outputs]).gather(1, classes.clone())
                });
                let table =
                    cross_entropy::of_class_on_probabilities(&self.spec, prediction, classes);
                let table = match weights {
                    Some(weights) => table * weights,
                    None => table,
                };
                Terms { table, columns }
            }
            kind => {
                let t = dense(target, self.target, self.task, &prediction);
                Terms::full(match (kind, self.output) {
                    (LossKind::CrossEntropy, _) => self.cross_entropy(prediction, t),
                    (LossKind::BinaryCrossEntropy, output) => {
                        let t = smoothed(t, self.spec.label_smoothing, 2);
                        match output {
                            OutputKind::Logits => {
                                elementwise::binary_on_logits(&self.spec, prediction, t)
                            }
                            OutputKind::Probabilities => {
                                elementwise::binary_on_probabilities(&self.spec, prediction, t)
                            }
                        }
                    }
                    (LossKind::SquaredHinge, _) => {
                        let zero_or_one = target.is_zero_or_one(self.target);
                        elementwise::hinge(prediction, t, zero_or_one).square()
                    }
                    (LossKind::Huber { delta }, _) => elementwise::huber(prediction - t, delta),
                    (LossKind::Msle, _) => elementwise::msle(&self.spec, prediction, t),
                    (LossKind::Kld, output) => {
                        elementwise::divergence(&self.spec, output, prediction, t)
                    }
                    (LossKind::Poisson { log_rate }, _) => {
                        elementwise::poisson(&self.spec, log_rate, prediction, t)
                    }
                    (LossKind::Mse, _) => (prediction - t).square(),
                    (LossKind::Mae, _) => (prediction - t).abs(),
                    (LossKind::Hinge, _) => {
                        elementwise::hinge(prediction, t, target.is_zero_or_one(self.target))
                    }
                    (LossKind::Angle { clip_cosine }, _) => {
                        angle::between(prediction, t, clip_cosine)
                    }
                    // `LossKind` may grow; a variant without a rule here is a mistake of this crate.
                    (other, _) => unreachable!("no rule for {other:?}"),
                })
            }
        }
    }

    /// Cross-entropy against targets as numbers, smoothed and weighted.
    fn cross_entropy(&self, prediction: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        let columns = t.dims()[1];
        let t = smoothed(t, self.spec.label_smoothing, columns);
        let t = match self.class_weights(&t) {
            Some(weights) => t * weights,
            None => t,
        };
        match self.output {
            OutputKind::Logits => cross_entropy::on_logits(prediction, t),
            OutputKind::Probabilities => cross_entropy::on_probabilities(&self.spec, prediction, t),
        }
    }

    /// The weights as `[1, columns of like]`, if there are any; a class without one has weight 1.
    fn class_weights(&self, like: &Tensor<2>) -> Option<Tensor<2>> {
        (!self.weights.is_empty()).then(|| {
            let columns = like.dims()[1];
            let mut weights = self.weights.clone();
            weights.resize(columns, 1.0);
            let data = TensorData::new(weights, [1, columns]);
            Tensor::from_data(data, (&like.device(), like.dtype()))
        })
    }

    /// Whether cross-entropy takes the one logarithm of the target's class instead of a sum over
    /// one-hot targets. The two differ only where another class has probability 0 and no clip:
    /// 0·ln 0 is undefined in the sum, and absent here.
    fn by_class(&self, outputs: usize, target: &Targets) -> bool {
        match self.target {
            TargetKind::Index => true,
            // A yes-or-no target on several outputs is class 0 or 1.
            TargetKind::Binary => outputs > 1,
            // On logits the logarithms are finite, and the short way is the same number.
            TargetKind::OneHot => {
                self.output == OutputKind::Logits
                    && matches!(target, Targets::Index(_))
                    && self.task.outputs() <= outputs
            }
            TargetKind::MultiHot | TargetKind::Real => false,
        }
    }

    /// What stands in front of the sum of all terms, and whether it averages over the batch.
    fn divisors(&self, rows: f64, columns: f64) -> Divisors {
        let spec = &self.spec;
        let inner = match spec.kind {
            LossKind::CrossEntropy | LossKind::Kld => spec.over_classes,
            // One angle an example: nothing to reduce inside.
            LossKind::Angle { .. } => Reduction::Sum,
            _ => spec.over_outputs,
        };
        let (over_rows, over_columns) = if spec.sum_over_batch {
            (inner, spec.reduction)
        } else {
            (spec.reduction, inner)
        };
        let divide = |reduction, count: f64| match reduction {
            Reduction::Mean => count.recip(),
            Reduction::Sum => 1.0,
        };
        Divisors {
            over_rows: over_rows == Reduction::Mean,
            constant: spec.factor * divide(over_rows, rows) * divide(over_columns, columns),
        }
    }
}

/// (1 − s)·t + s/K.
fn smoothed(t: Tensor<2>, share: f64, classes: usize) -> Tensor<2> {
    if share == 0.0 {
        return t;
    }
    t.mul_scalar(1.0 - share).add_scalar(share / classes as f64)
}

/// The terms of a loss.
struct Terms {
    /// `[rows, columns]`, or `[rows, 1]` where all other columns would be 0.
    table: Tensor<2>,
    /// Columns that a mean divides by.
    columns: usize,
}

impl Terms {
    fn full(table: Tensor<2>) -> Self {
        let columns = table.dims()[1];
        Self { table, columns }
    }
}

struct Divisors {
    over_rows: bool,
    constant: f64,
}

/// `[batch, steps·outputs]` as `[batch·steps, outputs]`.
fn by_step(prediction: Tensor<2>, steps: usize) -> Tensor<2> {
    if steps == 1 {
        return prediction;
    }
    let [batch, numbers] = prediction.dims();
    prediction.reshape([batch * steps, numbers / steps])
}

/// Row i·B + j is row i: against the targets repeated, every prediction meets every target.
fn every_pair(prediction: Tensor<2>) -> Tensor<2> {
    let [batch, outputs] = prediction.dims();
    prediction
        .reshape([batch, 1, outputs])
        .expand([batch, batch, outputs])
        .reshape([batch * batch, outputs])
}
