//! What a training is asked to do, and what it says on the way.

use crate::nn::Network;
use crate::probe::Schedule;
use isograd_core::describe::train::Metric;
use isograd_core::trace::{ClipLedger, Record, Site, Trace, Validation};

/// What a training may use up and what it measures. The default is the description's whole budget
/// and the default schedule.
#[derive(Clone, Debug, Default)]
pub struct TrainOptions {
    /// Stops after this many steps.
    pub max_steps: Option<u64>,
    /// Stops after the first step that ends later than this.
    pub max_seconds: Option<f64>,
    /// Evaluates the validation part every so many steps too, not only after every epoch.
    pub validate_every: Option<u64>,
    /// What is measured.
    pub watch: Schedule,
    /// Replaces the description's seed for initialisation, order, dropout and augmentation; the
    /// split of the data keeps the description's.
    pub seed: Option<u64>,
}

/// How far a training is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// Steps in all, unless it stops earlier.
    pub steps: u64,
    /// Epochs done, with the fraction.
    pub epoch: f64,
    /// Seconds since the start.
    pub seconds: f64,
    /// Loss of the last step.
    pub loss: f64,
}

impl Progress {
    /// Seconds still to go at the pace so far.
    pub fn remaining(&self) -> Option<f64> {
        (self.step > 0)
            .then(|| self.seconds / self.step as f64 * self.steps.saturating_sub(self.step) as f64)
    }
}

/// Hears what happens during a training. Every method has an empty default.
pub trait Observer {
    /// Where the probes sit, once, before anything is measured.
    fn sites(&mut self, _sites: &[Site]) {}
    /// A record was made.
    fn record(&mut self, _record: &Record) {}
    /// The validation part was evaluated.
    fn validation(&mut self, _validation: &Validation) {}
    /// A step was done.
    fn progress(&mut self, _progress: &Progress) {}
    /// Asked before every step: another schedule from here on. Its probes are not heeded, only those of
    /// [`TrainOptions::watch`].
    fn watch(&mut self) -> Option<Schedule> {
        None
    }
    /// Asked after every step: true ends the training there, with everything as it is then.
    fn stop(&mut self) -> bool {
        false
    }
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The description's epochs or steps are done.
    Done,
    /// [`TrainOptions::max_steps`] or [`TrainOptions::max_seconds`] was reached.
    Budget,
    /// The observer asked for it.
    Asked,
    /// The loss was not finite for [`super::PATIENCE_NON_FINITE`] steps in a row: the parameters
    /// are lost and no further step can bring them back.
    NonFinite,
}

/// How good a network is on a part of the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Mean loss.
    pub loss: f64,
    /// The metric; NaN where it cannot be said.
    pub metric: f64,
    /// Examples evaluated.
    pub examples: usize,
    /// One number an example, in order: right (1) or wrong (0), else the absolute error.
    pub scores: Vec<f32>,
}

/// A training that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Everything that was measured.
    pub trace: Trace,
    /// Steps done.
    pub steps: u64,
    /// Seconds taken, evaluation included.
    pub seconds: f64,
    /// Why it ended.
    pub stopped: StopReason,
    /// Which metric the scores hold.
    pub metric: Metric,
    /// On the validation part, at the end.
    pub valid: Option<Score>,
    /// On the test part, at the end.
    pub test: Option<Score>,
    /// Seconds that measuring took; `None` where it cannot be told from the steps.
    pub measuring: Option<f64>,
    /// How often and how much gradients were clipped; `None` where the description has no limit.
    pub clipping: Option<ClipLedger>,
    /// The trained network.
    pub network: Network,
}
