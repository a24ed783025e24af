//! Element-wise activations on tensors.

use burn::tensor::{Tensor, activation};
use isograd_kernels::{Curve, curve};
use isograd_theory::Activation;

/// Klambauer et al. 2017, appendix A.
const SELU: Curve = Curve::Elu {
    alpha: 1.673_263_242_354_377_2,
    scale: 1.050_700_987_355_480_5,
};

/// φ(x), element by element.
///
/// # Panics
/// For an activation that has no tensor form yet.
pub fn apply<const D: usize>(phi: Activation, x: Tensor<D>) -> Tensor<D> {
    match phi {
        Activation::Identity => x,
        Activation::Sigmoid => curve(Curve::Sigmoid, x),
        // Burn computes its own in single precision, whatever the type of the tensor.
        Activation::HardSigmoid => (x * 0.2 + 0.5).clamp(0.0, 1.0),
        Activation::Tanh => curve(Curve::Tanh, x),
        Activation::ScaledTanh { output, input } => curve(Curve::Tanh, x * input) * output,
        Activation::Softsign => activation::softsign(x),
        Activation::Softplus => activation::softplus(x, 1.0),
        Activation::Relu => activation::relu(x),
        Activation::LeakyRelu { slope } => activation::leaky_relu(x, slope),
        Activation::Elu { alpha } => curve(Curve::Elu { alpha, scale: 1.0 }, x),
        Activation::Celu { alpha } => {
            let elu = Curve::Elu {
                alpha: 1.0,
                scale: 1.0,
            };
            curve(elu, x / alpha) * alpha
        }
        Activation::Selu => curve(SELU, x),
        Activation::Gelu => curve(Curve::Gelu, x),
        Activation::Silu => curve(Curve::Silu, x),
        Activation::Mish => curve(Curve::Mish, x),
        Activation::Exponential => x.exp(),
        other => unreachable!("no tensor form of {other:?}"),
    }
}
