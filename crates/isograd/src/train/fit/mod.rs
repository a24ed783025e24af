//! The loop.

mod probe;
mod step;

use super::curriculum::curriculum;
use super::desk::{Desk, Sheet};
use super::evaluate::Judge;
use super::judges::{evaluation_batch, judges};
use super::loss::Loss;
use super::metric::Scoring;
use super::options::{Finished, Observer, Progress, Score, StopReason, TrainOptions};
use super::pace::Pace;
use super::range::RangeOptions;
use super::step::Penalties;
use super::{PATIENCE_NON_FINITE, TrainError};
use crate::data::{Curriculum, Part};
use crate::nn::{Build, Cuts, Network};
use crate::optim::{Optimizer, Places, RateSchedule};
use crate::probe::{Course, Detail, Measured, Recorder, Schedule, WeightRow, WeightSites};
use crate::session::Prepared;
use burn::module::Module;
use burn::tensor::Device;
use isograd_core::describe::Description;
use isograd_core::describe::train::{ClipSpec, TrainSpec};
use isograd_core::trace::{ClipLedger, Record, Trace, Validation};
use isograd_kernels::threads::Awake;
use probe::calibrated;
use std::sync::Arc;
use std::time::Instant;

/// Trains a prepared description.
pub fn train(
    prepared: &Prepared,
    options: &TrainOptions,
    observer: &mut dyn Observer,
) -> Result<Finished, TrainError> {
    let started = Instant::now();
    let mut fit = Fit::new(prepared, options, observer)?;
    let stopped = fit.run(started);
    Ok(fit.finish(stopped, started))
}

/// Rows that a trace holds in memory before it is thinned: 12 MB. More would be new memory at each
/// measured step for longer.
const ROWS: usize = 1 << 16;

/// Measured steps that it holds, however many rows they have.
const HELD: usize = 12;

pub(super) struct Fit<'a> {
    prepared: &'a Prepared,
    description: &'a Description,
    options: &'a TrainOptions,
    observer: &'a mut dyn Observer,
    watch: Schedule,
    seed: u64,
    device: Device,
    network: Option<Network>,
    cuts: Cuts,
    optimizer: Optimizer,
    schedule: RateSchedule,
    /// Replaces rate and schedule.
    range: Option<RangeOptions>,
    clipping: ClipLedger,
    loss: Loss,
    scoring: Scoring,
    penalties: Penalties,
    places: Places,
    curriculum: Option<Curriculum>,
    weights: Arc<WeightSites>,
    trace: Trace,
    /// Those of the gradients over the watched steps.
    courses: Vec<Course>,
    /// Behind the probes of watched steps; empty between them.
    recorder: Arc<Recorder>,
    desk: Desk,
    /// Rows in the trace.
    rows: usize,
    step: u64,
    last: u64,
    /// The last validation, example by example.
    valid: Option<Score>,
    /// Sum and number of training losses since the last validation.
    recent: (f64, u64),
    bad_in_a_row: u64,
    provenance_known: bool,
    pace: Pace,
}

impl<'a> Fit<'a> {
    pub(super) fn new(
        prepared: &'a Prepared,
        options: &'a TrainOptions,
        observer: &'a mut dyn Observer,
    ) -> Result<Self, TrainError> {
        let description = &prepared.description;
        let spec = &description.train;
        let seed = options.seed.unwrap_or(description.seed);
        let device = Device::flex().autodiff();
        let network = Build::new(seed, device.clone()).network(&prepared.plan);
        let network = calibrated(network, prepared, seed);
        let (loss, scoring) = judges(prepared)?;
        let weights = Arc::new(WeightSites::of(&network));
        let trace = Trace {
            sites: network.sites().to_vec(),
            ..Trace::default()
        };
        observer.sites(&trace.sites);
        let planned = prepared.planned_steps();
        let steps = options
            .max_steps
            .map_or(planned, |limit| planned.min(limit));
        let recorder = Arc::new(Recorder::new(&network, Detail::Step));
        Ok(Self {
            prepared,
            description,
            options,
            observer,
            watch: options.watch,
            seed,
            device,
            network: Some(network),
            cuts: Cuts::of(&prepared.plan, spec.checkpoint),
            optimizer: Optimizer::new(&spec.optimizer),
            schedule: RateSchedule::new(&spec.schedule, planned, prepared.steps_per_epoch()),
            range: None,
            clipping: ClipLedger::default(),
            loss,
            scoring,
            penalties: Penalties::of(&prepared.plan, spec),
            places: Places::of(&prepared.plan),
            curriculum: curriculum(prepared, seed)?,
            desk: Desk::new(Arc::clone(&recorder), Arc::clone(&weights)),
            weights,
            trace,
            courses: Vec::new(),
            recorder,
            rows: 0,
            step: 0,
            last: steps,
            valid: None,
            recent: (0.0, 0),
            bad_in_a_row: 0,
            provenance_known: false,
            pace: Pace::default(),
        })
    }

