//! Clipping of gradients.

use burn::tensor::Tensor;
use isograd_core::describe::train::ClipSpec;
use isograd_kernels::moments;

/// Norms over all gradients together, for the clip ledger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clipped {
    /// As they came; not finite where an element is not.
    pub norm_before: f64,
    /// As they are now.
    pub norm_after: f64,
}

/// Clips gradients as the description says: every element into [−value, value] first, then all of
/// them scaled by one factor where their common norm exceeds the limit (Pascanu et al. 2013,
/// algorithm 1, over the whole network).
///
/// Norms are accumulated in `f64`. A norm that is not finite scales nothing, since the factor would
/// be 0 or undefined: the gradients stay as they are and `norm_after` says so. Clipping by value
/// turns infinities into the limit, and leaves NaN.
pub fn clip(spec: &ClipSpec, gradients: &mut [Tensor<1>]) -> Clipped {
    let norm_before = global_norm(gradients);
    let mut norm = norm_before;
    if let Some(value) = spec.value {
        for gradient in &mut *gradients {
            gradient.inplace(|g| g.clamp(-value, value));
        }
        norm = global_norm(gradients);
    }
    if let Some(limit) = spec.global_norm
        && norm.is_finite()
        && norm > limit
    {
        let factor = limit / norm;
        for gradient in &mut *gradients {
            gradient.inplace(|g| g.mul_scalar(factor));
        }
        norm = limit;
    }
    Clipped {
        norm_before,
        norm_after: norm,
    }
}

/// √Σg² over all tensors, accumulated in `f64`.
pub fn global_norm(gradients: &[Tensor<1>]) -> f64 {
    gradients
        .iter()
        .map(|gradient| moments(gradient).sum_squares)
        .sum::<f64>()
        .sqrt()
}
