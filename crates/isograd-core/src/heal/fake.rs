//! A scripted trainer for tests: a rule says how good a description is, keyed streams add the noise
//! of seeds and rows.

use super::trainer::{Evaluate, Outcome, Trainer, TrainerError, Trial};
use crate::describe::train::Metric;
use crate::describe::{Block, Description};
use crate::random::{Purpose, stream};
use crate::trace::Trace;
use rand::RngExt as _;

/// What the rule says of a description.
pub(crate) type Rule = Box<dyn Fn(&Description, Trial) -> Result<f64, TrainerError>>;

/// The scripted trainer; metric accuracy.
pub(crate) struct Fake {
    /// Chance of a right answer at full length; NaN: the network diverges.
    pub(crate) rule: Rule,
    /// Half width of the uniform noise of a seed.
    pub(crate) noise: f64,
    /// Judged rows.
    pub(crate) rows: usize,
    /// Seed of the world: which noise there is.
    pub(crate) world: u64,
    /// What the best constant predictor reaches.
    pub(crate) constant: Option<f64>,
    /// Every call, in order.
    pub(crate) calls: Vec<(Description, Trial)>,
}

impl Fake {
    pub(crate) fn new(
        rule: impl Fn(&Description, Trial) -> Result<f64, TrainerError> + 'static,
    ) -> Self {
        Self {
            rule: Box::new(rule),
            noise: 0.01,
            rows: 400,
            world: 1,
            constant: Some(0.1),
            calls: Vec::new(),
        }
    }

    /// Trainings done, in full lengths.
    pub(crate) fn cost(&self) -> f64 {
        self.calls.iter().map(|(_, trial)| trial.budget).sum()
    }

    /// Seeds used on rows of one kind.
    pub(crate) fn seeds(&self, evaluate: Evaluate) -> Vec<u64> {
        self.calls
            .iter()
            .filter(|(_, trial)| trial.evaluate == evaluate)
            .map(|(_, trial)| trial.seed)
            .collect()
    }
}

/// What the noise of a description depends on: what the tests' rules and remedies are about, so that
/// the noise stays the same when descriptions learn to say more.
fn key(description: &Description) -> String {
    fn blocks(list: &[Block]) -> String {
        let each = list.iter().map(|block| {
            let inner = block.kind.layers().map(blocks).unwrap_or_default();
            let (init, bias) = (block.init, block.bias_init);
            format!("{}{init:?}{bias:?}[{inner}]", block.kind.word())
        });
        each.collect()
    }
    let (network, train) = (&description.network, &description.train);
    format!(
        "{:?}{:?}{}{}{}",
        network.init,
        network.bias_init,
        blocks(&network.layers),
        train.optimizer.lr,
        train.batch,
    )
}

impl Trainer for Fake {
    fn train(&mut self, description: &Description, trial: Trial) -> Result<Outcome, TrainerError> {
        self.calls.push((description.clone(), trial));
        let level = (self.rule)(description, trial)?;
        // Same description and trial, same noise; half of each row's luck is its own difficulty,
        // which all trials on these rows share.
        let key = key(description);
        let mut rng = stream(self.world ^ trial.seed, Purpose::Generate, &key, 0);
        let level = level + self.noise * (2.0 * rng.random::<f64>() - 1.0);
        let part = format!("{:?}", trial.evaluate);
        let mut difficulty = stream(self.world, Purpose::Generate, &part, 0);
        let scores: Vec<f32> = (0..self.rows)
            .map(|_| {
                let (shared, own): (f64, f64) = (difficulty.random(), rng.random());
                let luck = if rng.random::<bool>() { shared } else { own };
                f32::from(u8::from(luck < level))
            })
            .collect();
        let value = if level.is_nan() {
            f64::NAN
        } else {
            scores.iter().map(|&s| f64::from(s)).sum::<f64>() / self.rows as f64
        };
        Ok(Outcome {
            metric: Metric::Accuracy,
            value,
            scores,
            loss: 1.0 - value,
            train_loss: 1.0 - value,
            steps: (1000.0 * trial.budget) as u64,
            seconds: 0.0,
            trace: Trace::default(),
        })
    }

    fn constant(&mut self, _: &Description) -> Result<Option<f64>, TrainerError> {
        Ok(self.constant)
    }
}

/// A description whose learning rate tells the rules of tests which one it is.
pub(crate) fn description(lr: f64) -> Description {
    use crate::describe::data::{Generated, HeldOut, Scale, Source, TargetScale};
    use crate::describe::network::{Init, NetworkSpec};
    use crate::describe::train::{
        Checkpoint, ClipSpec, LossKind, LossSpec, OptimizerKind, OptimizerSpec, ScheduleSpec,
    };
    use crate::describe::{DataSpec, TrainSpec};
    Description {
        name: "fake".into(),
        seed: 7,
        data: DataSpec {
            source: Source::Circles(Generated {
                samples: 100,
                noise: 0.1,
                least_noise: None,
                classes: 2,
                length: 1,
                least_length: None,
            }),
            train: crate::describe::data::PartSpec::default(),
            valid: HeldOut::Fraction(0.3),
            test: HeldOut::None,
            target: None,
            outputs: None,
            shape: None,
            scale: Scale::None,
            target_scale: TargetScale::None,
            augment: Vec::new(),
            shuffle: true,
            label_noise: 0.0,
        },
        network: NetworkSpec {
            init: Init::HeNormal {
                gain: 1.0,
                truncated: false,
            },
            bias_init: Init::ZEROS,
            layers: Vec::new(),
        },
        train: TrainSpec {
            loss: LossSpec::new(LossKind::CrossEntropy),
            optimizer: OptimizerSpec::new(
                OptimizerKind::Sgd {
                    momentum: 0.0,
                    nesterov: false,
                },
                lr,
            ),
            batch: 32,
            epochs: 1,
            steps: None,
            clip: ClipSpec::default(),
            schedule: ScheduleSpec::CONSTANT,
            accumulate: 1,
            checkpoint: Checkpoint::Off,
            l1: 0.0,
            l2: 0.0,
            curriculum: None,
            metric: None,
        },
    }
}
