//! Normalisations in few passes over memory, forward and backward.
//!
//! Composed of Burn 0.22's operations they are a dozen passes with as many buffers, and the backward
//! pass twice as many.

mod batch;
mod number;
mod rows;
mod shown;
mod sums;

pub use batch::{BatchNormBackend, BatchNormalisation, BatchNormalised, batch_norm};
pub use rows::{RowNormBackend, Rows, row_norm};
