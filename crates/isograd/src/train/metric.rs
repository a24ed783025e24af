//! How good predictions are, as one number and example by example.

use crate::data::Targets;
use isograd_core::describe::Task;
use isograd_core::describe::data::TargetKind;
use isograd_core::describe::train::{LossKind, Metric, OutputKind};

/// A metric, ready to be computed.
#[derive(Clone, Debug)]
pub struct Scoring {
    /// Which.
    pub metric: Metric,
    /// An output above it says yes; [`threshold`].
    pub threshold: f32,
    /// What the targets are.
    pub task: Task,
    /// How they are written.
    pub target: TargetKind,
    /// What 1 in a scaled target is in the original unit, one number a target; empty where the
    /// targets are not scaled. Shifts cancel in every error.
    pub unit: Vec<f64>,
}

/// What a metric came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The metric; NaN for no examples, and for MAE, MSE and R² where a prediction is not finite.
    pub value: f64,
    /// One number an example: 1 or 0 for right or wrong (the share of right outputs for binary
    /// accuracy), else the absolute error in the original unit, mean over the outputs.
    pub scores: Vec<f32>,
}

/// The metric of a description that names none: accuracy for one class an example, binary accuracy
/// for several labels, the mean absolute error for numbers.
pub fn default_metric(task: Task) -> Metric {
    match task {
        Task::Classification { .. } | Task::Binary | Task::Steps { .. } => Metric::Accuracy,
        Task::MultiLabel { .. } => Metric::BinaryAccuracy,
        Task::Regression { .. } => Metric::Mae,
    }
}

/// Where one output turns from no to yes: 0 on what a loss takes for logits and on the margins of the
/// hinge loss, ½ on probabilities and on outputs fitted to 0 and 1 themselves.
pub fn threshold(loss: LossKind, output: OutputKind) -> f32 {
    match (loss, output) {
        (
            LossKind::Mse
            | LossKind::Mae
            | LossKind::Huber { .. }
            | LossKind::Msle
            | LossKind::Poisson { .. }
            | LossKind::Angle { .. },
            _,
        )
        | (_, OutputKind::Probabilities) => 0.5,
        _ => 0.0,
    }
}

impl Scoring {
    /// Scores predictions, row-major with `outputs` numbers an example, against as many targets.
    ///
    /// A prediction that is not finite is wrong. Predictions and targets of different widths are
    /// broadcast, as in the losses. With a target at every step the metric is that of all steps of
    /// all examples, and an example's score the mean over its steps.
    ///
    /// # Panics
    /// When there are not as many rows of predictions as of targets.
    pub fn score(&self, predictions: &[f32], outputs: usize, targets: &Targets) -> Scored {
        let scored = self.score_rows(predictions, outputs, targets);
        let steps = targets.rows().1;
        if steps <= 1 {
            return scored;
        }
        let examples = scored.scores.chunks_exact(steps);
        let mean = |steps: &[f32]| steps.iter().sum::<f32>() / steps.len() as f32;
        Scored {
            scores: examples.map(mean).collect(),
            ..scored
        }
    }

    /// As [`Self::score`], with a score for each step where there is a target at every step.
    pub(crate) fn score_rows(
        &self,
        predictions: &[f32],
        outputs: usize,
        targets: &Targets,
    ) -> Scored {
        let (targets, steps) = targets.rows();
        let (targets, outputs) = (targets.as_ref(), outputs / steps.max(1));
        let rows: Vec<&[f32]> = predictions.chunks_exact(outputs.max(1)).collect();
        assert_eq!(rows.len(), targets.len(), "as many targets as predictions");
        match self.metric {
            Metric::Accuracy => self.accuracy(&rows, targets),
            Metric::BinaryAccuracy => self.binary_accuracy(&rows, outputs, targets),
            Metric::Mae | Metric::Mse | Metric::R2 => self.errors(&rows, outputs, targets),
        }
    }

    /// The largest output, the first of equals; one output by its threshold.
    fn predicted(&self, row: &[f32]) -> Option<f32> {
        if row.iter().any(|y| !y.is_finite()) {
            return None;
        }
        Some(if row.len() == 1 {
            f32::from(row[0] > self.threshold)
        } else {
            argmax(row) as f32
        })
    }

