//! What is kept of one run.

use super::target::{Goal, Target};
use crate::number;
use serde::{Deserialize, Serialize};

/// A run whose training loss ends above this many times the one before its first step has diverged.
pub const DIVERGED: f64 = 3.0;

/// How good the network was on a part of the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartScore {
    /// Mean loss.
    #[serde(with = "number::plain")]
    pub loss: f64,
    /// The metric.
    #[serde(with = "number::plain")]
    pub metric: f64,
    /// Examples.
    pub examples: usize,
}

/// One evaluation of the validation part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Steps done.
    pub step: u64,
    /// Seconds of training until then, without evaluation and measurement.
    #[serde(with = "number::plain")]
    pub seconds: f64,
    /// Loss.
    #[serde(with = "number::plain")]
    pub loss: f64,
    /// Metric.
    #[serde(with = "number::plain")]
    pub metric: f64,
}

/// Mean training loss over some steps that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// Steps done at its end.
    pub step: u64,
    /// Seconds of training until then.
    #[serde(with = "number::plain")]
    pub seconds: f64,
    /// Mean loss over its steps.
    #[serde(with = "number::plain")]
    pub loss: f64,
}

/// A layer with weights before the first step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerStart {
    /// The site's name.
    pub name: String,
    /// Root mean square of its output.
    #[serde(with = "number::plain")]
    pub rms: f64,
    /// Gradient norm G at its output.
    #[serde(with = "number::plain")]
    pub gradient: f64,
}

/// One run of one cell with one seed, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// What identifies it: see [`super::store::key`].
    pub key: String,
    /// The build of the program that ran it.
    pub build: String,
    /// Axis and value of the cell, in the grid's order.
    pub cell: Vec<(String, String)>,
    /// Seed of initialisation, order, dropout and augmentation.
    pub seed: u64,
    /// Word of the metric.
    pub metric: String,
    /// Of the metric.
    pub larger_is_better: bool,
    /// Numbers that are trained.
    pub parameters: u64,
    /// Steps done.
    pub steps: u64,
    /// Loss or gradient was not finite until the training was given up.
    pub non_finite: bool,
    /// Seconds of training, without evaluation and measurement.
    #[serde(with = "number::plain")]
    pub seconds: f64,
    /// CPU seconds of the whole run.
    #[serde(with = "number::plain")]
    pub cpu_seconds: f64,
    /// On a fixed part of the training rows, as many as the test part has (else the validation part).
    pub train: PartScore,
    /// On the validation part, at the end.
    pub valid: Option<PartScore>,
    /// On the test part, at the end.
    pub test: Option<PartScore>,
    /// Mean training loss over the last tenth of the steps.
    #[serde(with = "number::plain")]
    pub train_loss: f64,
    /// Loss on the probe's training rows before the first step.
    #[serde(with = "number::plain")]
    pub initial_loss: f64,
    /// Least-squares slope of ln G per hidden layer before the first step.
    pub slope: Option<number::Number>,
    /// G at the first hidden layer over G at the last, before the first step.
    pub ratio: Option<number::Number>,
    /// Evaluations of the validation part, in order.
    pub looks: Vec<Look>,
    /// Training loss, in order.
    pub stretches: Vec<Stretch>,
    /// Layers with weights before the first step, at most 200 of them.
    pub layers: Vec<LayerStart>,
}

impl RunRecord {
    /// It ended with a loss that is not finite, or above [`DIVERGED`] times the first one.
    pub fn diverged(&self) -> bool {
        self.non_finite
            || !self.train_loss.is_finite()
            || (self.initial_loss.is_finite()
                && self.train_loss > DIVERGED * self.initial_loss.abs())
    }

    /// Steps and seconds until the target was first reached; `None`: never.
    pub fn reached(&self, target: Target) -> Option<(u64, f64)> {
        match target.goal {
            Goal::Metric(value) => {
                let larger = self.larger_is_better;
                let there = |m: f64| if larger { m >= value } else { m <= value };
                let look = self.looks.iter().find(|l| there(l.metric))?;
                Some((look.step, look.seconds))
            }
            Goal::ValidLoss(value) => {
                let look = self.looks.iter().find(|l| l.loss <= value)?;
                Some((look.step, look.seconds))
            }
            Goal::TrainLoss(value) => {
                let stretch = self.stretches.iter().find(|s| s.loss <= value)?;
                Some((stretch.step, stretch.seconds))
            }
        }
    }
}
