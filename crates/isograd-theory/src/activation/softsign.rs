//! x/(1 + |x|).

/// φ(x); ±1 at ±∞.
pub(super) fn value(x: f64) -> f64 {
    if x.is_infinite() {
        x.signum()
    } else {
        x / (1.0 + x.abs())
    }
}

/// 1/(1 + |x|)².
pub(super) fn slope(x: f64) -> f64 {
    let r = 1.0 / (1.0 + x.abs());
    r * r
}

/// −2 sign(x)/(1 + |x|)³; its left limit, +2, at 0.
pub(super) fn curvature(x: f64) -> f64 {
    let r = 1.0 / (1.0 + x.abs());
    let size = 2.0 * r * r * r;
    if x > 0.0 { -size } else { size }
}
