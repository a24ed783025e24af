//! Piecewise-linear activations: ReLU, leaky ReLU, hard sigmoid.

/// Where the hard sigmoid 0.2 x + 0.5 reaches 0 and 1.
pub(super) const HARD_SIGMOID_EDGE: f64 = 2.5;
/// Slope of the hard sigmoid between its edges.
pub(super) const HARD_SIGMOID_SLOPE: f64 = 0.2;

/// `value` for every number, NaN for NaN.
pub(super) fn constant(x: f64, value: f64) -> f64 {
    if x.is_nan() { x } else { value }
}

/// x for x > 0, `slope`·x below; with slope 0 an input of −∞ gives 0.
pub(super) fn leaky(x: f64, slope: f64) -> f64 {
    if x > 0.0 {
        x
    } else if slope == 0.0 {
        constant(x, 0.0)
    } else {
        slope * x
    }
}

/// 1 for x > 0, else `slope`.
pub(super) fn leaky_slope(x: f64, slope: f64) -> f64 {
    constant(x, if x > 0.0 { 1.0 } else { slope })
}

/// clip(0.2 x + 0.5, 0, 1).
pub(super) fn hard_sigmoid(x: f64) -> f64 {
    (HARD_SIGMOID_SLOPE * x + 0.5).clamp(0.0, 1.0)
}

/// 0.2 between the edges, else 0.
pub(super) fn hard_sigmoid_slope(x: f64) -> f64 {
    let inside = x > -HARD_SIGMOID_EDGE && x <= HARD_SIGMOID_EDGE;
    constant(x, if inside { HARD_SIGMOID_SLOPE } else { 0.0 })
}