    fn accuracy(&self, rows: &[&[f32]], targets: &Targets) -> Scored {
        let truth: Vec<f32> = match targets {
            Targets::Index(labels)
            | Targets::Steps {
                classes: labels, ..
            } => labels.iter().map(|&label| label as f32).collect(),
            Targets::Real { values, width: 1 } => values.clone(),
            Targets::Real { values, width } => values
                .chunks_exact((*width).max(1))
                .map(|row| argmax(row) as f32)
                .collect(),
        };
        let right = |(row, truth): (&&[f32], f32)| f32::from(self.predicted(row) == Some(truth));
        averaged(rows.iter().zip(truth).map(right).collect())
    }

    fn binary_accuracy(&self, rows: &[&[f32]], outputs: usize, targets: &Targets) -> Scored {
        // Each of several outputs answers "is it this class?".
        let kind = if outputs > 1 && self.target == TargetKind::Index {
            TargetKind::OneHot
        } else {
            self.target
        };
        let (truth, width) = targets.numbers(kind, self.task, outputs);
        let right = |(row, truth): (&&[f32], &[f32])| {
            let pairs = broadcast(row, truth);
            let count = pairs.len() as f32;
            let right = pairs
                .filter(|&(y, t)| y.is_finite() && f32::from(y > self.threshold) == t)
                .count();
            right as f32 / count
        };
        averaged(
            rows.iter()
                .zip(truth.chunks_exact(width))
                .map(right)
                .collect(),
        )
    }

    fn errors(&self, rows: &[&[f32]], outputs: usize, targets: &Targets) -> Scored {
        let (truth, width) = targets.numbers(self.target, self.task, outputs);
        let columns = width.max(outputs);
        let unit = |j: usize| match self.unit.len() {
            0 => 1.0,
            n => self.unit[j % n],
        };
        let count = rows.len() as f64;
        let mut columns_of = vec![Column::default(); columns];
        let mut scores = Vec::with_capacity(rows.len());
        let mut absolute = 0.0;
        for (row, truth) in rows.iter().zip(truth.chunks_exact(width)) {
            let mut sum = 0.0;
            for (j, (y, t)) in broadcast(row, truth).enumerate() {
                let (y, t) = (f64::from(y) * unit(j), f64::from(t) * unit(j));
                sum += (y - t).abs();
                columns_of[j].add(y, t);
            }
            absolute += sum / columns as f64;
            scores.push((sum / columns as f64) as f32);
        }
        let finite = rows.iter().all(|row| row.iter().all(|y| y.is_finite()));
        let mean = |of: fn(&Column) -> f64| columns_of.iter().map(of).sum::<f64>() / columns as f64;
        let value = match self.metric {
            _ if !finite => f64::NAN,
            Metric::R2 => mean(Column::r2),
            Metric::Mse => mean(|column| column.residual) / count,
            _ => absolute / count,
        };
        Scored { value, scores }
    }
}

/// Sums over one output, targets about their running mean (Welford 1962).
#[derive(Clone, Copy, Debug, Default)]
struct Column {
    count: f64,
    mean: f64,
    variation: f64,
    residual: f64,
}

impl Column {
    fn add(&mut self, y: f64, t: f64) {
        self.count += 1.0;
        let delta = t - self.mean;
        self.mean += delta / self.count;
        self.variation += delta * (t - self.mean);
        self.residual += (y - t) * (y - t);
    }

    /// 1 − residual ÷ variation. Constant targets have no variation to explain: 1 where they are
    /// met exactly, else 0 (scikit-learn's `force_finite`).
    fn r2(&self) -> f64 {
        if self.count == 0.0 {
            f64::NAN
        } else if self.variation > 0.0 {
            1.0 - self.residual / self.variation
        } else {
            f64::from(self.residual == 0.0)
        }
    }
}

/// Both rows at the length of the longer one; the other has that length, or one number for all.
fn broadcast<'a>(
    row: &'a [f32],
    truth: &'a [f32],
) -> impl ExactSizeIterator<Item = (f32, f32)> + 'a {
    let at = |values: &[f32], j: usize| values[j % values.len()];
    (0..row.len().max(truth.len())).map(move |j| (at(row, j), at(truth, j)))
}

fn argmax(row: &[f32]) -> usize {
    let mut best = 0;
    for (j, y) in row.iter().enumerate() {
        if *y > row[best] {
            best = j;
        }
    }
    best
}

fn averaged(scores: Vec<f32>) -> Scored {
    let sum: f64 = scores.iter().map(|&score| f64::from(score)).sum();
    Scored {
        value: sum / scores.len() as f64,
        scores,
    }
}

#[cfg(test)]
mod tests;
