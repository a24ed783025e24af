//! What optimisers promise beyond their formulas, which are compared with PyTorch's trajectories in
//! `tests/table`.

#![allow(clippy::unwrap_used)]

use super::clip::global_norm;
use super::*;
use burn::tensor::{DType, Device, TensorData};
use isograd_core::describe::train::ClipSpec;
use std::f64::consts::FRAC_1_SQRT_2;

const ALL: [OptimizerKind; 7] = [
    OptimizerKind::Sgd {
        momentum: 0.0,
        nesterov: false,
        weight_decay: 0.0,
    },
    OptimizerKind::Sgd {
        momentum: 0.9,
        nesterov: true,
        weight_decay: 0.1,
    },
    OptimizerKind::Adam {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
    },
    OptimizerKind::AdamW {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.5,
    },
    OptimizerKind::RmsProp {
        rho: 0.9,
        epsilon: 1e-7,
    },
    OptimizerKind::Adagrad {
        initial_accumulator: 0.1,
        epsilon: 1e-7,
    },
    OptimizerKind::Adadelta {
        rho: 0.95,
        epsilon: 1e-7,
    },
];

fn optimizer(kind: OptimizerKind) -> Optimizer {
    Optimizer::new(&OptimizerSpec {
        kind,
        lr: 0.1,
        decay: 0.5,
        gradient_sign: 1.0,
    })
}

fn tensor(values: &[f64], dtype: DType) -> Tensor<1> {
    Tensor::from_data(
        TensorData::new(values.to_vec(), [values.len()]),
        (&Device::flex(), dtype),
    )
}

