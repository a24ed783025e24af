//! What reports are made from, beside the types of the other rooms.

use crate::describe::Plan;
use crate::describe::train::Metric;
use crate::diagnose::Diagnosis;
use crate::predict::Prediction;
use crate::trace::{ClipLedger, RangeTest, Trace};
use std::path::Path;

/// What was asked for, in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Name of the description.
    pub name: String,
    /// The description's file, as the user wrote it.
    pub file: String,
    /// The data: `circles: 700 training and 300 validation examples, 2 inputs, 2 classes`.
    pub data: String,
    /// Loss, optimiser and batch: `cross_entropy, adamw with rate 0.001, batches of 128`.
    pub recipe: String,
    /// Where it is computed: `CPU (Flex)`.
    pub device: String,
    /// Seed of all random streams.
    pub seed: u64,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopWord {
    /// The description's budget was used up.
    Finished,
    /// The command's own limit of steps or seconds was reached.
    Limit,
    /// The user asked for it.
    Interrupted,
    /// The loss, a gradient or a weight was not finite.
    NonFinite,
}

impl StopWord {
    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Limit => "limit",
            Self::Interrupted => "interrupted",
            Self::NonFinite => "non_finite",
        }
    }
}

/// How a training went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// Steps done.
    pub steps: u64,
    /// Steps of the description's whole budget.
    pub planned: u64,
    /// Seconds taken.
    pub seconds: f64,
    /// Why it ended.
    pub stopped: StopWord,
    /// What is reported on held-out rows.
    pub metric: Metric,
}

/// What the probe cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overhead {
    /// Seconds of the training in which something was measured.
    pub probe_seconds: f64,
    /// Seconds of the whole training.
    pub seconds: f64,
}

impl Overhead {
    /// The part of the time that measuring took, 0 to 1.
    pub fn share(self) -> f64 {
        if self.seconds > 0.0 {
            self.probe_seconds / self.seconds
        } else {
            0.0
        }
    }
}

/// How good a network is on some rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Mean loss.
    pub loss: f64,
    /// The metric.
    pub metric: f64,
    /// Rows.
    pub examples: usize,
}

/// How the gradient of the loss at the last step shrinks on its way back through the states of a
/// recurrent layer, before the first step of the training.
#[derive(Clone, Debug, PartialEq)]
pub struct ThroughTime {
    /// The layer.
    pub layer: String,
    /// ‖∂L/∂h_{T−k}‖ ÷ ‖∂L/∂h_T‖, from lag k = 0 on.
    pub state: Vec<f64>,
    /// The same of an LSTM's cells.
    pub cell: Option<Vec<f64>>,
}

/// All that `doctor` shows.
#[derive(Clone, Copy, Debug)]
pub struct DoctorReport<'a> {
    /// What was asked for.
    pub facts: &'a Facts,
    /// The network written out.
    pub plan: &'a Plan,
    /// What theory says.
    pub prediction: &'a Prediction,
    /// What was measured.
    pub trace: &'a Trace,
    /// What was found.
    pub diagnosis: &'a Diagnosis,
    /// One entry a recurrent layer that it can be measured of.
    pub through_time: &'a [ThroughTime],
    /// How the training went.
    pub training: Training,
    /// What the probe cost, where it was measured.
    pub overhead: Option<Overhead>,
    /// The run directory.
    pub run: Option<&'a Path>,
}

/// All that `train` shows at its end.
#[derive(Clone, Copy, Debug)]
pub struct TrainReport<'a> {
    /// What was asked for.
    pub facts: &'a Facts,
    /// The network written out.
    pub plan: &'a Plan,
    /// What was measured.
    pub trace: &'a Trace,
    /// How the training went.
    pub training: Training,
    /// On the validation part, at the end.
    pub valid: Option<Score>,
    /// On the test part, at the end.
    pub test: Option<Score>,
    /// How often and how much gradients were clipped, where the description has a limit.
    pub clipping: Option<&'a ClipLedger>,
    /// What the probe cost, where it was measured.
    pub overhead: Option<Overhead>,
    /// The run directory.
    pub run: Option<&'a Path>,
}

/// All that the learning-rate range test shows.
#[derive(Clone, Copy, Debug)]
pub struct RangeReport<'a> {
    /// What was asked for.
    pub facts: &'a Facts,
    /// The network written out.
    pub plan: &'a Plan,
    /// What was measured.
    pub test: &'a RangeTest,
}

/// All that `predict` shows.
#[derive(Clone, Copy, Debug)]
pub struct PredictReport<'a> {
    /// What was asked for.
    pub facts: &'a Facts,
    /// The network written out.
    pub plan: &'a Plan,
    /// What theory says.
    pub prediction: &'a Prediction,
}
