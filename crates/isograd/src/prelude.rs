//! What a model of one's own needs.
//!
//! ```
//! use burn::module::Module;
//! use burn::nn::{Linear, LinearConfig};
//! use burn::tensor::{Device, Tensor};
//! use isograd::prelude::*;
//!
//! #[derive(Module, Debug)]
//! struct Net {
//!     hidden: Dense,
//!     head: Linear,
//! }
//!
//! let device = Device::flex().autodiff();
//! let net = Net {
//!     hidden: Dense::new(2, 16, &device),
//!     head: LinearConfig::new(16, 1).init(&device),
//! };
//! let net = initialise(net, &"he_normal".parse()?, 1);
//! let probes = Probes::new();
//! let x = Tensor::<2>::from_floats([[1.0, -1.0], [0.5, 2.0]], &device);
//! let h = probes.see("hidden", net.hidden.forward(x));
//! let loss = net.head.forward(h).powi_scalar(2).mean();
//! let mut optimizer = Optimizer::new(&"adam".parse()?);
//! let (net, clipped) = optimizer.update(net, loss.backward(), &"{ global_norm = 1.0 }".parse()?);
//! assert!(clipped.norm_after <= 1.0);
//! assert!(probes.take()[0].gradient.is_some());
//! # Ok::<(), isograd_core::describe::DescribeError>(())
//! ```

pub use crate::data::{Batch, Data};
pub use crate::nn::{BatchNorm, Conv2d, Dense, LayerNorm, RmsNorm, initialise};
pub use crate::optim::{Clipped, Optimizer};
pub use crate::probe::{Probes, Reading, Readings};
pub use isograd_core::describe::DataSpec;
pub use isograd_core::describe::network::Init;
pub use isograd_core::describe::train::{ClipSpec, OptimizerSpec};
