//! Mean-field theory of signal and gradient propagation in deep networks, in `f64`.
//!
//! No tensors and no descriptions: activations as functions of one real variable, their Gaussian
//! expectations, and the maps that follow from them.

#![warn(missing_docs)]

pub mod activation;

pub use activation::Activation;
