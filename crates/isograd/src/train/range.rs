//! The learning-rate range test on a description.

use super::TrainError;
use super::fit::Fit;
use super::options::{Observer, Progress, TrainOptions};
use crate::probe::Schedule;
use crate::session::Prepared;
use isograd_core::trace::{RangeTest, Record};

/// Which rates are tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangeOptions {
    /// The first.
    pub from: f64,
    /// The last.
    pub to: f64,
    /// Steps from the first to the last, each larger by the same factor; at least 2.
    pub steps: u64,
}

impl Default for RangeOptions {
    /// From 1e-7 to 10 in 200 steps.
    fn default() -> Self {
        Self {
            from: 1e-7,
            to: 10.0,
            steps: 200,
        }
    }
}

impl RangeOptions {
    /// The rate of a step, from 0.
    pub(super) fn rate(&self, step: u64) -> f64 {
        let share = step as f64 / (self.steps.max(2) - 1) as f64;
        self.from * (self.to / self.from).powf(share)
    }
}

/// Trains a prepared description with a rate that grows from step to step, in place of the
/// description's rate and schedule, until the loss has diverged (Smith 2017, section 3.3). Epochs are
/// begun anew as often as it takes; nothing is validated.
///
/// ```
/// use isograd::session::prepare;
/// use isograd::train::{RangeOptions, Silent, range_test};
/// use isograd_core::describe::Document;
/// use std::path::Path;
///
/// let text = r#"
/// [data]
/// source = "circles"
/// [network]
/// layers = [{ dense = 16 }, "tanh", { dense = "classes" }]
/// [train]
/// loss = "cross_entropy"
/// optimizer = "adam"
/// "#;
/// let document = Document::parse(text, Path::new("circles.toml"))?;
/// let prepared = prepare(&document, None)?;
/// let test = range_test(&prepared, &RangeOptions::default(), &mut Silent)?;
/// assert!(test.suggested().is_some_and(|lr| (1e-4..1.0).contains(&lr)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn range_test(
    prepared: &Prepared,
    options: &RangeOptions,
    observer: &mut dyn Observer,
) -> Result<RangeTest, TrainError> {
    let mut ranging = Ranging {
        test: RangeTest::default(),
        inner: observer,
    };
    let quiet = TrainOptions {
        watch: Schedule::none(),
        ..TrainOptions::default()
    };
    Fit::new(prepared, &quiet, &mut ranging)?.sweep(*options);
    Ok(ranging.test)
}

/// Enters every step, and ends the test when the loss has diverged.
struct Ranging<'a> {
    test: RangeTest,
    inner: &'a mut dyn Observer,
}

impl Observer for Ranging<'_> {
    fn record(&mut self, record: &Record) {
        self.test.enter(record.network.lr, record.network.loss);
    }

    fn progress(&mut self, progress: &Progress) {
        self.inner.progress(progress);
    }

    fn stop(&mut self) -> bool {
        self.test.diverged() || self.inner.stop()
    }
}
