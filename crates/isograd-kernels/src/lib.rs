//! The probe and fused CPU operations, as a Burn backend extension.
//!
//! The only crate of isograd that may contain `unsafe` code. Every operation has a generic form
//! made of ordinary tensor operations, so that the same code runs on every backend of Burn.

#![warn(missing_docs)]
// A loop is vectorised only where all that it calls is in it.
#![allow(clippy::inline_always)]

pub mod attention;
pub mod concat;
pub mod conv;
pub mod cross_entropy;
pub mod curve;
pub mod dense;
pub mod directions;
mod fetch;
mod flex;
mod fold;
pub mod follow;
pub mod gate;
pub mod handed;
mod handle;
mod lanes;
mod matrix;
pub mod memory;
pub mod moments;
pub mod norm;
mod pieces;
pub mod plus;
pub mod probe;
mod real;
pub mod recurrence;
pub mod softmax;
pub mod squares;
#[cfg(test)]
mod testing;
pub mod threads;
pub mod update;
mod values;
mod width;

pub use attention::{Looks, attend, attend_to_self};
pub use concat::concat;
pub use conv::{Windows, conv2d, conv2d_watched};
pub use cross_entropy::{Classes, cross_entropy};
pub use curve::{Curve, add_slope_squares, curve, curve_watched};
pub use dense::{Dense, dense};
pub use directions::{add_directions, cosines};
pub use fetch::claim;
pub use flex::change;
pub use follow::FOLLOWED;
pub use gate::gate;
pub use handed::handed;
pub use moments::{Moments, moments};
pub use norm::{BatchNormalisation, BatchNormalised, Rows, batch_norm, row_norm};
pub use plus::plus;
pub use probe::{Direction, Sink, Slice, View, Want, Watch, probe};
pub use recurrence::{Cell, Recurrence, recur};
pub use softmax::softmax;
pub use squares::sums_of_squares;
pub use update::{Norms, Rule, State, Update, update};
pub use values::Values;