fn numbers(tensor: &Tensor<1>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

/// The gradient of step `step`.
fn gradient(step: usize) -> [f64; 3] {
    [(step as f64).sin(), -0.3 * step as f64, 2.0 - step as f64]
}

/// Runs steps of two parameters and gives both.
fn run(
    optimizer: &mut Optimizer,
    from: [Vec<f64>; 2],
    steps: std::ops::Range<usize>,
) -> [Vec<f64>; 2] {
    let mut now = from;
    for step in steps {
        let lr = optimizer.advance();
        for (path, values) in ["a.weight", "b:odd.bias"].into_iter().zip(&mut now) {
            let g = tensor(&gradient(step), DType::F32);
            let w = tensor(values, DType::F32);
            *values = numbers(
                &optimizer
                    .step(path, w, g, path == "a.weight", lr, false)
                    .parameter,
            );
        }
    }
    now
}

#[test]
fn a_restored_state_goes_on_bit_by_bit() {
    let start = || [vec![0.5, -1.0, 2.0], vec![0.0, 0.1, 0.2]];
    for kind in ALL {
        let whole = run(&mut optimizer(kind), start(), 0..8);
        let mut first = optimizer(kind);
        let half = run(&mut first, start(), 0..4);
        let mut second = optimizer(kind);
        second.load(first.steps(), first.state()).unwrap();
        assert_eq!(run(&mut second, half, 4..8), whole, "{kind:?}");
        let names = |o: &Optimizer| o.state().into_iter().map(|s| s.0).collect::<Vec<_>>();
        assert_eq!(names(&second), names(&first));
    }
}

#[test]
fn a_state_of_another_optimiser_is_refused() {
    let mut adam = optimizer(ALL[2]);
    run(&mut adam, [vec![0.5; 3], vec![0.5; 3]], 0..1);
    let error = optimizer(ALL[5]).load(1, adam.state()).unwrap_err();
    insta::assert_snapshot!(error, @"`a.weight:first` is no state of this optimiser, which keeps sum for each parameter");
}

#[test]
fn the_step_reported_is_the_step_taken_without_decoupled_decay() {
    for kind in ALL {
        for matrix in [true, false] {
            let mut optimizer = optimizer(kind);
            let mut w = tensor(&[0.5, -1.0, 2.0], DType::F64);
            for step in 0..3 {
                let lr = optimizer.advance();
                let before = numbers(&w);
                let g = tensor(&gradient(step), DType::F64);
                let stepped = optimizer.step("w", w, g, matrix, lr, true);
                w = stepped.parameter;
                let shrink = match kind {
                    OptimizerKind::AdamW { weight_decay, .. } if matrix => lr * weight_decay,
                    _ => 0.0,
                };
                let moved = numbers(&stepped.moved.unwrap());
                for ((after, before), moved) in numbers(&w).iter().zip(before).zip(moved) {
                    let taken = after - before + shrink * before;
                    assert!((taken - moved).abs() < 1e-14, "{kind:?}: {taken} {moved}");
                }
            }
        }
    }
}

#[test]
fn the_rate_decays_with_the_steps() {
    let mut optimizer = optimizer(ALL[0]);
    assert_eq!(
        [0, 1, 2, 8].map(|step| optimizer.lr_at(step)),
        [0.1, 0.1 / 1.5, 0.05, 0.02]
    );
    assert_eq!([optimizer.advance(), optimizer.advance()], [0.1, 0.1 / 1.5]);
}

#[test]
fn a_negative_sign_climbs() {
    let spec = OptimizerSpec {
        kind: ALL[2],
        lr: 0.1,
        decay: 0.0,
        gradient_sign: -1.0,
    };
    let mut optimizer = Optimizer::new(&spec);
    let lr = optimizer.advance();
    let (w, g) = (
        tensor(&[0.0, 0.0], DType::F64),
        tensor(&[3.0, -0.2], DType::F64),
    );
    // The first step of Adam is the rate, whatever the size of the gradient.
    let w = numbers(&optimizer.step("w", w, g, true, lr, false).parameter);
    assert!(
        (w[0] - 0.1).abs() < 1e-7 && (w[1] + 0.1).abs() < 1e-7,
        "{w:?}"
    );
}

#[test]
fn a_gradient_of_zero_moves_nothing() {
    for kind in ALL {
        let mut optimizer = optimizer(kind);
        let lr = optimizer.advance();
        let (w, g) = (tensor(&[1.0], DType::F32), tensor(&[0.0], DType::F32));
        let stepped = optimizer.step("bias", w, g, false, lr, true);
        let coupled = matches!(kind, OptimizerKind::Sgd { weight_decay, .. } if weight_decay > 0.0);
        assert_eq!(
            numbers(&stepped.moved.unwrap())[0] == 0.0,
            !coupled,
            "{kind:?}"
        );
    }
}

#[test]
fn clipping_scales_all_gradients_by_one_factor() {
    struct Case {
        name: &'static str,
        spec: ClipSpec,
        gradients: [&'static [f64]; 2],
        clipped: [&'static [f64]; 2],
        norms: [f64; 2],
    }
    let of = |value, global_norm| ClipSpec { value, global_norm };
    let cases = [
        Case {
            name: "none",
            spec: of(None, None),
            gradients: [&[3.0, 0.0], &[4.0]],
            clipped: [&[3.0, 0.0], &[4.0]],
            norms: [5.0, 5.0],
        },
        Case {
            name: "norm over both tensors",
            spec: of(None, Some(2.5)),
            gradients: [&[3.0, 0.0], &[4.0]],
            clipped: [&[1.5, 0.0], &[2.0]],
            norms: [5.0, 2.5],
        },
        Case {
            name: "norm below the limit",
            spec: of(None, Some(5.0)),
            gradients: [&[3.0, 0.0], &[4.0]],
            clipped: [&[3.0, 0.0], &[4.0]],
            norms: [5.0, 5.0],
        },
        Case {
            name: "value, then norm",
            spec: of(Some(3.0), Some(2.5)),
            gradients: [&[30.0, 0.0], &[-4.0]],
            clipped: [&[2.5 * FRAC_1_SQRT_2, 0.0], &[-2.5 * FRAC_1_SQRT_2]],
            norms: [916f64.sqrt(), 2.5],
        },
        Case {
            name: "an infinite norm scales nothing",
            spec: of(None, Some(1.0)),
            gradients: [&[f64::INFINITY, 1.0], &[4.0]],
            clipped: [&[f64::INFINITY, 1.0], &[4.0]],
            norms: [f64::INFINITY; 2],
        },
        Case {
            name: "value turns infinities into the limit",
            spec: of(Some(3.0), None),
            gradients: [&[f64::NEG_INFINITY, 1.0], &[4.0]],
            clipped: [&[-3.0, 1.0], &[3.0]],
            norms: [f64::INFINITY, 19f64.sqrt()],
        },
    ];
    let mut failures = Vec::new();
    for case in cases {
        for dtype in [DType::F32, DType::F64] {
            let mut gradients = case.gradients.map(|g| tensor(g, dtype));
            let got = clip(&case.spec, &mut gradients);
            let close = |a: f64, b: f64| a == b || (a - b).abs() <= 1e-6 * b.abs();
            let values = gradients
                .iter()
                .zip(case.clipped)
                .all(|(g, expected)| numbers(g).iter().zip(expected).all(|(&a, &b)| close(a, b)));
            let norms =
                close(got.norm_before, case.norms[0]) && close(got.norm_after, case.norms[1]);
            if !values || !norms || gradients[0].dtype() != dtype {
                failures.push(format!("{}: {got:?} {gradients:?}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn nan_stays_nan_through_clipping() {
    let spec = ClipSpec {
        value: Some(1.0),
        global_norm: Some(1.0),
    };
    let mut gradients = [tensor(&[f64::NAN, 5.0], DType::F32)];
    let got = clip(&spec, &mut gradients);
    assert!(got.norm_before.is_nan() && got.norm_after.is_nan());
    let values = numbers(&gradients[0]);
    assert!(values[0].is_nan() && values[1] == 1.0, "{values:?}");
}

#[test]
fn norms_of_vanished_and_exploded_gradients_exist() {
    let [small, large] = [1e-30, 1e30].map(|g| global_norm(&[tensor(&[g; 4], DType::F32)]));
    assert!((small / 2e-30 - 1.0).abs() < 1e-6 && (large / 2e30 - 1.0).abs() < 1e-6);
}
