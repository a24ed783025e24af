//! What healing came to, as it is shown and written.

use super::trainer::Evaluate;
use crate::describe::Patch;
use crate::number::Number;
use serde::{Serialize, Serializer};

/// The outcome in one of four words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum HealingOutcome {
    /// Nothing from a warning up was found; nothing was changed.
    #[serde(rename = "healthy")]
    Healthy,
    /// A remedy was proved and applied.
    #[serde(rename = "healed")]
    Healed,
    /// No remedy could be proved; nothing was changed.
    #[serde(rename = "not healed")]
    NotHealed,
    /// What was found lies in the data alone, where no edit of network or training reaches.
    #[serde(rename = "not healable: data")]
    NotHealableData,
}

impl HealingOutcome {
    /// The word in output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Healed => "healed",
            Self::NotHealed => "not healed",
            Self::NotHealableData => "not healable: data",
        }
    }
}

/// One trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrialRecord {
    /// What was tried, in words; `control` for the description as it is.
    pub remedy: String,
    /// The patch; empty for the control.
    pub patch: Patch,
    /// Seed.
    pub seed: u64,
    /// Share of a full training.
    pub budget: f64,
    /// Where it was judged: `choice` or `verdict`.
    #[serde(serialize_with = "evaluate")]
    pub evaluate: Evaluate,
    /// Name of the metric.
    pub metric: &'static str,
    /// Its value.
    #[serde(serialize_with = "number")]
    pub value: f64,
    /// Loss on the judged rows.
    #[serde(serialize_with = "number")]
    pub loss: f64,
    /// Training loss at the end.
    #[serde(serialize_with = "number")]
    pub train_loss: f64,
    /// Steps done.
    pub steps: u64,
    /// Seconds taken.
    #[serde(serialize_with = "number")]
    pub seconds: f64,
}

/// Before and after, on validation rows and seeds that the search never saw.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricChange {
    /// Name of the metric.
    pub name: &'static str,
    /// Mean over seeds of the description as it was.
    #[serde(serialize_with = "number")]
    pub before: f64,
    /// Mean over seeds of the healed one.
    #[serde(serialize_with = "number")]
    pub after: f64,
    /// Gain: after − before of accuracy or R², ln(before ÷ after) of an error; positive is better.
    #[serde(serialize_with = "number")]
    pub effect: f64,
    /// 95 % interval of the gain.
    #[serde(serialize_with = "numbers")]
    pub interval: [f64; 2],
    /// Gain on each seed.
    #[serde(serialize_with = "numbers")]
    pub by_seed: Vec<f64>,
    /// The metric of the best predictor that ignores its input, where the trainer knows it.
    #[serde(serialize_with = "maybe")]
    pub constant: Option<f64>,
}

/// All that healing came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Healing {
    /// In one of four words.
    pub outcome: HealingOutcome,
    /// Why, in one sentence.
    pub reason: String,
    /// Every trial, in order.
    pub trials: Vec<TrialRecord>,
    /// What was applied; null when nothing was.
    pub accepted: Option<Patch>,
    /// The accepted remedy in words.
    pub remedy: Option<String>,
    /// Settings that it changes.
    pub edits: usize,
    /// The verdict's figures; null when there was no verdict.
    pub metric: Option<MetricChange>,
    /// The description afterwards, as TOML with its comments; the one that came in, when nothing
    /// was applied.
    pub description: String,
    /// Unified diff of the TOML; empty when nothing was applied.
    pub diff: String,
    /// The change in words, one entry an edit.
    pub changes: Vec<String>,
    /// What the trials cost, in full trainings.
    pub cost: f64,
}

// Serde passes fields by reference.

#[expect(clippy::trivially_copy_pass_by_ref)]
fn number<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    Number(*x).serialize(serializer)
}

fn numbers<S: Serializer>(x: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(x.iter().map(|&v| Number(v)))
}

#[expect(clippy::ref_option)]
fn maybe<S: Serializer>(x: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    x.map(Number).serialize(serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref)]
fn evaluate<S: Serializer>(x: &Evaluate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match x {
        Evaluate::Choice => "choice",
        Evaluate::Verdict => "verdict",
    })
}
