//! The trainer behind healing: Burn, on this machine.

use super::options::{Silent, TrainOptions};
use super::train;
use crate::data::{Data, load};
use crate::probe::Schedule;
use crate::session::Prepared;
use isograd_core::describe::train::LossKind;
use isograd_core::describe::{DataSpec, Description, plan};
use isograd_core::heal::{Evaluate, Outcome, Trainer, TrainerError, Trial};
use std::path::PathBuf;
use std::sync::Arc;

/// Share of the training part held out for choosing among remedies.
const CHOICE_SHARE: f64 = 0.2;

/// Trains descriptions on Burn. Data are read once and kept as long as descriptions agree on them.
#[derive(Debug)]
pub struct BurnTrainer {
    base: PathBuf,
    data_dir: Option<PathBuf>,
    loaded: Vec<Loaded>,
}

/// Data in memory and what they were read for.
#[derive(Debug)]
struct Loaded {
    spec: DataSpec,
    loss: LossKind,
    seed: u64,
    evaluate: Evaluate,
    data: Arc<Data>,
}

impl BurnTrainer {
    /// A trainer for descriptions whose files are relative to `base`, and whose named sets lie in
    /// `data_dir`.
    pub fn new(base: PathBuf, data_dir: Option<PathBuf>) -> Self {
        Self {
            base,
            data_dir,
            loaded: Vec::new(),
        }
    }

    fn data(
        &mut self,
        description: &Description,
        evaluate: Evaluate,
    ) -> Result<Arc<Data>, TrainerError> {
        let seed = description.seed;
        let known = |l: &&Loaded| {
            l.seed == seed
                && l.evaluate == evaluate
                && l.loss == description.train.loss.kind
                && l.spec == description.data
        };
        if let Some(found) = self.loaded.iter().find(known) {
            return Ok(found.data.clone());
        }
        let dir = self.data_dir.as_deref();
        let loss = Some(description.train.loss.kind);
        let mut data = load(&description.data, &self.base, dir, seed, loss)
            .map_err(|e| TrainerError(e.to_string()))?;
        data.test = None;
        if evaluate == Evaluate::Choice {
            // The validation part stays out of sight: choosing has rows of its own.
            let (train, held_out) = data.train.split(CHOICE_SHARE, seed, "choice");
            data.train = train;
            data.valid = Some(held_out);
        }
        let data = Arc::new(data);
        self.loaded.push(Loaded {
            spec: description.data.clone(),
            loss: description.train.loss.kind,
            seed,
            evaluate,
            data: data.clone(),
        });
        Ok(data)
    }
}

impl Trainer for BurnTrainer {
    fn train(&mut self, description: &Description, trial: Trial) -> Result<Outcome, TrainerError> {
        let data = self.data(description, trial.evaluate)?;
        let plan = plan(description, &data.shape).map_err(|e| TrainerError(e.to_string()))?;
        let prepared = Prepared {
            description: description.clone(),
            data,
            plan,
        };
        let all = prepared.planned_steps() as f64;
        let options = TrainOptions {
            max_steps: Some(((all * trial.budget).ceil() as u64).max(1)),
            max_seconds: None,
            validate_every: None,
            watch: Schedule {
                probes: false,
                ..Schedule::default()
            },
            seed: Some(trial.seed),
        };
        let done =
            train(&prepared, &options, &mut Silent).map_err(|e| TrainerError(e.to_string()))?;
        let valid = done
            .valid
            .ok_or_else(|| TrainerError("there are no rows to judge on".to_owned()))?;
        let losses: Vec<f64> = done.trace.steps().map(|r| r.network.loss).collect();
        let tail = &losses[losses.len() - losses.len().div_ceil(10)..];
        Ok(Outcome {
            metric: done.metric,
            value: valid.metric,
            scores: valid.scores,
            loss: valid.loss,
            train_loss: tail.iter().sum::<f64>() / tail.len().max(1) as f64,
            steps: done.steps,
            seconds: done.seconds,
            trace: done.trace,
        })
    }
}
