//! The loop.

use super::accumulate::{Gathered, Source};
use super::curriculum::curriculum;
use super::evaluate::{Judge, rows_tensor};
use super::judges::{evaluation_batch, judges};
use super::loss::Loss;
use super::metric::Scoring;
use super::options::{Finished, Observer, Progress, Score, StopReason, TrainOptions};
use super::pace::Pace;
use super::range::RangeOptions;
use super::step::{Penalties, needs_weights, update};
use super::{PATIENCE_NON_FINITE, PROBE_EXAMPLES, TrainError};
use crate::data::{Curriculum, Part, probe_rows};
use crate::nn::{Build, Cuts, Mode, Network, Pass, lsuv};
use crate::optim::{Optimizer, Places, RateSchedule};
use crate::probe::{Course, Detail, Recorder, Schedule, WeightRow, WeightSites, weight_norms};
use crate::session::Prepared;
use burn::module::Module;
use burn::tensor::{DType, Device};
use isograd_core::describe::Description;
use isograd_core::describe::train::{ClipSpec, TrainSpec};
use isograd_core::trace::quantity::Row;
use isograd_core::trace::{ClipLedger, Network as Whole, Record, RecordKind, Trace, Validation};
use isograd_kernels::threads::Awake;
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
    weights: WeightSites,
    trace: Trace,
    /// Those of the gradients over the watched steps.
    courses: Vec<Course>,
    /// Behind the probes of watched steps; empty between them.
    recorder: Arc<Recorder>,
    step: u64,
    steps: u64,
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
        let weights = WeightSites::of(&network);
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
            weights,
            trace,
            courses: Vec::new(),
            recorder,
            step: 0,
            steps,
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
        self.steps = range.steps;
        self.range = Some(range);
        self.run(Instant::now());
    }

    fn run(&mut self, started: Instant) -> StopReason {
        // The other threads stay awake from one operation to the next.
        let _awake = Awake::new();
        if self.options.watch.probes {
            self.probe();
        }
        self.validate();
        let batch = self.spec().batch * self.spec().accumulate;
        let mut epoch = 0;
        loop {
            let rows = self.prepared.data.order(self.seed, epoch);
            for rows in rows.chunks(batch) {
                if self.step >= self.steps {
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
                    steps: self.steps,
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

    /// One training step on these rows; its loss.
    fn one_step(&mut self, rows: &[u32], watched: bool) -> f64 {
        let mut pass = Pass::train(self.seed, self.step);
        if watched {
            self.recorder.look(self.watch.units_at(self.step));
            pass = pass.watched(self.recorder.clone());
        }
        let Some(Gathered {
            loss,
            per_example,
            mut gradients,
        }) = self.gather(rows, &pass)
        else {
            return f64::NAN;
        };
        let spec = self.spec();
        let Some(network) = &self.network else {
            return loss;
        };
        let roster = gradients.enlist(network, &self.places, &mut self.optimizer);
        gradients.penalise(&self.penalties, roster);
        let clipped = gradients.clip(&spec.clip, roster);
        self.clipping
            .enter(clipped.norm_before, clipped.norm_after, clipped.any);
        let by_tensor = gradients.paths(roster).zip(clipped.tensors.iter().copied());
        self.clipping.enter_tensors(by_tensor);
        let finite = loss.is_finite() && clipped.norm_before.is_finite();
        let batch = rows;
        let heard = watched.then(|| gradients.listen(&mut self.courses, roster));
        let mut rows = watched.then(|| self.recorder.take(per_example));
        if !finite && rows.is_none() && !self.provenance_known {
            // The first bad step says where the first bad number is, scheduled or not.
            let pass = Pass {
                mode: Mode::Probe,
                ..Pass::train(self.seed, self.step)
            };
            self.gather(batch, &pass.watched(self.recorder.clone()));
            rows = Some(self.recorder.take(per_example));
        }
        self.provenance_known |= !finite;
        self.bad_in_a_row = if finite { 0 } else { self.bad_in_a_row + 1 };
        let lr = self.optimizer.advance() * self.schedule.factor(self.step);
        let lr = self.range.map_or(lr, |range| range.rate(self.step));
        let Some(network) = self.network.take() else {
            return loss;
        };
        let heard = heard.or_else(|| rows.is_some().then(|| gradients.unheard()));
        let (network, measured) = update(network, gradients, &mut self.optimizer, lr, heard);
        if let Some(rows) = &mut rows {
            self.weights.fill(&measured, rows);
        }
        self.network = Some(network);
        self.record(Record {
            step: self.step,
            kind: RecordKind::Step,
            network: Whole {
                loss,
                lr,
                global_norm: clipped.norm_before,
                clipped_norm: clipped.norm_after,
            },
            rows: rows.unwrap_or_default(),
        });
        self.step += 1;
        self.recent.0 += loss;
        self.recent.1 += 1;
        loss
    }

    /// Loss and gradients of one step on these rows, batch by batch. Each draws random numbers of its
    /// own.
    fn gather(&self, rows: &[u32], pass: &Pass) -> Option<Gathered> {
        let first = self.step * self.spec().accumulate as u64;
        let batches = rows.chunks(self.spec().batch).zip(first..);
        let batches = batches.map(|(rows, position)| {
            let batch = self.prepared.data.train_batch(rows, self.seed, position);
            let step = position;
            (
                batch,
                Pass {
                    step,
                    ..pass.clone()
                },
            )
        });
        self.source().gather(batches, rows.len())
    }

    fn source(&self) -> Source<'_> {
        Source {
            network: self.network(),
            cuts: &self.cuts,
            loss: &self.loss,
            device: &self.device,
            dtype: DType::F32,
            weights: needs_weights(&self.penalties, &self.spec().clip),
        }
    }

    /// Measures everything on distinct training examples, without an update.
    fn probe(&mut self) {
        let begun = Instant::now();
        let rows = probe_rows(self.seed, self.part().len(), PROBE_EXAMPLES);
        let recorder = Arc::new(Recorder::new(self.network(), Detail::Full));
        let (mut losses, mut batches, mut factor) = (0.0, 0.0, 1.0);
        let mut first: Option<(f64, Vec<(usize, f64)>)> = None;
        // Batches of the size of training: batch statistics are what they are there.
        for rows in rows.chunks(self.spec().batch) {
            let batch = self.part().batch(rows);
            let pass = Pass {
                mode: Mode::Probe,
                ..Pass::train(self.seed, self.step)
            };
            let examples = rows.len();
            let watched = pass.watched(recorder.clone());
            let Some(mut found) = self.source().gather([(batch, watched)], examples) else {
                continue;
            };
            losses += found.loss;
            batches += 1.0;
            factor = found.per_example;
            if first.is_none() {
                if let Some(network) = &self.network {
                    let gradients = &mut found.gradients;
                    let roster = gradients.enlist(network, &self.places, &mut self.optimizer);
                    gradients.penalise(&self.penalties, roster);
                }
                let norms = found.gradients.norms();
                let global = norms.iter().map(|(_, n)| n * n).sum::<f64>().sqrt();
                first = Some((global, norms));
            }
        }
        let mut rows = recorder.take(factor);
        let (global, gradients) = first.unwrap_or_default();
        self.probe_weights(&gradients, &mut rows);
        let lr = self.optimizer.lr_at(self.step) * self.schedule.factor(self.step);
        self.record(Record {
            step: self.step,
            kind: RecordKind::Probe,
            network: Whole {
                loss: losses / batches,
                lr,
                global_norm: global,
                clipped_norm: global,
            },
            rows,
        });
        self.pace.probe(begun.elapsed().as_secs_f64());
    }

    fn probe_weights(&self, gradients: &[(usize, f64)], rows: &mut [Row]) {
        let now = weight_norms(self.network());
        let measured: Vec<(usize, WeightRow)> = gradients
            .iter()
            .map(|&(place, gradient)| {
                let row = WeightRow {
                    gradient: Some(gradient),
                    norm: now[place],
                    ..WeightRow::default()
                };
                (place, row)
            })
            .collect();
        self.weights.fill(&measured, rows);
    }

    fn record(&mut self, record: Record) {
        self.observer.record(&record);
        self.trace.records.push(record);
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

/// The network with those weights set that one batch, the first of training, decides.
fn calibrated(network: Network, prepared: &Prepared, seed: u64) -> Network {
    let part = &prepared.data.train;
    let batch = || {
        let mut rows = prepared.data.order(seed, 0);
        rows.truncate(prepared.description.train.batch);
        let inputs = part.batch(&rows).inputs;
        rows_tensor(inputs, part.elements, &Device::flex(), DType::F32)
    };
    let pass = Pass {
        mode: Mode::Probe,
        ..Pass::train(seed, 0)
    };
    lsuv(network, batch, pass)
}
