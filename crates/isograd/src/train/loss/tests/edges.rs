//! Losses at their edges, and what is refused.

use super::*;
use TargetKind::{Binary, Index, MultiHot, OneHot, Real};

/// A loss of class 0 or number targets on one row.
fn one_row(
    kind: LossKind,
    clip: f64,
    output: OutputKind,
    x: &[f64],
    targets: Targets,
    target: TargetKind,
    dtype: DType,
) -> (f64, Vec<f64>) {
    let case = Case {
        name: "one row",
        spec: LossSpec { clip, ..spec(kind) },
        output,
        task: match target {
            Binary => Task::Binary,
            _ => Task::Classification { classes: x.len() },
        },
        target,
        targets,
        predictions: x.to_vec(),
        outputs: x.len(),
    };
    let (value, gradient, _) = case.computed(dtype);
    (value, gradient)
}

#[test]
fn a_logarithm_of_zero_is_not_guarded_without_a_clip() {
    let zero = || Targets::Index(vec![0]);
    let one = || Targets::Index(vec![1]);
    let run = |kind, clip, x: &[f64], t, target| {
        one_row(kind, clip, Probabilities, x, t, target, DType::F32).0
    };
    assert_eq!(
        run(CrossEntropy, 0.0, &[0.0, 1.0], zero(), Index),
        f64::INFINITY
    );
    // The sum over one-hot targets multiplies ln 0 of the other class by 0.
    assert!(run(CrossEntropy, 0.0, &[1.0, 0.0], zero(), OneHot).is_nan());
    assert_eq!(run(CrossEntropy, 0.0, &[1.0, 0.0], zero(), Index), 0.0);
    assert!(run(BinaryCrossEntropy, 0.0, &[1.0], one(), Binary).is_nan());
    assert!(run(BinaryCrossEntropy, 0.0, &[-0.5], one(), Binary).is_nan());
    let clipped = run(BinaryCrossEntropy, 1e-7, &[0.0], one(), Binary);
    assert!((clipped - -(1e-7f64.ln())).abs() < 1e-5, "{clipped}");
}

#[test]
fn softmax_on_one_unit_computes_and_has_no_gradient() {
    let (value, gradient) = one_row(
        CrossEntropy,
        1e-7,
        Logits,
        &[3.0],
        Targets::Index(vec![0]),
        Index,
        DType::F32,
    );
    assert_eq!((value, gradient), (0.0, vec![0.0]));
    // The probability 1 is outside of the clip: no gradient reaches the network.
    let (value, gradient) = one_row(
        BinaryCrossEntropy,
        1e-7,
        Probabilities,
        &[1.0],
        Targets::Index(vec![0]),
        Binary,
        DType::F32,
    );
    assert!(
        (value - 16.0).abs() < 0.2,
        "−ln(1 − (1 − 1e-7)) in single precision: {value}"
    );
    assert_eq!(gradient, [0.0]);
    // A clip below the spacing of floats at 1 leaves 1 inside: −t/p.
    let (_, gradient) = one_row(
        CrossEntropy,
        1e-32,
        Probabilities,
        &[1.0],
        Targets::Index(vec![1]),
        Binary,
        DType::F32,
    );
    assert_eq!(gradient, [-1.0]);
}

#[test]
fn large_logits_stay_finite_and_zero_logits_have_the_right_slope() {
    let label = |k| Targets::Index(vec![k]);
    let (value, gradient) = one_row(
        CrossEntropy,
        0.0,
        Logits,
        &[1000.0, -1000.0],
        label(1),
        Index,
        DType::F32,
    );
    assert_eq!((value, gradient), (2000.0, vec![1.0, -1.0]));
    for (x, t, value, slope) in [
        (500.0, 0, 500.0, 1.0),
        (-500.0, 1, 500.0, -1.0),
        (500.0, 1, 0.0, 0.0),
        (0.0, 0, std::f64::consts::LN_2, 0.5),
        (0.0, 1, std::f64::consts::LN_2, -0.5),
    ] {
        let got = one_row(
            BinaryCrossEntropy,
            0.0,
            Logits,
            &[x],
            label(t),
            Binary,
            DType::F64,
        );
        assert!(
            (got.0 - value).abs() < 1e-12 && (got.1[0] - slope).abs() < 1e-12,
            "{x} {t}: {got:?}"
        );
    }
}

