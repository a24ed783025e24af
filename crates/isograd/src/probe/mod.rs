//! What is measured, when, and how: the sink behind the probes, the schedule, weights and updates.

mod probes;
mod recorder;
mod schedule;
mod units;
mod weights;

pub use probes::{Probes, Reading, Readings};
pub use recorder::{Detail, Recorder};
pub use schedule::Schedule;
pub use weights::{InitNorms, WeightRow, weight_rows};
