//! Why healing could not be carried out (a remedy that does not help is no error).

use super::trainer::TrainerError;

/// Why healing could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HealError {
    /// An option is out of range, or the budget does not even pay for one candidate.
    #[error("healing cannot start: {0}")]
    Options(String),
    /// The trainer could not run a trial.
    #[error("the trial of “{remedy}” (seed {seed}, {share:.0} % of a training) could not be run: {source}", share = 100.0 * budget)]
    Trainer {
        /// What was tried.
        remedy: String,
        /// Its seed.
        seed: u64,
        /// Its share of a training.
        budget: f64,
        /// What the trainer said.
        source: TrainerError,
    },
    /// Two trials that must be judged on the same rows were not.
    #[error(
        "the trial of “{remedy}” (seed {seed}) was judged on {found} rows, its control on {expected}"
    )]
    Rows {
        /// What was tried.
        remedy: String,
        /// Its seed.
        seed: u64,
        /// Rows of the control.
        expected: usize,
        /// Rows of the trial.
        found: usize,
    },
    /// A patch does not fit the description.
    #[error("the remedy “{remedy}” does not fit the description: {message}")]
    Patch {
        /// Which remedy.
        remedy: String,
        /// Why.
        message: String,
    },
    /// The observer asked to stop.
    #[error("healing was stopped after {trials} trials; nothing was changed")]
    Stopped {
        /// Trials done.
        trials: usize,
    },
}
