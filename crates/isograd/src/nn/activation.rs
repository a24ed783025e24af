//! Element-wise activations on tensors.

use burn::tensor::Tensor;
use isograd_kernels::{Curve, Watch, curve_watched};
use isograd_theory::Activation;

/// Klambauer et al. 2017, appendix A.
const SELU: Curve = Curve::Elu {
    alpha: 1.673_263_242_354_377_2,
    scale: 1.050_700_987_355_480_5,
};

/// The kernel of an activation; `None` of the identity.
///
/// # Panics
/// For an activation that has no tensor form yet.
pub(crate) fn curve_of(phi: Activation) -> Option<Curve> {
    Some(match phi {
        Activation::Identity => return None,
        Activation::Sigmoid => Curve::Sigmoid,
        Activation::HardSigmoid => Curve::HardSigmoid,
        Activation::Tanh => Curve::Tanh,
        Activation::ScaledTanh { output, input } => Curve::ScaledTanh { output, input },
        Activation::Softsign => Curve::Softsign,
        Activation::Softplus => Curve::Softplus,
        Activation::Relu => Curve::Relu,
        Activation::LeakyRelu { slope } => Curve::LeakyRelu { slope },
        Activation::Elu { alpha } => Curve::Elu { alpha, scale: 1.0 },
        Activation::Celu { alpha } => Curve::Celu { alpha },
        Activation::Selu => SELU,
        Activation::Gelu => Curve::Gelu,
        Activation::Silu => Curve::Silu,
        Activation::Mish => Curve::Mish,
        Activation::Exponential => Curve::Exponential,
        other => unreachable!("no tensor form of {other:?}"),
    })
}

/// φ(x), element by element.
///
/// # Panics
/// For an activation that has no tensor form yet.
pub fn apply<const D: usize>(phi: Activation, x: Tensor<D>) -> Tensor<D> {
    seen(phi, x, &mut None)
}

/// [`apply`], shown to the watch in the pass that makes it.
pub(super) fn seen<const D: usize>(
    phi: Activation,
    x: Tensor<D>,
    watch: &mut Option<Watch>,
) -> Tensor<D> {
    match curve_of(phi) {
        Some(curve) => curve_watched(curve, x, watch.take()),
        None => x,
    }
}
