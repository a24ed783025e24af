//! Mean-field theory of signal and gradient propagation in deep networks, in `f64`.
//!
//! No tensors and no descriptions: activations as functions of one real variable, their Gaussian
//! expectations, and the maps that follow from them.
//!
//! ```
//! use isograd_theory::{Activation, Gaussian};
//!
//! // A sigmoid layer with LeCun weights: the gradient norm shrinks to √E[φ′²] of itself, at the
//! // second moment 0.293 that the layer before puts out.
//! let sigmoid = Activation::Sigmoid;
//! let q = sigmoid.second_moment(Gaussian::centred(0.2671));
//! let factor = sigmoid.slope_square(Gaussian::centred(q)).sqrt();
//! assert!((factor - 0.2361).abs() < 2e-4);
//! ```

#![warn(missing_docs)]

pub mod activation;
pub mod gaussian;
pub mod normal;
mod quadrature;

pub use activation::Activation;
pub use gaussian::Gaussian;
