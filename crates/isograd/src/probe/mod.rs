//! What is measured, when, and how: the sink behind the probes, the schedule, weights and updates.

mod landscape;
mod linear;
mod noise;
mod probes;
mod reader;
mod recorder;
mod sample;
mod schedule;
mod through_time;
mod units;
mod weights;

pub use landscape::{Along, Shift, along_gradient, covariate_shift};
pub use linear::{LinearProbe, linear_probes};
pub use noise::{Course, Heard};
pub use probes::{Probes, Reading, Readings};
pub use reader::Reader;
pub use recorder::{Detail, Measured, Recorder};
pub use schedule::Schedule;
pub use through_time::{LastLoss, ThroughTime, ThroughTimeError, gradient_through_time};
pub use weights::{WeightRow, WeightSites, weight_norms};
