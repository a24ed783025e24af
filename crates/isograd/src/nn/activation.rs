//! Element-wise activations on tensors.

use burn::tensor::{Tensor, activation};
use isograd_theory::Activation;

/// φ(x), element by element.
///
/// # Panics
/// For an activation that has no tensor form yet.
pub fn apply<const D: usize>(phi: Activation, x: Tensor<D>) -> Tensor<D> {
    match phi {
        Activation::Identity => x,
        Activation::Sigmoid => activation::sigmoid(x),
        // Burn computes its own in single precision, whatever the type of the tensor.
        Activation::HardSigmoid => (x * 0.2 + 0.5).clamp(0.0, 1.0),
        Activation::Tanh => activation::tanh(x),
        Activation::Softsign => activation::softsign(x),
        Activation::Softplus => activation::softplus(x, 1.0),
        Activation::Relu => activation::relu(x),
        Activation::LeakyRelu { slope } => activation::leaky_relu(x, slope),
        Activation::Elu { alpha } => activation::elu(x, alpha),
        Activation::Selu => activation::selu(x),
        Activation::Gelu => activation::gelu(x),
        Activation::Silu => activation::silu(x),
        Activation::Mish => activation::mish(x),
        Activation::Exponential => x.exp(),
        other => unreachable!("no tensor form of {other:?}"),
    }
}