    fn spec(&self) -> &'a TrainSpec {
        &self.description.train
    }

    fn part(&self) -> &'a Part {
        &self.prepared.data.train
    }

    fn network(&self) -> &Network {
        self.network
            .as_ref()
            .unwrap_or_else(|| unreachable!("taken only inside a step"))
    }

    /// Runs a range test to its end.
    pub(super) fn sweep(mut self, range: RangeOptions) {
        self.last = range.steps;
        self.range = Some(range);
        self.run(Instant::now());
    }

    fn run(&mut self, started: Instant) -> StopReason {
        // The other threads stay awake from one operation to the next.
        let _awake = Awake::new();
        let stopped = self.steps(started);
        self.publish(true);
        stopped
    }

    fn steps(&mut self, started: Instant) -> StopReason {
        if self.options.watch.probes {
            self.probe();
        }
        self.validate();
        let batch = self.spec().batch * self.spec().accumulate;
        let mut epoch = 0;
        loop {
            let rows = self.prepared.data.order(self.seed, epoch);
            for rows in rows.chunks(batch) {
                if self.step >= self.last {
                    return self.ended();
                }
                let drawn = self.curriculum.as_ref();
                let drawn = drawn.and_then(|c| c.rows(self.step, rows.len()));
                let rows = drawn.as_deref().unwrap_or(rows);
                self.watch = self.observer.watch().unwrap_or(self.watch);
                let begun = Instant::now();
                let watched = self.watch.at(self.step);
                let loss = self.one_step(rows, watched);
                self.pace.add(watched, begun.elapsed().as_secs_f64());
                let progress = Progress {
                    step: self.step,
                    steps: self.last,
                    epoch: self.epoch(),
                    seconds: started.elapsed().as_secs_f64(),
                    loss,
                };
                self.observer.progress(&progress);
                if self
                    .options
                    .validate_every
                    .is_some_and(|n| self.step.is_multiple_of(n.max(1)))
                {
                    self.validate();
                }
                if self.bad_in_a_row >= PATIENCE_NON_FINITE {
                    return StopReason::NonFinite;
                }
                if self.observer.stop() {
                    return StopReason::Asked;
                }
                if self
                    .options
                    .max_seconds
                    .is_some_and(|limit| progress.seconds >= limit)
                {
                    return StopReason::Budget;
                }
            }
            epoch += 1;
            let trained = self.recent.0 / self.recent.1 as f64;
            self.validate();
            let loss = self.valid.as_ref().map_or(trained, |valid| valid.loss);
            self.schedule.epoch_ended(loss);
            self.recent = (0.0, 0);
        }
    }

    fn ended(&self) -> StopReason {
        if self
            .options
            .max_steps
            .is_some_and(|limit| self.step >= limit)
        {
            StopReason::Budget
        } else {
            StopReason::Done
        }
    }

    /// Epochs done, with the fraction; the last batch of an epoch counts as a whole one.
    fn epoch(&self) -> f64 {
        self.step as f64 / self.prepared.steps_per_epoch().max(1) as f64
    }

    /// Enters a record, whose rows are to be made of what was measured.
    fn record(
        &mut self,
        record: Record,
        measured: Option<Measured>,
        weights: Vec<(usize, WeightRow)>,
    ) {
        match measured {
            None => self.desk.enter(record),
            Some(measured) => self.desk.measured(Sheet {
                record,
                measured,
                weights,
            }),
        }
        self.publish(false);
    }

    /// Tells of the records that are ready, or waits for all.
    fn publish(&mut self, all: bool) {
        while let Some(record) = self.desk.next(all) {
            self.observer.record(&record);
            self.rows += record.rows.len();
            self.trace.records.push(record);
            if self.rows > ROWS.max(HELD * self.trace.sites.len()) {
                self.rows = self.trace.thin();
            }
        }
    }

    fn judge(&self) -> Judge<'_> {
        Judge {
            loss: &self.loss,
            scoring: &self.scoring,
            batch: evaluation_batch(self.spec()),
        }
    }

    fn validate(&mut self) {
        let Some(valid) = &self.prepared.data.valid else {
            return;
        };
        if self.range.is_some() {
            return;
        }
        // One that was asked for may fall on the end of an epoch.
        if self
            .trace
            .validations
            .last()
            .is_some_and(|v| v.step == self.step)
        {
            return;
        }
        let score = self.judge().score(&self.network().valid(), valid);
        let validation = Validation {
            step: self.step,
            epoch: self.epoch(),
            train_loss: if self.recent.1 == 0 {
                f64::NAN
            } else {
                self.recent.0 / self.recent.1 as f64
            },
            loss: score.loss,
            metric: score.metric,
        };
        self.recent = (0.0, 0);
        self.observer.validation(&validation);
        self.trace.validations.push(validation);
        self.valid = Some(score);
    }

    fn finish(mut self, stopped: StopReason, started: Instant) -> Finished {
        self.validate();
        if self.options.watch.probes && self.step > 0 {
            self.probe();
        }
        let network = self.network().valid();
        let test = self.prepared.data.test.as_ref();
        let test = test.map(|part| self.judge().score(&network, part));
        Finished {
            steps: self.step,
            seconds: started.elapsed().as_secs_f64(),
            stopped,
            metric: self.scoring.metric,
            // Probes leave the network as it was validated.
            valid: self.valid.take(),
            test,
            network,
            measuring: self.pace.measuring(),
            clipping: (self.spec().clip != ClipSpec::default()).then(|| self.clipping.clone()),
            trace: std::mem::take(&mut self.trace),
        }
    }
}