#[test]
fn only_what_cannot_be_computed_is_refused() {
    let classes = |classes| Task::Classification { classes };
    let numbers = |targets| Task::Regression { targets };
    let labels = |labels| Task::MultiLabel { labels };
    let angle = Angle { clip_cosine: true };
    for (kind, outputs, task, target, fine) in [
        (CrossEntropy, 3, classes(3), Index, true),
        (CrossEntropy, 5, classes(3), Index, true),
        (CrossEntropy, 2, classes(3), Index, false),
        (CrossEntropy, 1, classes(3), Index, false),
        (CrossEntropy, 1, classes(1), Index, true),
        (CrossEntropy, 1, classes(3), OneHot, true),
        (CrossEntropy, 2, classes(3), OneHot, false),
        (CrossEntropy, 1, Task::Binary, Binary, true),
        (CrossEntropy, 2, Task::Binary, Binary, true),
        (CrossEntropy, 1, numbers(1), Real, true),
        (BinaryCrossEntropy, 1, classes(3), Index, true),
        (BinaryCrossEntropy, 3, labels(3), MultiHot, true),
        (BinaryCrossEntropy, 2, labels(3), MultiHot, false),
        (Mse, 4, numbers(1), Real, true),
        (Mse, 1, numbers(4), Real, true),
        (Mse, 2, numbers(4), Real, false),
        (Hinge, 3, classes(3), OneHot, true),
        (angle, 2, numbers(2), Real, true),
        (angle, 1, numbers(2), Real, false),
        (angle, 2, classes(2), Index, false),
    ] {
        let result = check(&spec(kind), outputs, task, target);
        assert_eq!(
            result.is_ok(),
            fine,
            "{kind:?} {outputs} {task:?} {target:?}: {result:?}"
        );
        if fine {
            // What passes is computed.
            let width = match target {
                Index | Binary | OneHot => None,
                MultiHot | Real => Some(task.outputs()),
            };
            let targets = width.map_or(Targets::Index(vec![0, 0]), |width| Targets::Real {
                values: vec![1.0; 2 * width],
                width,
            });
            let loss = Loss::new(&spec(kind), Probabilities, outputs, task, target).unwrap();
            let x = Tensor::<2>::full([2, outputs], 0.5, &Device::flex());
            let value = loss.evaluate(x, &targets).value.into_data();
            assert!(
                value.iter::<f64>().all(f64::is_finite),
                "{kind:?} {outputs} {task:?} {target:?}"
            );
        }
    }
}

#[test]
fn refusals_say_what_to_do() {
    let of = |kind, outputs, task, target| {
        check(&spec(kind), outputs, task, target)
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!([
        of(CrossEntropy, 1, Task::Classification { classes: 10 }, Index),
        of(Mse, 3, Task::Regression { targets: 2 }, Real),
        of(Angle { clip_cosine: true }, 3, Task::Regression { targets: 3 }, Real),
    ]
    .join("\n"), @r#"
    labels go up to 9, but the network has 1 output; end it with a dense block of "classes" units
    the data have 2 targets an example, but the network has 3 outputs; end it with a dense block of "outputs" units
    the angle loss compares two angles (polar angle and azimuth), but there are 3 targets an example and 3 outputs; use mse or mae for other targets
    "#);
}

#[test]
fn outputs_are_probabilities_after_softmax_or_sigmoid() {
    use isograd_core::describe::Op;
    use isograd_core::describe::network::SoftmaxAxis;
    use isograd_theory::Activation;
    let softmax = Op::Softmax {
        axis: SoftmaxAxis::Features,
    };
    let sigmoid = Op::Activation(Activation::Sigmoid);
    assert_eq!(resolve_output(None, Some(&softmax)), Probabilities);
    assert_eq!(resolve_output(None, Some(&sigmoid)), Probabilities);
    assert_eq!(
        resolve_output(None, Some(&Op::Activation(Activation::Tanh))),
        Logits
    );
    assert_eq!(resolve_output(None, Some(&Op::Flatten)), Logits);
    assert_eq!(resolve_output(None, None), Logits);
    assert_eq!(resolve_output(Some(Logits), Some(&softmax)), Logits);
}

#[test]
fn every_step_is_a_row_of_its_own() {
    let (classes, steps) = (3, 2);
    let task = Task::Steps { classes, steps };
    let labels = vec![2, 0, 1, 1];
    let values: Vec<f64> = (0..12).map(|i| f64::from(i * 7 % 5) / 2.0 - 1.0).collect();
    for kind in [CrossEntropy, Mse] {
        let target = if kind == Mse { OneHot } else { Index };
        for reduction in [Reduction::Mean, Reduction::Sum] {
            let spec = LossSpec {
                reduction,
                ..spec(kind)
            };
            // Two examples of two steps are four examples of one.
            let run = |task, rows: usize, targets: &Targets| {
                let outputs = values.len() / rows;
                let loss = Loss::new(&spec, Logits, outputs, task, target).unwrap();
                let device = (&Device::flex(), DType::F64);
                let x = Tensor::from_data(TensorData::new(values.clone(), [rows, outputs]), device);
                let done = loss.evaluate(x, targets);
                let value = done.value.into_data().iter::<f64>().next().unwrap();
                (value, done.per_example)
            };
            let single = Targets::Index(labels.clone());
            let (expected, _) = run(Task::Classification { classes }, 4, &single);
            let by_step = Targets::Steps {
                classes: labels.clone(),
                steps,
            };
            let (got, per_example) = run(task, 2, &by_step);
            assert!((got - expected).abs() < 1e-14, "{got} and {expected}");
            let batch = if reduction == Reduction::Mean {
                2.0
            } else {
                1.0
            };
            assert_eq!(per_example, batch);
        }
    }
    let refused = |spec: &LossSpec, outputs| check(spec, outputs, task, Index).unwrap_err();
    let plain = spec(CrossEntropy);
    assert_eq!(refused(&plain, 3), LossError::Steps { steps, outputs: 3 });
    assert_eq!(
        refused(&plain, 4),
        LossError::LabelBeyondOutputs {
            classes,
            outputs: 2
        }
    );
    let pairs = LossSpec {
        pairwise: true,
        ..plain
    };
    assert_eq!(refused(&pairs, 6), LossError::PairsOfSteps { steps });
}
