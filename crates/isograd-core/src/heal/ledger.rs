//! Runs trials, writes each down and counts what they cost.

use super::candidate::Candidate;
use super::error::HealError;
use super::healing::TrialRecord;
use super::observer::{HealObserver, Stage};
use super::paired::Judged;
use super::trainer::{Trainer, Trial};

/// The account of one healing.
pub(crate) struct Ledger<'a> {
    trainer: &'a mut dyn Trainer,
    observer: &'a mut dyn HealObserver,
    budget: f64,
    spent: f64,
    trials: Vec<TrialRecord>,
}

impl<'a> Ledger<'a> {
    /// An empty account with so many trainings to spend.
    pub(crate) fn new(
        trainer: &'a mut dyn Trainer,
        observer: &'a mut dyn HealObserver,
        budget: f64,
    ) -> Self {
        Self {
            trainer,
            observer,
            budget,
            spent: 0.0,
            trials: Vec::new(),
        }
    }

    /// Trains a candidate once.
    pub(crate) fn run(&mut self, candidate: &Candidate, trial: Trial) -> Result<Judged, HealError> {
        let outcome = self
            .trainer
            .train(&candidate.description, trial)
            .map_err(|source| HealError::Trainer {
                remedy: candidate.title.clone(),
                seed: trial.seed,
                budget: trial.budget,
                source,
            })?;
        self.spent += trial.budget;
        let record = TrialRecord {
            remedy: candidate.title.clone(),
            patch: candidate.patch.clone(),
            seed: trial.seed,
            budget: trial.budget,
            evaluate: trial.evaluate,
            metric: outcome.metric.word(),
            value: outcome.value,
            loss: outcome.loss,
            train_loss: outcome.train_loss,
            steps: outcome.steps,
            seconds: outcome.seconds,
        };
        let stop = self.observer.trial(&record, self.spent, self.budget);
        self.trials.push(record);
        if stop.is_break() {
            return Err(HealError::Stopped {
                trials: self.trials.len(),
            });
        }
        Ok(Judged {
            metric: outcome.metric,
            value: outcome.value,
            scores: outcome.scores,
        })
    }

    /// Control and candidate with the same seed, on the same rows.
    pub(crate) fn pair(
        &mut self,
        control: &Candidate,
        candidate: &Candidate,
        trial: Trial,
    ) -> Result<(Judged, Judged), HealError> {
        let before = self.run(control, trial)?;
        let after = self.run(candidate, trial)?;
        same_rows(&before, &after, candidate, trial.seed)?;
        Ok((before, after))
    }

    /// What the best constant predictor reaches, where the trainer knows it.
    pub(crate) fn constant(&mut self, control: &Candidate) -> Result<Option<f64>, HealError> {
        self.trainer
            .constant(&control.description)
            .map_err(|source| HealError::Trainer {
                remedy: "constant predictor".into(),
                seed: control.description.seed,
                budget: 0.0,
                source,
            })
    }

    /// Tells the observer.
    pub(crate) fn stage(&mut self, stage: Stage) {
        self.observer.stage(stage, self.spent, self.budget);
    }

    /// What is left, in trainings.
    pub(crate) fn left(&self) -> f64 {
        self.budget - self.spent
    }

    /// What was spent, and every trial.
    pub(crate) fn close(self) -> (f64, Vec<TrialRecord>) {
        (self.spent, self.trials)
    }
}

/// Refuses a pair that was judged on different rows.
pub(crate) fn same_rows(
    control: &Judged,
    judged: &Judged,
    candidate: &Candidate,
    seed: u64,
) -> Result<(), HealError> {
    if control.scores.len() == judged.scores.len() {
        return Ok(());
    }
    Err(HealError::Rows {
        remedy: candidate.title.clone(),
        seed,
        expected: control.scores.len(),
        found: judged.scores.len(),
    })
}
