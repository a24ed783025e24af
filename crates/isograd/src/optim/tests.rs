//! What optimisers promise beyond their formulas, which are compared with PyTorch's trajectories in
//! `tests/table`.

#![allow(clippy::unwrap_used)]

use super::*;
use burn::tensor::{DType, Device, TensorData};
use isograd_core::describe::train::MuonScale;

/// Every rule, with and without what it can do without.
fn all() -> Vec<OptimizerSpec> {
    let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8);
    let kinds = [
        OptimizerKind::Sgd {
            momentum: 0.0,
            nesterov: false,
        },
        OptimizerKind::Sgd {
            momentum: 0.9,
            nesterov: true,
        },
        OptimizerKind::Adam {
            beta1,
            beta2,
            epsilon,
        },
        OptimizerKind::NAdam {
            beta1,
            beta2,
            epsilon,
            momentum_decay: 4e-3,
        },
        OptimizerKind::Sign { momentum: 0.9 },
        OptimizerKind::Lion { beta1, beta2: 0.99 },
        OptimizerKind::Lamb {
            beta1,
            beta2,
            epsilon,
        },
        OptimizerKind::Adan {
            beta1: 0.98,
            beta2: 0.92,
            beta3: 0.99,
            epsilon,
        },
        OptimizerKind::Muon {
            momentum: 0.95,
            nesterov: true,
            ns_steps: 5,
            scale: MuonScale::Shape,
            aux_lr: 0.05,
            beta1,
            beta2,
            epsilon,
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
    let decays = [(0.0, false), (0.1, false), (0.5, true)];
    let with = |kind| {
        decays.map(|(weight_decay, decoupled)| OptimizerSpec {
            decay: 0.5,
            weight_decay,
            decoupled,
            ..OptimizerSpec::new(kind, 0.1)
        })
    };
    kinds.into_iter().flat_map(with).collect()
}

fn of(word: fn(&OptimizerKind) -> bool) -> OptimizerSpec {
    all().into_iter().find(|spec| word(&spec.kind)).unwrap()
}

fn matrix(path: &str) -> Parameter {
    Parameter::new(path, [1, 3])
}

fn vector(path: &str) -> Parameter {
    Parameter::new(path, [3])
}

pub(super) fn tensor(values: &[f64], dtype: DType) -> Tensor<1> {
    Tensor::from_data(
        TensorData::new(values.to_vec(), [values.len()]),
        (&Device::flex(), dtype),
    )
}

pub(super) fn numbers(tensor: &Tensor<1>) -> Vec<f64> {
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
        let parameters = [matrix("a.weight"), vector("b:odd.bias")];
        for (parameter, values) in parameters.iter().zip(&mut now) {
            let g = tensor(&gradient(step), DType::F32);
            let w = tensor(values, DType::F32);
            *values = numbers(&optimizer.step(parameter, w, g, lr, false).parameter);
        }
    }
    now
}

#[test]
fn a_restored_state_goes_on_bit_by_bit() {
    let start = || [vec![0.5, -1.0, 2.0], vec![0.0, 0.1, 0.2]];
    for spec in all() {
        let whole = run(&mut Optimizer::new(&spec), start(), 0..8);
        let mut first = Optimizer::new(&spec);
        let half = run(&mut first, start(), 0..4);
        let mut second = Optimizer::new(&spec);
        second.load(first.steps(), first.state()).unwrap();
        assert_eq!(run(&mut second, half, 4..8), whole, "{spec:?}");
        let names = |o: &Optimizer| o.state().into_iter().map(|s| s.0).collect::<Vec<_>>();
        assert_eq!(names(&second), names(&first));
    }
}

