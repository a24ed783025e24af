//! Derivatives of the hyperbolic tangent.

/// sech² x = 4e/(1 + e)², e = exp(−2|x|): no cancellation for large |x|.
pub(super) fn slope(x: f64) -> f64 {
    let e = (-2.0 * x.abs()).exp();
    4.0 * e / ((1.0 + e) * (1.0 + e))
}

/// −2 tanh x · sech² x.
pub(super) fn curvature(x: f64) -> f64 {
    -2.0 * x.tanh() * slope(x)
}
