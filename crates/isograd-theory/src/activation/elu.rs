//! Exponential linear units.

/// λ of SELU (Klambauer et al. 2017, §1), for the fixed point (mean 0, variance 1).
pub(super) const SELU_LAMBDA: f64 = 1.050_700_987_355_480_5;
/// α of SELU.
pub(super) const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// x for x > 0, α(eˣ − 1) below.
pub(super) fn value(x: f64, alpha: f64) -> f64 {
    if x > 0.0 { x } else { alpha * x.exp_m1() }
}

/// 1 for x > 0, αeˣ below.
pub(super) fn slope(x: f64, alpha: f64) -> f64 {
    if x > 0.0 { 1.0 } else { alpha * x.exp() }
}

/// 0 for x > 0, αeˣ below.
pub(super) fn curvature(x: f64, alpha: f64) -> f64 {
    if x > 0.0 { 0.0 } else { alpha * x.exp() }
}
