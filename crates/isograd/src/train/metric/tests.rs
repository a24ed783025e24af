//! Metrics against values worked out by hand.

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
        let same =
            (got.value - case.value).abs() < 1e-7 || (got.value.is_nan() && case.value.is_nan());
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
