//! The logistic function and what is made of it: sigmoid, softplus, SiLU.
//!
//! Everything is written in e = exp(−|x|) ≤ 1, so that nothing overflows and the small side keeps
//! its relative accuracy.

/// 1/(1 + e⁻ˣ).
pub(super) fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x >= 0.0 {
        1.0 / (1.0 + e)
    } else {
        e / (1.0 + e)
    }
}

/// σ(1 − σ).
pub(super) fn sigmoid_slope(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    e / ((1.0 + e) * (1.0 + e))
}

/// σ(1 − σ)(1 − 2σ).
pub(super) fn sigmoid_curvature(x: f64) -> f64 {
    sigmoid_slope(x) * -(0.5 * x).tanh()
}

/// ln(1 + eˣ).
pub(super) fn softplus(x: f64) -> f64 {
    let positive = if x > 0.0 { x } else { 0.0 };
    positive + (-x.abs()).exp().ln_1p()
}

/// x·σ(x); 0 at −∞.
pub(super) fn silu(x: f64) -> f64 {
    if x == f64::NEG_INFINITY {
        -0.0
    } else {
        x * sigmoid(x)
    }
}

/// σ(x) + x·σ′(x).
pub(super) fn silu_slope(x: f64) -> f64 {
    sigmoid(x) + vanishing(x, sigmoid_slope(x))
}

/// 2σ′(x) + x·σ″(x).
pub(super) fn silu_curvature(x: f64) -> f64 {
    2.0 * sigmoid_slope(x) + vanishing(x, sigmoid_curvature(x))
}

/// x·y for a y that falls faster than 1/x: 0 at ±∞ instead of ∞·0.
pub(super) fn vanishing(x: f64, y: f64) -> f64 {
    if x.is_infinite() { 0.0 } else { x * y }
}