#[test]
fn a_state_of_another_optimiser_is_refused() {
    let mut adam = Optimizer::new(&of(|k| matches!(k, OptimizerKind::Adam { .. })));
    let adagrad = of(|k| matches!(k, OptimizerKind::Adagrad { .. }));
    run(&mut adam, [vec![0.5; 3], vec![0.5; 3]], 0..1);
    let error = Optimizer::new(&adagrad).load(1, adam.state()).unwrap_err();
    insta::assert_snapshot!(error, @"`a.weight:first` is no state of this optimiser, which keeps sum for each parameter");
}

#[test]
fn the_step_reported_is_the_step_taken_without_decoupled_decay() {
    for spec in all() {
        for parameter in [matrix("w"), vector("w")] {
            let mut optimizer = Optimizer::new(&spec);
            let mut w = tensor(&[0.5, -1.0, 2.0], DType::F64);
            for step in 0..3 {
                let lr = optimizer.advance();
                let before = numbers(&w);
                let g = tensor(&gradient(step), DType::F64);
                let stepped = optimizer.step(&parameter, w, g, lr, true);
                w = stepped.parameter;
                let shrink = if spec.decoupled && parameter.is_matrix() {
                    match spec.kind {
                        OptimizerKind::Lamb { .. } => 0.0,
                        OptimizerKind::Adan { .. } => 1.0 - 1.0 / (1.0 + lr * spec.weight_decay),
                        _ => lr * spec.weight_decay,
                    }
                } else {
                    0.0
                };
                let norms = stepped.norms.unwrap();
                let norm = |x: Vec<f64>| x.iter().map(|x| x * x).sum::<f64>().sqrt();
                let now = numbers(&w);
                let taken = now.iter().zip(&before);
                let taken = norm(taken.map(|(a, b)| a - b + shrink * b).collect());
                assert!(
                    (taken - norms.moved).abs() < 1e-14,
                    "{spec:?}: {taken} {norms:?}"
                );
                assert!((norm(before) - norms.weights).abs() < 1e-14);
            }
        }
    }
}

#[test]
fn a_kernel_takes_the_step_of_its_rule() {
    let kernels = all()
        .into_iter()
        .filter(|spec| rule(spec).fused(1).is_some());
    let specs: Vec<_> = kernels
        .flat_map(|spec| {
            [1.0, -1.0].map(|gradient_sign| OptimizerSpec {
                gradient_sign,
                ..spec.clone()
            })
        })
        .collect();
    assert!(specs.len() >= 18, "Adam, AdamW and SGD: {}", specs.len());
    for spec in specs {
        for parameter in [matrix("w"), vector("w"), vector("prelu.slope")] {
            let steps = [true, false].map(|fused| {
                let mut optimizer = Optimizer::new(&spec);
                let mut w = tensor(&[0.5, -1.0, 2.0], DType::F64);
                let mut norms = Vec::new();
                for step in 0..4 {
                    let lr = optimizer.advance();
                    assert!(optimizer.fused.is_some());
                    if !fused {
                        optimizer.fused = None;
                    }
                    let g = tensor(&gradient(step), DType::F64);
                    let stepped = optimizer.step(&parameter, w, g, lr, true);
                    w = stepped.parameter;
                    norms.push(stepped.norms.unwrap());
                }
                let kept = optimizer.state();
                let names: Vec<String> = kept.iter().map(|(name, _)| name.clone()).collect();
                let kept: Vec<f64> = kept.iter().flat_map(|(_, x)| numbers(x)).collect();
                let norms = norms.iter().flat_map(|n| [n.weights, n.moved]).collect();
                (names, [numbers(&w), kept, norms].concat())
            });
            let [fused, composed] = &steps;
            assert_eq!(fused.0, composed.0);
            for (a, b) in fused.1.iter().zip(&composed.1) {
                assert!(
                    (a - b).abs() <= 1e-13 * b.abs().max(1.0),
                    "{spec:?}: {a} {b}"
                );
            }
        }
    }
}

