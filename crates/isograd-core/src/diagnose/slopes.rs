//! What the rules need to know of an activation's derivative, beyond what the theory says.

use isograd_theory::Activation;

/// The least that an activation may pass on at its best, in dB, before its choice is what is blamed:
/// ReLU's −3.01 (half of the units), which weights of the usual size make up for. A sigmoid passes
/// −12.04 at its best, and weights large enough to make up for that drive it into saturation.
const WORST_GOOD_DB: f64 = -3.02;

/// True for an activation whose derivative is too small at its best: sigmoid and its like.
pub(super) fn is_poor_choice(activation: Activation) -> bool {
    activation.best_gain_db() < WORST_GOOD_DB
}

/// What an activation takes away at its best, in dB (not positive): unless that is so much that its
/// choice is to blame; then nothing is allowed.
pub(super) fn allowed_db(activation: Activation) -> f64 {
    if is_poor_choice(activation) {
        0.0
    } else {
        activation.best_gain_db().min(0.0)
    }
}

/// The largest |φ′| of an activation with two flat ends; `None` for all others, which cannot
/// saturate.
pub(super) fn saturating_slope(activation: Activation) -> Option<f64> {
    activation.saturating().then(|| activation.max_slope())
}

/// True for activations that pass about half of their inputs with slope near 1, for which He's
/// initialisation is made.
pub(super) fn is_rectifier(activation: Activation) -> bool {
    matches!(
        activation,
        Activation::Relu
            | Activation::LeakyRelu { .. }
            | Activation::Gelu
            | Activation::Silu
            | Activation::Mish
    )
}
