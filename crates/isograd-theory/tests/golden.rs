//! Gaussian expectations against numbers that mpmath made (see `golden/expectations.py` and
//! `golden/pairs.py`), to 1e-10.

#![allow(clippy::unwrap_used)]

use isograd_theory::{Activation, Gaussian};

const TOLERANCE: f64 = 1e-10;

fn activation(name: &str) -> Activation {
    match name {
        "linear" => Activation::Identity,
        "sigmoid" => Activation::Sigmoid,
        "hard_sigmoid" => Activation::HardSigmoid,
        "tanh" => Activation::Tanh,
        "softsign" => Activation::Softsign,
        "softplus" => Activation::Softplus,
        "relu" => Activation::Relu,
        "leaky_relu" => Activation::LeakyRelu { slope: 0.25 },
        "elu" => Activation::Elu { alpha: 1.0 },
        "celu" => Activation::Celu { alpha: 0.5 },
        "scaled_tanh" => Activation::ScaledTanh {
            output: 1.7159,
            input: 2.0 / 3.0,
        },
        "selu" => Activation::Selu,
        "gelu" => Activation::Gelu,
        "silu" => Activation::Silu,
        "mish" => Activation::Mish,
        "exponential" => Activation::Exponential,
        other => panic!("no activation {other}"),
    }
}

/// Every row of a golden file: the activation and its numbers.
fn rows(text: &str) -> Vec<(Activation, Vec<f64>)> {
    text.lines()
        .skip(1)
        .map(|line| {
            let mut fields = line.split(',');
            let phi = activation(fields.next().unwrap());
            assert_eq!(phi.name(), line.split(',').next().unwrap());
            (phi, fields.map(|f| f.parse().unwrap()).collect())
        })
        .collect()
}

fn worst(failing: &mut Vec<String>, what: &str, value: f64, golden: f64) {
    // Relative, but for values that vanish by symmetry.
    let error = (value - golden).abs() / golden.abs().max(0.01);
    if error.is_nan() || error >= TOLERANCE {
        failing.push(format!("{what}: {value:e}, golden {golden:e}"));
    }
}

#[test]
fn expectations_of_one_input() {
    let rows = rows(include_str!("golden/expectations.csv"));
    assert_eq!(rows.len(), 79);
    let mut failing = Vec::new();
    for (phi, n) in rows {
        let law = Gaussian {
            mean: n[0],
            variance: n[1],
        };
        let values = [
            ("E φ", phi.mean(law), n[2]),
            ("E φ²", phi.second_moment(law), n[3]),
            ("E φ′", phi.mean_slope(law), n[4]),
            ("E φ′²", phi.slope_square(law), n[5]),
            ("E φ′⁴", phi.slope_moment(law, 4), n[6]),
            ("E φφ″", phi.value_curvature(law), n[7]),
        ];
        for (what, value, golden) in values {
            let what = format!("{} {what} {law:?}", phi.name());
            worst(&mut failing, &what, value, golden);
        }
    }
    assert!(failing.is_empty(), "{}", failing.join("\n"));
}

#[test]
fn expectations_of_two_inputs() {
    let rows = rows(include_str!("golden/pairs.csv"));
    assert_eq!(rows.len(), 56);
    let mut failing = Vec::new();
    for (phi, n) in rows {
        let law = Gaussian {
            mean: n[0],
            variance: n[1],
        };
        for (what, value, golden) in [
            ("E φφ", phi.product(law, n[2]), n[3]),
            ("E φ′φ′", phi.slope_product(law, n[2]), n[4]),
        ] {
            let what = format!("{} {what} {law:?} {}", phi.name(), n[2]);
            worst(&mut failing, &what, value, golden);
        }
    }
    assert!(failing.is_empty(), "{}", failing.join("\n"));
}
