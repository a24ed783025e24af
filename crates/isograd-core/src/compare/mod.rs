//! Comparisons: one grid file over descriptions, depths, cures and seeds, on the same data and order.
//!
//! [`Grid`] is the file, [`Cell`] one combination of values as a description, [`RunRecord`] what is
//! kept of one training, [`Store`] where, and [`summarise`] makes the table: means with intervals over
//! the seeds, the best value of an axis chosen on validation rows, Student's paired tests against a
//! control with Holm's correction, and the map of two axes. Nothing here trains.

mod at;
mod cell;
mod change;
mod changes;
mod grid;
mod map;
mod measure;
mod read;
mod record;
mod settings;
pub mod statistics;
pub mod store;
mod summary;
mod target;
#[cfg(test)]
pub(crate) mod tests;
mod value;

pub use cell::Cell;
pub use change::{Change, Op};
pub use grid::{Axis, AxisValue, Best, Grid, Quick, Rule, Start};
pub use map::Map;
pub use measure::Measure;
pub use record::{DIVERGED, LayerStart, Look, PartScore, RunRecord, Stretch};
pub use store::Store;
pub use summary::{CellRuns, Row, Summary, summarise};
pub use target::{Goal, Target};
