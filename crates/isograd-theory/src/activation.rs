//! Element-wise activation functions.

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
