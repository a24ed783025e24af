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
mod tests {
    use super::*;

    const NAN: f32 = f32::NAN;

    fn scoring(metric: Metric, threshold: f32, task: Task, target: TargetKind) -> Scoring {
        Scoring {
            metric,
            threshold,
            task,
            target,
            unit: Vec::new(),
        }
    }

    #[test]
    fn values_and_scores_are_those_of_the_definitions() {
        struct Case {
            name: &'static str,
            scoring: Scoring,
            predictions: &'static [f32],
            outputs: usize,
            targets: Targets,
            value: f64,
            scores: &'static [f32],
        }
        let index = |labels: &[u32]| Targets::Index(labels.to_vec());
        let real = |values: &[f32], width| Targets::Real {
            values: values.to_vec(),
            width,
        };
        let three = Task::Classification { classes: 3 };
        let one = Task::Regression { targets: 1 };
        let two = Task::Regression { targets: 2 };
        let cases = [
            Case {
                name: "largest output, first of equals, NaN and infinity wrong",
                scoring: scoring(Metric::Accuracy, 0.5, three, TargetKind::OneHot),
                predictions: &[
                    0.1,
                    0.7,
                    0.2,
                    0.4,
                    0.4,
                    0.2,
                    0.4,
                    0.4,
                    0.2,
                    NAN,
                    0.0,
                    1.0,
                    0.0,
                    f32::INFINITY,
                    0.0,
                ],
                outputs: 3,
                targets: index(&[1, 0, 1, 2, 1]),
                value: 0.4,
                scores: &[1.0, 1.0, 0.0, 0.0, 0.0],
            },
            Case {
                name: "one output against class numbers: class 2 is never met",
                scoring: scoring(Metric::Accuracy, 0.5, three, TargetKind::Index),
                predictions: &[0.2, 0.8, 0.9, NAN],
                outputs: 1,
                targets: index(&[0, 1, 2, 0]),
                value: 0.5,
                scores: &[1.0, 1.0, 0.0, 0.0],
            },
            Case {
                name: "one logit, threshold 0, target in a real column",
                scoring: scoring(Metric::Accuracy, 0.0, Task::Binary, TargetKind::Binary),
                predictions: &[0.2, -0.2, 0.0, 0.1],
                outputs: 1,
                targets: real(&[1.0, 0.0, 1.0, 0.0], 1),
                value: 0.5,
                scores: &[1.0, 1.0, 0.0, 0.0],
            },
            Case {
                name: "several labels",
                scoring: scoring(
                    Metric::BinaryAccuracy,
                    0.5,
                    Task::MultiLabel { labels: 2 },
                    TargetKind::MultiHot,
                ),
                predictions: &[0.9, 0.1, 0.9, NAN],
                outputs: 2,
                targets: real(&[1.0, 1.0, 1.0, 0.0], 2),
                value: 0.5,
                scores: &[0.5, 0.5],
            },
            Case {
                name: "class numbers on three outputs, output by output",
                scoring: scoring(Metric::BinaryAccuracy, 0.5, three, TargetKind::Index),
                predictions: &[0.9, 0.1, 0.9, 0.1, 0.1, 0.9],
                outputs: 3,
                targets: index(&[0, 2]),
                value: 5.0 / 6.0,
                scores: &[2.0 / 3.0, 1.0],
            },
            Case {
                name: "absolute error in the original unit",
                scoring: Scoring {
                    unit: vec![10.0, 100.0],
                    ..scoring(Metric::Mae, 0.5, two, TargetKind::Real)
                },
                predictions: &[1.0, 1.0, 0.0, 0.0],
                outputs: 2,
                targets: real(&[0.5, 1.5, 0.25, 0.0], 2),
                // |5| and |50|, |2.5| and 0.
                value: 14.375,
                scores: &[27.5, 1.25],
            },
            Case {
                name: "squared error keeps the absolute error as score",
                scoring: Scoring {
                    unit: vec![2.0],
                    ..scoring(Metric::Mse, 0.5, one, TargetKind::Real)
                },
                predictions: &[1.0, 2.0],
                outputs: 1,
                targets: real(&[0.0, 4.0], 1),
                value: 10.0,
                scores: &[2.0, 4.0],
            },
            Case {
                // Residuals 1 + 1 + 4, variation 2 about the mean 1: 1 − 6/2.
                name: "share of variance explained",
                scoring: scoring(Metric::R2, 0.5, one, TargetKind::Real),
                predictions: &[1.0, 2.0, 0.0],
                outputs: 1,
                targets: real(&[0.0, 1.0, 2.0], 1),
                value: -2.0,
                scores: &[1.0, 1.0, 2.0],
            },
            Case {
                name: "constant targets met exactly",
                scoring: scoring(Metric::R2, 0.5, one, TargetKind::Real),
                predictions: &[2.0, 2.0],
                outputs: 1,
                targets: real(&[2.0, 2.0], 1),
                value: 1.0,
                scores: &[0.0, 0.0],
            },
            Case {
                name: "constant targets missed",
                scoring: scoring(Metric::R2, 0.5, one, TargetKind::Real),
                predictions: &[2.0, 3.0],
                outputs: 1,
                targets: real(&[2.0, 2.0], 1),
                value: 0.0,
                scores: &[0.0, 1.0],
            },
            Case {
                name: "no examples",
                scoring: scoring(Metric::R2, 0.5, one, TargetKind::Real),
                predictions: &[],
                outputs: 1,
                targets: real(&[], 1),
                value: f64::NAN,
                scores: &[],
            },
        ];
        let mut failures = Vec::new();
        for case in cases {
            let got = case
                .scoring
                .score(case.predictions, case.outputs, &case.targets);
            let same = (got.value - case.value).abs() < 1e-7
                || (got.value.is_nan() && case.value.is_nan());
            if !same || got.scores != case.scores {
                failures.push(format!("{}: {got:?}", case.name));
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    #[test]
    fn numbers_that_are_not_finite_have_no_metric() {
        for metric in [Metric::Mae, Metric::Mse, Metric::R2] {
            for bad in [NAN, f32::INFINITY] {
                let scoring = scoring(
                    metric,
                    0.5,
                    Task::Regression { targets: 1 },
                    TargetKind::Real,
                );
                let targets = Targets::Real {
                    values: vec![1.0, 2.0],
                    width: 1,
                };
                assert!(scoring.score(&[1.0, bad], 1, &targets).value.is_nan());
            }
        }
    }

    #[test]
    fn a_large_common_offset_does_not_hurt() {
        let truth: Vec<f32> = (0..1000).map(|i| 1e6 + (i % 7) as f32).collect();
        let near: Vec<f32> = truth.iter().map(|t| t + 1.0).collect();
        let scoring = scoring(
            Metric::R2,
            0.5,
            Task::Regression { targets: 1 },
            TargetKind::Real,
        );
        let variance: f64 = {
            let values: Vec<f64> = (0..1000).map(|i| f64::from(i % 7)).collect();
            let mean = values.iter().sum::<f64>() / 1000.0;
            values.iter().map(|v| (v - mean).powi(2)).sum()
        };
        let got = scoring.score(
            &near,
            1,
            &Targets::Real {
                values: truth,
                width: 1,
            },
        );
        assert!(
            (got.value - (1.0 - 1000.0 / variance)).abs() < 1e-9,
            "{}",
            got.value
        );
    }

    #[test]
    fn steps_count_one_by_one_and_examples_as_their_mean() {
        let (classes, steps) = (2, 2);
        let by_step = scoring(
            Metric::Accuracy,
            0.0,
            Task::Steps { classes, steps },
            TargetKind::Index,
        );
        let targets = Targets::Steps {
            classes: vec![0, 1, 1, 1],
            steps,
        };
        let predictions = [2.0, 1.0, 0.0, 3.0, 5.0, 1.0, 0.0, 1.0];
        let got = by_step.score(&predictions, 4, &targets);
        assert_eq!((got.value, got.scores), (0.75, vec![1.0, 0.5]));
        let rows = by_step.score_rows(&predictions, 4, &targets);
        assert_eq!(rows.scores, [1.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn thresholds_follow_the_loss() {
        use OutputKind::{Logits, Probabilities};
        for (loss, output, expected) in [
            (LossKind::BinaryCrossEntropy, Logits, 0.0),
            (LossKind::BinaryCrossEntropy, Probabilities, 0.5),
            (LossKind::CrossEntropy, Logits, 0.0),
            (LossKind::Hinge, Logits, 0.0),
            (LossKind::Hinge, Probabilities, 0.5),
            (LossKind::Mse, Logits, 0.5),
            (LossKind::Mae, Probabilities, 0.5),
        ] {
            assert_eq!(threshold(loss, output), expected, "{loss:?} on {output:?}");
        }
    }
}
