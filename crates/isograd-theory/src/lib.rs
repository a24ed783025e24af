//! Mean-field theory of signal and gradient propagation in deep networks, in `f64`.
//!
//! No tensors and no descriptions: activations as functions of one real variable, their Gaussian
//! expectations, and the maps that follow from them.
//!
//! ```
//! use isograd_theory::{Activation, map::{Layer, SearchParams}};
//!
//! // Sigmoid with LeCun weights: the gradient norm shrinks to 0.2361 of itself in every layer.
//! let layer = Layer {
//!     activation: Activation::Sigmoid,
//!     weight_variance: 1.0,
//!     bias_variance: 0.0,
//! };
//! let fixed = layer.fixed_points(SearchParams::default())?[0];
//! assert!((layer.chi(fixed.q).sqrt() - 0.2361).abs() < 1e-4);
//! # Ok::<(), isograd_theory::TheoryError>(())
//! ```

#![warn(missing_docs)]

pub mod activation;
pub mod critical;
mod error;
pub mod gaussian;
pub mod map;
pub mod normal;
pub mod normalisation;
mod quadrature;
pub mod residual;
pub mod tailored;

pub use activation::Activation;
pub use error::TheoryError;
pub use gaussian::Gaussian;