#[test]
fn the_rate_decays_with_the_steps() {
    let mut optimizer = Optimizer::new(&all()[0]);
    assert_eq!(
        [0, 1, 2, 8].map(|step| optimizer.lr_at(step)),
        [0.1, 0.1 / 1.5, 0.05, 0.02]
    );
    assert_eq!([optimizer.advance(), optimizer.advance()], [0.1, 0.1 / 1.5]);
}

#[test]
fn a_negative_sign_climbs() {
    let spec = OptimizerSpec {
        decay: 0.0,
        gradient_sign: -1.0,
        ..of(|k| matches!(k, OptimizerKind::Adam { .. }))
    };
    let mut optimizer = Optimizer::new(&spec);
    let lr = optimizer.advance();
    let (w, g) = (
        tensor(&[0.0, 0.0], DType::F64),
        tensor(&[3.0, -0.2], DType::F64),
    );
    // The first step of Adam is the rate, whatever the size of the gradient.
    let parameter = Parameter::new("w", [1, 2]);
    let w = numbers(&optimizer.step(&parameter, w, g, lr, false).parameter);
    assert!(
        (w[0] - 0.1).abs() < 1e-7 && (w[1] + 0.1).abs() < 1e-7,
        "{w:?}"
    );
}

#[test]
fn a_gradient_of_zero_moves_nothing() {
    for spec in all() {
        let mut optimizer = Optimizer::new(&spec);
        let lr = optimizer.advance();
        let (w, g) = (tensor(&[1.0], DType::F32), tensor(&[0.0], DType::F32));
        let stepped = optimizer.step(&Parameter::new("bias", [1]), w, g, lr, true);
        let coupled = !spec.decoupled && spec.weight_decay > 0.0;
        assert_eq!(stepped.norms.unwrap().moved == 0.0, !coupled, "{spec:?}");
    }
}

#[test]
fn muon_takes_hidden_matrices_and_adamw_the_rest() {
    let spec = OptimizerSpec {
        decay: 0.0,
        ..of(|k| matches!(k, OptimizerKind::Muon { .. }))
    };
    let g = [3.0, 4.0, 0.0, 0.0, 0.0, 0.5];
    let step = |place, dims: &[usize], rate: f64| {
        let mut optimizer = Optimizer::new(&spec);
        optimizer.advance();
        let parameter = Parameter {
            place,
            ..Parameter::new("w", dims)
        };
        let w = tensor(&[0.0; 6], DType::F64);
        numbers(
            &optimizer
                .step(&parameter, w, tensor(&g, DType::F64), rate, false)
                .parameter,
        )
    };
    // AdamW's first step is its rate against the sign; half the rate of Muon is half of its rate.
    for (place, dims) in [
        (Place::First, &[2, 3][..]),
        (Place::Last, &[3, 2]),
        (Place::Hidden, &[6]),
    ] {
        for (rate, aux) in [(0.1, 0.05), (0.05, 0.025)] {
            for (w, g) in step(place, dims, rate).iter().zip(g) {
                let expected = if g == 0.0 { 0.0 } else { -aux };
                assert!((w - expected).abs() < 1e-6, "{place:?}: {w} {expected}");
            }
        }
    }
    // A matrix of 2 inputs and 3 outputs is the transpose of a kernel of 3 filters on 2 channels.
    let dense = step(Place::Hidden, &[2, 3], 0.1);
    let mut optimizer = Optimizer::new(&spec);
    optimizer.advance();
    let transposed = [g[0], g[3], g[1], g[4], g[2], g[5]];
    let w = tensor(&[0.0; 6], DType::F64);
    let kernel = Parameter::new("w", [3, 2, 1, 1]);
    let kernel = optimizer.step(&kernel, w, tensor(&transposed, DType::F64), 0.1, false);
    let kernel = numbers(&kernel.parameter);
    for (i, dense) in dense.iter().enumerate() {
        let (row, column) = (i / 3, i % 3);
        assert!((dense - kernel[column * 2 + row]).abs() < 1e-12);
    }
    assert!(dense[0] < -0.05 && dense[5] < -0.05, "{dense:?}");
}
