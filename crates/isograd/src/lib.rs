//! Build, probe, train and mend deep networks on Burn.

#![warn(missing_docs)]

pub mod compare;
pub mod data;
pub mod nn;
pub mod optim;
pub mod prelude;
pub mod probe;
pub mod session;
pub mod store;
pub mod train;

pub use isograd_kernels::memory::Allocator;
pub use isograd_kernels::memory::keep_freed as keep_freed_memory;
pub use isograd_kernels::threads::start as start_threads;
