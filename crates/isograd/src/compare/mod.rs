//! Running the cells of a comparison: data read once, trainings side by side.
//!
//! A run is computed by threads of its own, so its result does not depend on how many runs there are
//! at a time.

mod data;
mod pool;
mod run;

pub use data::{DataCache, Shared};
pub use pool::{Job, Moment, PoolError, run_all};
pub use run::run;

/// The build of this program, as far as results depend on it: its version and the hash of its
/// sources.
pub const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("ISOGRAD_SOURCES"));
