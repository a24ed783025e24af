//! x·Φ(x), Φ the normal distribution function.

use super::logistic::vanishing;
use crate::normal::{cdf, pdf};

/// x·Φ(x); 0 at −∞.
pub(super) fn value(x: f64) -> f64 {
    if x == f64::NEG_INFINITY {
        -0.0
    } else {
        x * cdf(x)
    }
}

/// Φ(x) + x·pdf(x).
pub(super) fn slope(x: f64) -> f64 {
    cdf(x) + vanishing(x, pdf(x))
}

/// (2 − x²)·pdf(x).
pub(super) fn curvature(x: f64) -> f64 {
    let density = pdf(x);
    2.0 * density - vanishing(x, vanishing(x, density))
}
