//! What is known of each activation without computing an expectation.

use super::{Activation, elu, linear};

/// A point where φ is not smooth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kink {
    /// Where.
    pub at: f64,
    /// φ′ on the right minus φ′ on the left; 0 where only a higher derivative jumps.
    pub jump: f64,
}

/// Largest slope of GELU, at x = √2.
const GELU_MAX_SLOPE: f64 = 1.128_904_145_185_154_8;
/// Largest slope of SiLU, at x = 2.399…
const SILU_MAX_SLOPE: f64 = 1.099_839_320_128_867;
/// Largest slope of Mish, at x = 1.490…
const MISH_MAX_SLOPE: f64 = 1.088_498_161_251_728;

impl Activation {
    /// The word of a description: `"relu"`, `"linear"` ….
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "linear",
            Self::Sigmoid => "sigmoid",
            Self::HardSigmoid => "hard_sigmoid",
            Self::Tanh => "tanh",
            Self::ScaledTanh { .. } => "scaled_tanh",
            Self::Softsign => "softsign",
            Self::Softplus => "softplus",
            Self::Relu => "relu",
            Self::LeakyRelu { .. } => "leaky_relu",
            Self::Elu { .. } => "elu",
            Self::Celu { .. } => "celu",
            Self::Selu => "selu",
            Self::Gelu => "gelu",
            Self::Silu => "silu",
            Self::Mish => "mish",
            Self::Exponential => "exponential",
        }
    }

    /// Where φ is not smooth, in increasing order.
    pub fn kinks(self) -> Vec<Kink> {
        let at_zero = |jump| vec![Kink { at: 0.0, jump }];
        match self {
            Self::Relu => at_zero(1.0),
            Self::LeakyRelu { slope } => at_zero(1.0 - slope),
            Self::Softsign | Self::Celu { .. } => at_zero(0.0),
            Self::Elu { alpha } => at_zero(1.0 - alpha),
            Self::Selu => at_zero(elu::SELU_LAMBDA * (1.0 - elu::SELU_ALPHA)),
            Self::HardSigmoid => vec![
                Kink {
                    at: -linear::HARD_SIGMOID_EDGE,
                    jump: linear::HARD_SIGMOID_SLOPE,
                },
                Kink {
                    at: linear::HARD_SIGMOID_EDGE,
                    jump: -linear::HARD_SIGMOID_SLOPE,
                },
            ],
            Self::Identity
            | Self::Sigmoid
            | Self::Tanh
            | Self::ScaledTanh { .. }
            | Self::Softplus
            | Self::Gelu
            | Self::Silu
            | Self::Mish
            | Self::Exponential => Vec::new(),
        }
    }

    /// Bounded, with a slope that goes to 0 on both sides: its units can saturate.
    pub fn saturating(self) -> bool {
        matches!(
            self,
            Self::Sigmoid
                | Self::HardSigmoid
                | Self::Tanh
                | Self::ScaledTanh { .. }
                | Self::Softsign
        )
    }

    /// Made of straight pieces.
    pub fn piecewise_linear(self) -> bool {
        matches!(
            self,
            Self::Identity | Self::HardSigmoid | Self::Relu | Self::LeakyRelu { .. }
        )
    }

    /// Slopes (below 0, above 0) where φ(s·x) = s·φ(x) for every s > 0, else `None`.
    pub fn homogeneous(self) -> Option<(f64, f64)> {
        match self {
            Self::Identity => Some((1.0, 1.0)),
            Self::Relu => Some((0.0, 1.0)),
            Self::LeakyRelu { slope } => Some((slope, 1.0)),
            _ => None,
        }
    }

    /// The distance on which φ changes its slope; 1 where φ has no scale among its options.
    pub(crate) fn scale(self) -> f64 {
        match self {
            Self::Celu { alpha } => alpha,
            Self::ScaledTanh { input, .. } => 1.0 / input,
            _ => 1.0,
        }
    }

    /// Least upper bound of |φ′|.
    pub fn max_slope(self) -> f64 {
        match self {
            Self::Identity
            | Self::Tanh
            | Self::Softsign
            | Self::Softplus
            | Self::Relu
            | Self::Celu { .. } => 1.0,
            Self::ScaledTanh { output, input } => output * input,
            Self::Sigmoid => 0.25,
            Self::HardSigmoid => linear::HARD_SIGMOID_SLOPE,
            Self::LeakyRelu { slope } => slope.abs().max(1.0),
            Self::Elu { alpha } => alpha.abs().max(1.0),
            Self::Selu => elu::SELU_LAMBDA * elu::SELU_ALPHA,
            Self::Gelu => GELU_MAX_SLOPE,
            Self::Silu => SILU_MAX_SLOPE,
            Self::Mish => MISH_MAX_SLOPE,
            Self::Exponential => f64::INFINITY,
        }
    }

    /// The best that φ can do for the gradient, in dB: 10·log₁₀ of E\[φ′(√v·z)²\], z ~ N(0, 1), at
    /// the best of three scales of the input: v → 0, v = 1 (where networks are held) and v → ∞.
    ///
    /// Small input is best for the saturating ones (tanh 0, sigmoid −12.04), large input for those
    /// that become a ReLU (softplus, GELU, SiLU, Mish: −3.01); homogeneous ones do not care. The
    /// exponential grows without limit: it is given its value at small input, 0.
    ///
    /// GELU, SiLU and Mish exceed their limit by at most 0.14 dB between v = 4 and 64, since their slope
    /// overshoots 1; this is not counted.
    pub fn best_gain_db(self) -> f64 {
        // E[φ′²] of a function with slope `below` left of 0 and `above` right of it.
        let sides = |below: f64, above: f64| 0.5 * (below * below + above * above);
        let square = match self {
            // A CELU has slope 1 at 0.
            Self::Identity
            | Self::Tanh
            | Self::Softsign
            | Self::Exponential
            | Self::Celu { .. } => 1.0,
            Self::Sigmoid => 0.0625,
            Self::HardSigmoid => linear::HARD_SIGMOID_SLOPE * linear::HARD_SIGMOID_SLOPE,
            Self::Relu | Self::Softplus | Self::Gelu | Self::Silu | Self::Mish => sides(0.0, 1.0),
            Self::LeakyRelu { slope } => sides(slope, 1.0),
            // Large input leaves ½ of the upper side alone, which is never better.
            Self::Elu { alpha } => sides(alpha, 1.0),
            Self::ScaledTanh { output, input } => (output * input).powi(2),
            Self::Selu => sides(elu::SELU_LAMBDA * elu::SELU_ALPHA, elu::SELU_LAMBDA),
        };
        10.0 * square.log10()
    }
}
