//! What the rules need to know of an activation's derivative.

use isograd_theory::Activation;

/// The largest E[φ′(h)²] over all sizes of the pre-activation h, in dB: the most gradient that the
/// activation can pass on. For the GELU family it is that of large pre-activations, where it acts as
/// ReLU.
pub(super) fn best_db(activation: Activation) -> f64 {
    let half = 10.0 * 0.5_f64.log10();
    match activation {
        Activation::Sigmoid => 20.0 * 0.25_f64.log10(),
        Activation::HardSigmoid => 20.0 * 0.2_f64.log10(),
        Activation::Relu
        | Activation::Softplus
        | Activation::Gelu
        | Activation::Silu
        | Activation::Mish => half,
        Activation::LeakyRelu { slope } => 10.0 * (0.5 + 0.5 * slope * slope).log10(),
        Activation::Elu { alpha } => 10.0 * (0.5 + 0.5 * alpha * alpha).log10(),
        _ => 0.0,
    }
}

/// The largest |φ′| of an activation with two flat ends; `None` for all others, which cannot
/// saturate.
pub(super) fn saturating_slope(activation: Activation) -> Option<f64> {
    match activation {
        Activation::Sigmoid => Some(0.25),
        Activation::HardSigmoid => Some(0.2),
        Activation::Tanh | Activation::Softsign => Some(1.0),
        _ => None,
    }
}

/// True for activations that make up for ReLU-like weights: half of the inputs pass with slope near 1.
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

/// The word of the description.
pub(super) fn word(activation: Activation) -> &'static str {
    match activation {
        Activation::Identity => "identity",
        Activation::Sigmoid => "sigmoid",
        Activation::HardSigmoid => "hard_sigmoid",
        Activation::Tanh => "tanh",
        Activation::Softsign => "softsign",
        Activation::Softplus => "softplus",
        Activation::Relu => "relu",
        Activation::LeakyRelu { .. } => "leaky_relu",
        Activation::Elu { .. } => "elu",
        Activation::Selu => "selu",
        Activation::Gelu => "gelu",
        Activation::Silu => "silu",
        Activation::Mish => "mish",
        Activation::Exponential => "exponential",
        _ => "activation",
    }
}
