//! x·tanh(softplus x).
//!
//! With T = tanh(softplus x): T = e(e + 2)/(e² + 2e + 2), e = eˣ, written in e or 1/e so that it
//! neither overflows nor cancels.

use super::logistic::{sigmoid, vanishing};

/// T and 1 − T².
fn parts(x: f64) -> (f64, f64) {
    if x > 0.0 {
        let f = (-x).exp();
        let denominator = 1.0 + 2.0 * f + 2.0 * f * f;
        let root = 2.0 * f * (1.0 + f) / denominator;
        ((1.0 + 2.0 * f) / denominator, root * root)
    } else {
        let e = x.exp();
        let denominator = e * e + 2.0 * e + 2.0;
        let root = 2.0 * (1.0 + e) / denominator;
        (e * (e + 2.0) / denominator, root * root)
    }
}

/// φ(x); 0 at −∞.
pub(super) fn value(x: f64) -> f64 {
    if x == f64::NEG_INFINITY {
        -0.0
    } else {
        x * parts(x).0
    }
}

/// T + x·T′, T′ = (1 − T²)·σ(x).
pub(super) fn slope(x: f64) -> f64 {
    let (t, complement) = parts(x);
    t + vanishing(x, complement * sigmoid(x))
}

/// 2T′ + x·T″, T″ = T′·(1 − σ − 2Tσ).
pub(super) fn curvature(x: f64) -> f64 {
    let (t, complement) = parts(x);
    let s = sigmoid(x);
    let first = complement * s;
    let second = first * (sigmoid(-x) - 2.0 * t * s);
    2.0 * first + vanishing(x, second)
}
