//! Clipping of gradients.

use super::parameter::{Parameter, Place};
use burn::tensor::Tensor;
use isograd_core::describe::train::ClipSpec;
use isograd_kernels::{Moments, moments};

/// The least norm of weights that adaptive clipping reckons with, so that units of zeros can move
/// (Brock et al. 2021).
const LEAST_WEIGHTS: f64 = 1e-3;

/// A gradient and what it belongs to.
#[derive(Clone, Debug)]
pub struct Gradient {
    /// Which parameter.
    pub parameter: Parameter,
    /// Its values, flattened; only adaptive clipping looks at them.
    pub weights: Tensor<1>,
    /// Its gradient, flattened.
    pub gradient: Tensor<1>,
}

impl Gradient {
    fn moments(&self) -> Moments {
        moments(&self.gradient)
    }

    fn scale(&mut self, factor: f64) {
        self.gradient.inplace(|g| g.mul_scalar(factor));
    }
}

/// What clipping did, for the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Clipped {
    /// Norm over all gradients together as they came; not finite where an element is not.
    pub norm_before: f64,
    /// The same as they are now.
    pub norm_after: f64,
    /// Something was clipped.
    pub any: bool,
    /// Which tensors were clipped by value, by their own norm or by units, in order; empty where
    /// the description asks for none of these.
    pub tensors: Vec<bool>,
}

/// Clips gradients as the description says, in this order: every element into [−value, value]; each
/// tensor to a norm of its own; each unit to a share of the norm of its weights (Brock et al. 2021,
/// equation 3: a unit is an output of a matrix or kernel, or a whole vector; the last layer is
/// exempt); all of them scaled by one factor where their common norm exceeds the limit (Pascanu et
/// al. 2013, algorithm 1, over the whole network).
///
/// Norms are accumulated in `f64`. A norm that is not finite scales nothing, since the factor would
/// be 0 or undefined: the gradients stay as they are and `norm_after` says so. Clipping by value
/// turns infinities into the limit, and leaves NaN.
pub fn clip(spec: &ClipSpec, gradients: &mut [Gradient]) -> Clipped {
    let mut all: Vec<Moments> = gradients.iter().map(Gradient::moments).collect();
    let norm_before = together(&all);
    let mut tensors = vec![false; if by_tensor(spec) { all.len() } else { 0 }];
    if by_tensor(spec) {
        for ((one, now), clipped) in gradients.iter_mut().zip(&mut all).zip(&mut tensors) {
            if let Some(value) = spec.value
                && (now.max_abs > value || now.non_finite > 0)
            {
                one.gradient.inplace(|g| g.clamp(-value, value));
                *now = one.moments();
                *clipped = true;
            }
            if let Some(limit) = spec.norm
                && let norm = now.sum_squares.sqrt()
                && norm.is_finite()
                && norm > limit
            {
                one.scale(limit / norm);
                *now = one.moments();
                *clipped = true;
            }
            if let Some(share) = spec.adaptive
                && adapt(share, one, *now)
            {
                *now = one.moments();
                *clipped = true;
            }
        }
    }
    let mut norm_after = together(&all);
    let mut any = tensors.contains(&true);
    if let (Some(factor), Some(limit)) = (limit(spec, norm_after), spec.global_norm) {
        for one in gradients.iter_mut() {
            one.scale(factor);
        }
        norm_after = limit;
        any = true;
    }
    Clipped {
        norm_before,
        norm_after,
        any,
        tensors,
    }
}

/// Whether tensors are clipped one by one: by value, by their own norm or by units.
pub(crate) fn by_tensor(spec: &ClipSpec) -> bool {
    spec.value.is_some() || spec.norm.is_some() || spec.adaptive.is_some()
}

/// What scales all gradients where their common norm is finite and exceeds the limit.
pub(crate) fn limit(spec: &ClipSpec, norm: f64) -> Option<f64> {
    let limit = spec.global_norm?;
    (norm.is_finite() && norm > limit).then(|| limit / norm)
}

/// Scales the units whose gradient is too large for their weights; true where there was one.
fn adapt(share: f64, one: &mut Gradient, now: Moments) -> bool {
    let largest = now.max_abs;
    if one.parameter.place == Place::Last
        || largest == 0.0
        || !largest.is_finite()
        || now.non_finite > 0
    {
        return false;
    }
    if !one.parameter.is_matrix() {
        let weights = moments(&one.weights).sum_squares.sqrt();
        let (limit, norm) = (share * weights.max(LEAST_WEIGHTS), now.sum_squares.sqrt());
        if norm > limit {
            one.scale(limit / norm);
        }
        return norm > limit;
    }
    let shape = one.parameter.rows_columns();
    let inputs = usize::from(!one.parameter.units_are_columns());
    let norms = |x: Tensor<1>| x.reshape(shape).square().sum_dim(inputs).sqrt();
    // Divided by the largest first: its square may not be a number of the tensor's type.
    let gradient = norms(one.gradient.clone().div_scalar(largest));
    let weights = norms(one.weights.clone()).clamp_min(LEAST_WEIGHTS);
    let factors = (weights.mul_scalar(share / largest) / gradient).clamp_max(1.0);
    let least = factors.clone().min().into_data().iter::<f64>().next();
    if least.is_none_or(|least| least >= 1.0) {
        return false;
    }
    let elements = one.gradient.dims();
    one.gradient
        .inplace(|g| (g.reshape(shape) * factors).reshape(elements));
    true
}

/// √Σg² over all tensors.
fn together(all: &[Moments]) -> f64 {
    all.iter().map(|m| m.sum_squares).sum::<f64>().sqrt()
}

/// √Σg² over all tensors, accumulated in `f64`.
pub fn global_norm<'a>(gradients: impl IntoIterator<Item = &'a Tensor<1>>) -> f64 {
    let squares = gradients.into_iter().map(|g| moments(g).sum_squares);
    squares.sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests;
