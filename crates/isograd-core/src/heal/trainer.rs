//! The one door through which healing trains.

use crate::describe::Description;
use crate::describe::train::Metric;
use crate::trace::Trace;

/// On which rows a trial is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluate {
    /// On rows held out of the training part: for choosing. The validation part is not touched.
    Choice,
    /// On the validation part: for the verdict.
    Verdict,
}

/// One short training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// Replaces the description's seed.
    pub seed: u64,
    /// Share of the description's budget, 0 to 1.
    pub budget: f64,
    /// Where it is judged.
    pub evaluate: Evaluate,
}

/// What a trial came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Which metric.
    pub metric: Metric,
    /// Its value; NaN where the predictions are not finite.
    pub value: f64,
    /// One number an example that was judged, in a fixed order: 1 or 0 for right or wrong, else the
    /// absolute error. Two trials judged on the same rows can be compared example by example.
    pub scores: Vec<f32>,
    /// Loss on the judged rows.
    pub loss: f64,
    /// Mean training loss of the last tenth of the steps.
    pub train_loss: f64,
    /// Steps done.
    pub steps: u64,
    /// Seconds taken.
    pub seconds: f64,
    /// What was measured on the way.
    pub trace: Trace,
}

/// Why a trial could not be run at all (a network that diverges is an [`Outcome`]).
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TrainerError(pub String);

/// Whatever can train a description and say how good the result is.
pub trait Trainer {
    /// Trains `description` as `trial` says. The same arguments give the same outcome, and two
    /// descriptions share every random stream that their difference does not touch.
    ///
    /// The rows of [`Evaluate::Choice`] and of [`Evaluate::Verdict`] depend on the description's
    /// own seed, never on the trial's: all trials of one kind are judged on the same rows.
    fn train(&mut self, description: &Description, trial: Trial) -> Result<Outcome, TrainerError>;

    /// The metric, on the rows of [`Evaluate::Verdict`], of the best predictor that ignores its
    /// input and was fitted on the training part; `None` where the trainer cannot say.
    fn constant(&mut self, _description: &Description) -> Result<Option<f64>, TrainerError> {
        Ok(None)
    }
}
