//! Element-wise activation functions, as functions of one real variable.
//!
//! Values and derivatives are accurate to a few ulps for every `f64`, do not overflow where the
//! result is finite, and pass NaN through.

mod elu;
mod facts;
mod gelu;
mod linear;
mod logistic;
mod mish;
mod softsign;
mod tanh;

pub use facts::Kink;

/// An element-wise activation function φ with its options.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// φ(x) = x.
    Identity,
    /// φ(x) = 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// φ(x) = clip(0.2 x + 0.5, 0, 1) (Keras 2).
    HardSigmoid,
    /// φ(x) = tanh x.
    Tanh,
    /// φ(x) = `output`·tanh(`input`·x), both positive: LeCun's 1.7159·tanh(2x/3) (1998, §4.4), and
    /// what [`tailored`](crate::tailored) makes of tanh.
    ScaledTanh {
        /// What it saturates at; default 1.7159.
        output: f64,
        /// Factor on x; default 2/3.
        input: f64,
    },
    /// φ(x) = x / (1 + |x|).
    Softsign,
    /// φ(x) = ln(1 + eˣ).
    Softplus,
    /// φ(x) = max(x, 0).
    Relu,
    /// φ(x) = x for x ≥ 0, `slope`·x below.
    LeakyRelu {
        /// Slope of the negative part; default 0.01.
        slope: f64,
    },
    /// φ(x) = x for x ≥ 0, `alpha`·(eˣ − 1) below (Clevert 2015).
    Elu {
        /// Saturation value −α; default 1.
        alpha: f64,
    },
    /// φ(x) = x for x ≥ 0, `alpha`·(e^{x/alpha} − 1) below (Barron 2017): an ELU whose slope does
    /// not jump, whatever its α > 0.
    Celu {
        /// Saturation value −α, and the scale on which it is reached; default 1.
        alpha: f64,
    },
    /// λ·ELU(x, α) with the self-normalising constants (Klambauer 2017).
    Selu,
    /// φ(x) = x·Φ(x) (Hendrycks 2016), exact, not the tanh approximation.
    Gelu,
    /// φ(x) = x·sigmoid(x) (Elfwing 2017).
    Silu,
    /// φ(x) = x·tanh(softplus x) (Misra 2019).
    Mish,
    /// φ(x) = eˣ.
    Exponential,
}

impl Activation {
    /// φ(x).
    pub fn value(self, x: f64) -> f64 {
        match self {
            // Not alpha·(x/alpha) above 0, which may overflow.
            Self::Celu { alpha } if x < 0.0 => alpha * elu::value(x / alpha, 1.0),
            Self::Identity | Self::Celu { .. } => x,
            Self::Sigmoid => logistic::sigmoid(x),
            Self::HardSigmoid => linear::hard_sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::ScaledTanh { output, input } => output * (input * x).tanh(),
            Self::Softsign => softsign::value(x),
            Self::Softplus => logistic::softplus(x),
            Self::Relu => linear::leaky(x, 0.0),
            Self::LeakyRelu { slope } => linear::leaky(x, slope),
            Self::Elu { alpha } => elu::value(x, alpha),
            Self::Selu => elu::SELU_LAMBDA * elu::value(x, elu::SELU_ALPHA),
            Self::Gelu => gelu::value(x),
            Self::Silu => logistic::silu(x),
            Self::Mish => mish::value(x),
            Self::Exponential => x.exp(),
        }
    }

    /// φ′(x). At a kink of φ the left derivative, as in the usual frameworks (ReLU: 0 at 0).
    pub fn derivative(self, x: f64) -> f64 {
        match self {
            Self::Identity => linear::constant(x, 1.0),
            Self::Sigmoid => logistic::sigmoid_slope(x),
            Self::HardSigmoid => linear::hard_sigmoid_slope(x),
            Self::Tanh => tanh::slope(x),
            Self::ScaledTanh { output, input } => output * input * tanh::slope(input * x),
            Self::Softsign => softsign::slope(x),
            Self::Softplus => logistic::sigmoid(x),
            Self::Relu => linear::leaky_slope(x, 0.0),
            Self::LeakyRelu { slope } => linear::leaky_slope(x, slope),
            Self::Elu { alpha } => elu::slope(x, alpha),
            Self::Celu { alpha } => elu::slope(x / alpha, 1.0),
            Self::Selu => elu::SELU_LAMBDA * elu::slope(x, elu::SELU_ALPHA),
            Self::Gelu => gelu::slope(x),
            Self::Silu => logistic::silu_slope(x),
            Self::Mish => mish::slope(x),
            Self::Exponential => x.exp(),
        }
    }

    /// φ″(x) away from the kinks; the jumps of φ′ are in [`Activation::kinks`].
    pub fn second_derivative(self, x: f64) -> f64 {
        match self {
            Self::Identity | Self::HardSigmoid | Self::Relu | Self::LeakyRelu { .. } => {
                linear::constant(x, 0.0)
            }
            Self::Sigmoid => logistic::sigmoid_curvature(x),
            Self::Tanh => tanh::curvature(x),
            Self::ScaledTanh { output, input } => {
                output * input * input * tanh::curvature(input * x)
            }
            Self::Softsign => softsign::curvature(x),
            Self::Softplus => logistic::sigmoid_slope(x),
            Self::Elu { alpha } => elu::curvature(x, alpha),
            Self::Celu { alpha } => elu::curvature(x / alpha, 1.0) / alpha,
            Self::Selu => elu::SELU_LAMBDA * elu::curvature(x, elu::SELU_ALPHA),
            Self::Gelu => gelu::curvature(x),
            Self::Silu => logistic::silu_curvature(x),
            Self::Mish => mish::curvature(x),
            Self::Exponential => x.exp(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
