//! Networks on Burn: blocks, initialisation, and the builder from a plan.

pub mod activation;
mod batch_norm;
mod build;
mod conv2d;
mod dense;
mod dropout;
mod dynamic_tanh;
mod group_norm;
pub mod init;
mod initialise;
mod layer_norm;
mod layers;
mod module;
mod multiplier;
mod network;
mod parameters;
mod pass;
mod rms_norm;
mod signal;
mod skip;

pub use batch_norm::{BatchNorm, BatchNormOptions};
pub use build::Build;
pub use conv2d::Conv2d;
pub use dense::Dense;
pub use dynamic_tanh::DynamicTanh;
pub use group_norm::GroupNorm;
pub use initialise::initialise;
pub use layer_norm::LayerNorm;
pub use multiplier::{Multiplier, Offset};
pub use network::{Frame, Network};
pub use parameters::Parameters;
pub use pass::{Mode, Pass};
pub use rms_norm::RmsNorm;
pub use signal::Signal;
