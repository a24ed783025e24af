//! One step of an optimiser in one pass over weights, gradient and state, in place.
//!
//! Composed of tensor operations, a step of Adam passes about ten times over memory, and costs about
//! ten allocations a parameter however small.

mod pass;

#[cfg(test)]
mod tests;

use crate::flex;
use crate::handle::writable;
use crate::real::{by_type, slice};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{Shape, Tensor};

/// The direction Δ that a gradient g and the tensors kept of earlier ones give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Δ = g.
    Plain,
    /// v ← momentum·v + g and Δ = v, or with Nesterov Δ = g + momentum·v.
    Momentum {
        /// What is kept of v.
        momentum: f64,
        /// Looks ahead by one more step of v.
        nesterov: bool,
    },
    /// m ← β1·m + (1 − β1)·g, v ← β2·v + (1 − β2)·g², Δ = m/bias1 / (√(v/bias2) + ε)
    /// (Kingma and Ba 2015, algorithm 1).
    Adam {
        /// What is kept of m.
        beta1: f64,
        /// What is kept of v.
        beta2: f64,
        /// ε.
        epsilon: f64,
        /// 1 − β1ⁿ at step n.
        bias1: f64,
        /// 1 − β2ⁿ at step n.
        bias2: f64,
    },
}

impl Rule {
    /// How many tensors of the size of the weights it keeps.
    pub fn slots(&self) -> usize {
        match self {
            Self::Plain => 0,
            Self::Momentum { .. } => 1,
            Self::Adam { .. } => 2,
        }
    }
}

/// w ← keep·w − rate·Δ(factor·g + decay·w).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// What Δ is.
    pub rule: Rule,
    /// Learning rate.
    pub rate: f64,
    /// In front of the gradient: its sign, and what clipping leaves of it.
    pub factor: f64,
    /// Weights added to the gradient: coupled decay.
    pub decay: f64,
    /// What decoupled decay leaves of the weights; 1 without.
    pub keep: f64,
}

/// Norms of one step, accumulated in `f64`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Norms {
    /// Of the weights before it.
    pub weights: f64,
    /// Of the step taken, decoupled decay apart.
    pub moved: f64,
}

/// Steps weights in place, where their handle is the only one; `state` holds [`Rule::slots`] tensors,
/// which are made at the first step. With `measure` the norms come back as well.
///
/// The result does not depend on the number of threads. `Err` gives weights and gradient back as they
/// came where they are no tensors of Flex of one type, single or double precision.
///
/// # Shapes
///
/// - `weights` and the result: any
/// - `gradient`: any with as many elements in the same order
/// - `state`: `[elements]`
///
/// # Panics
/// Where the numbers of elements differ, or there are fewer slots than the rule has.
// The error is the arguments, as large as the result.
#[allow(clippy::result_large_err)]
pub fn update<const D: usize, const E: usize>(
    by: &Update,
    weights: Tensor<D>,
    gradient: Tensor<E>,
    state: &mut [Option<Tensor<1>>],
    measure: bool,
) -> Result<(Tensor<D>, Option<Norms>), (Tensor<D>, Tensor<E>)> {
    let mut weights = match flex::open(weights) {
        Ok(weights) => weights,
        Err(weights) => return Err((weights, gradient)),
    };
    let gradient = match flex::open(gradient) {
        Ok(gradient) => gradient,
        Err(gradient) => return Err((flex::close(weights), gradient)),
    };
    let dtype = weights.dtype();
    if !flex::computes(dtype) || gradient.dtype() != dtype {
        return Err((flex::close(weights), flex::close(gradient)));
    }
    let gradient = gradient.to_contiguous();
    let elements = weights.shape().num_elements();
    assert_eq!(gradient.shape().num_elements(), elements, "gradient");
    let slots = by.rule.slots();
    let kept: [FlexTensor; 2] = std::array::from_fn(|i| {
        let before = state.get_mut(i).filter(|_| i < slots);
        let before = before.and_then(Option::take);
        let before = before.and_then(|tensor| flex::open(tensor).ok());
        let elements = if i < slots { elements } else { 0 };
        before.unwrap_or_else(|| FlexTensor::zeros(Shape::new([elements]), dtype))
    });
    weights = writable(weights);
    let mut kept = kept.map(writable);
    let norms = by_type!(weights, T => {
        let [first, second] = &mut kept;
        let (first, second) = (first.storage_mut::<T>(), second.storage_mut::<T>());
        let weights = weights.storage_mut::<T>();
        pass::update(by, weights, slice!(gradient, T), [first, second], measure)
    });
    for (slot, kept) in state[..slots].iter_mut().zip(kept) {
        *slot = Some(flex::close(kept));
    }
    Ok((flex::close(weights), measure.then_some(norms)))
}

type FlexTensor = FloatTensor<Flex>;
