//! Reports: draws what the other rooms computed.
//!
//! [`facts`] says what a report is made from, [`layers`] puts prediction and measurement of every
//! layer side by side; [`terminal`], [`json`] and [`comparison`] draw.

pub mod comparison;
pub mod facts;
pub mod json;
pub mod layers;
pub mod terminal;

#[cfg(test)]
mod sample;

pub use comparison::CompareReport;
pub use facts::{
    DoctorReport, Facts, Overhead, PredictReport, RangeReport, Score, StopWord, ThroughTime,
    TrainReport, Training,
};
pub use layers::LayerRow;
pub use terminal::Style;
