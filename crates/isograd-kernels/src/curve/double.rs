//! Double precision, with the functions of the standard library.

use super::Curve;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

pub(super) fn forward(curve: Curve, y: &mut [f64]) {
    for y in y {
        *y = value(curve, *y);
    }
}

pub(super) fn backward(curve: Curve, saved: &[f64], d: &mut [f64]) {
    for (d, &x) in d.iter_mut().zip(saved) {
        *d = match curve {
            // A unit that is off passes nothing, whatever arrives.
            Curve::Relu if x <= 0.0 => 0.0,
            Curve::HardSigmoid if x <= 0.0 || x >= 1.0 => 0.0,
            _ => *d * slope(curve, x),
        };
    }
}

/// φ(x).
pub(super) fn value(curve: Curve, x: f64) -> f64 {
    match curve {
        Curve::Tanh => x.tanh(),
        Curve::ScaledTanh { output, input } => output * (input * x).tanh(),
        Curve::Sigmoid => sigmoid(x),
        Curve::HardSigmoid => (x * 0.2 + 0.5).clamp(0.0, 1.0),
        Curve::Relu if x <= 0.0 => 0.0,
        Curve::LeakyRelu { slope } if x < 0.0 => slope * x,
        Curve::Elu { alpha, scale } => scale * if x < 0.0 { alpha * x.exp_m1() } else { x },
        Curve::Celu { alpha } if x < 0.0 => alpha * (x / alpha).exp_m1(),
        Curve::Relu | Curve::LeakyRelu { .. } | Curve::Celu { .. } => x,
        Curve::Gelu => x * normal(x),
        Curve::Silu => x * sigmoid(x),
        Curve::Mish => x * softplus(x).tanh(),
        Curve::Softplus => softplus(x),
        Curve::Softsign => x / (1.0 + x.abs()),
        Curve::Exponential => x.exp(),
    }
}

/// φ′ of what [`Curve::keeps_output`] says: the output, or x.
pub(super) fn slope(curve: Curve, saved: f64) -> f64 {
    let x = saved;
    match curve {
        Curve::Tanh => (1.0 - x) * (1.0 + x),
        Curve::ScaledTanh { output, input } => {
            let t = x / output;
            output * input * (1.0 - t) * (1.0 + t)
        }
        Curve::Sigmoid => x * (1.0 - x),
        Curve::HardSigmoid => 0.2,
        Curve::LeakyRelu { slope } if x <= 0.0 => slope,
        Curve::Relu | Curve::LeakyRelu { .. } => 1.0,
        Curve::Elu { alpha, scale } => scale * if x < 0.0 { alpha * x.exp() } else { one(x) },
        Curve::Celu { alpha } if x < 0.0 => (x / alpha).exp(),
        Curve::Celu { .. } => one(x),
        Curve::Gelu => normal(x) + x * (-0.5 * x * x).exp() / (2.0 * PI).sqrt(),
        Curve::Silu => sigmoid(x) * (1.0 + x * sigmoid(-x)),
        Curve::Mish => {
            let t = softplus(x).tanh();
            t + x * (1.0 - t) * (1.0 + t) * sigmoid(x)
        }
        Curve::Softplus => -(-x).exp_m1(),
        Curve::Softsign => (1.0 + x.abs()).powi(-2),
        Curve::Exponential => x,
    }
}

/// 1, or NaN.
fn one(x: f64) -> f64 {
    if x.is_nan() { x } else { 1.0 }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}
