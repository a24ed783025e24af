//! One step of an optimiser in one pass over weights, gradient and state, in place.
//!
//! Composed of tensor operations, a step of Adam passes about ten times over memory, and costs about
//! ten allocations a parameter however small.

mod pass;
mod state;

#[cfg(test)]
mod tests;

use crate::flex;
use crate::handle::writable;
use crate::real::{by_type, slice};
use crate::values::{Numbers, Values};
use burn::tensor::Tensor;
pub use state::State;

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
    /// Of the gradient as it came.
    pub gradient: f64,
}

/// Steps weights in place, where their handle is the only one. With `measure` the norms come back as
/// well.
///
/// The result does not depend on the number of threads. `Err` gives the weights back as they came
/// where they and the gradient are no tensors of Flex of one type, single or double precision.
///
/// # Shapes
///
/// - `weights` and the result: any
/// - `gradient`: as many numbers in the same order
///
/// # Panics
/// Where the numbers of elements differ from each other or from those of the state.
// The error is an argument, as large as the result.
#[allow(clippy::result_large_err)]
pub fn update<const D: usize>(
    by: &Update,
    weights: Tensor<D>,
    gradient: &Values,
    state: &mut State,
    measure: bool,
) -> Result<(Tensor<D>, Option<Norms>), Tensor<D>> {
    let weights = flex::open(weights)?;
    let dtype = weights.dtype();
    let Numbers::Flex(gradient) = &gradient.0 else {
        return Err(flex::close(weights));
    };
    if !flex::computes(dtype) || gradient.dtype() != dtype {
        return Err(flex::close(weights));
    }
    let mut weights = writable(weights);
    let norms = by_type!(weights, T => {
        let weights = weights.storage_mut::<T>();
        let kept = state.slots::<T>(by.rule.slots(), weights.len());
        pass::update(by, weights, slice!(gradient, T), kept, measure)
    });
    Ok((flex::close(weights), measure.then_some(norms)))
}
