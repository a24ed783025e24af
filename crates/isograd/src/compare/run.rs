//! One training of a comparison.

use super::pool::Job;
use crate::data::{Part, probe_rows};
use crate::probe::Schedule;
use crate::session::Prepared;
use crate::train::{
    Finished, Observer, Progress, Score, StopReason, TrainError, TrainOptions, evaluate, train,
};
use isograd_core::compare::{LayerStart, Look, PartScore, RunRecord, Stretch};
use isograd_core::diagnose::gradient_profile;
use isograd_core::number::Number;
use isograd_core::trace::{Quantity, Record, RecordKind, Role, Trace, Validation};
use std::time::Instant;

/// Layers that are kept of the start at most.
const LAYERS: usize = 200;
/// Steps of a stretch of the training loss at least, and stretches at most.
const STRETCH: u64 = 10;
const STRETCHES: u64 = 1000;
/// Training rows that are evaluated where nothing is held out.
const ROWS: usize = 2000;

/// Trains a job to its end on the threads that it is called on. Its CPU seconds are the elapsed ones.
pub fn run(job: &Job, progress: &mut dyn FnMut(&Progress)) -> Result<RunRecord, TrainError> {
    let started = Instant::now();
    let prepared = &job.prepared;
    let steps = prepared.planned_steps();
    let options = TrainOptions {
        validate_every: job.every,
        watch: Schedule {
            every: None,
            probes: true,
            ..Schedule::default()
        },
        seed: Some(job.seed),
        ..TrainOptions::default()
    };
    let mut clock = Clock {
        mark: Instant::now(),
        seconds: 0.0,
        looks: Vec::new(),
        stretches: Vec::new(),
        every: STRETCH.max(steps.div_ceil(STRETCHES)),
        sum: (0.0, 0),
        progress,
    };
    let finished = train(prepared, &options, &mut clock)?;
    let data = &prepared.data;
    let held_out = data.test.as_ref().or(data.valid.as_ref());
    let count = held_out.map_or(ROWS, Part::len);
    let rows = probe_rows(prepared.description.seed, data.train.len(), count);
    let seen = evaluate(prepared, &finished.network, &data.train.subset(&rows))?;
    let profile = gradient_profile(&prepared.plan, &finished.trace);
    Ok(RunRecord {
        key: job.key.clone(),
        build: super::BUILD.to_owned(),
        cell: job.cell.clone(),
        seed: job.seed,
        metric: finished.metric.word().to_owned(),
        larger_is_better: finished.metric.larger_is_better(),
        parameters: prepared.plan.parameters(),
        steps: finished.steps,
        non_finite: finished.stopped == StopReason::NonFinite,
        seconds: clock.seconds,
        cpu_seconds: started.elapsed().as_secs_f64(),
        train: score(&seen),
        valid: finished.valid.as_ref().map(score),
        test: finished.test.as_ref().map(score),
        train_loss: last_tenth(&finished),
        initial_loss: finished
            .trace
            .first_probe()
            .map_or(f64::NAN, |r| r.network.loss),
        slope: profile.map(|p| Number(p.slope)),
        ratio: profile.map(|p| Number(p.ratio)),
        layers: layers(prepared, &finished.trace),
        looks: clock.looks,
        stretches: clock.stretches,
    })
}

fn score(score: &Score) -> PartScore {
    PartScore {
        loss: score.loss,
        metric: score.metric,
        examples: score.examples,
    }
}

fn last_tenth(finished: &Finished) -> f64 {
    let losses: Vec<f64> = finished.trace.steps().map(|r| r.network.loss).collect();
    let tail = &losses[losses.len() - losses.len().div_ceil(10)..];
    tail.iter().sum::<f64>() / tail.len() as f64
}

/// The layers with weights at the first probe: all, or the first, the last and every k-th.
fn layers(prepared: &Prepared, trace: &Trace) -> Vec<LayerStart> {
    let Some(probe) = trace.first_probe() else {
        return Vec::new();
    };
    let all: Vec<LayerStart> = prepared
        .plan
        .layers
        .iter()
        .filter_map(|layer| {
            let at =
                |s: &isograd_core::trace::Site| s.node == layer.weights && s.role == Role::Output;
            let site = trace.sites.iter().position(at)?;
            let row = probe.rows.get(site)?;
            Some(LayerStart {
                name: trace.sites[site].name.clone(),
                rms: row.get(Quantity::ForwardRms)?,
                gradient: row.get(Quantity::Gradient)?,
            })
        })
        .collect();
    let step = all.len().div_ceil(LAYERS - 1).max(1);
    let last = all.len().saturating_sub(1);
    let kept = |(i, layer): (usize, LayerStart)| (i % step == 0 || i == last).then_some(layer);
    all.into_iter().enumerate().filter_map(kept).collect()
}

/// Counts the seconds of the steps, without evaluation and measurement, and keeps the course.
struct Clock<'a> {
    mark: Instant,
    seconds: f64,
    looks: Vec<Look>,
    stretches: Vec<Stretch>,
    every: u64,
    sum: (f64, u64),
    progress: &'a mut dyn FnMut(&Progress),
}

impl Observer for Clock<'_> {
    fn record(&mut self, record: &Record) {
        if record.kind == RecordKind::Probe {
            self.mark = Instant::now();
        }
    }

    fn validation(&mut self, validation: &Validation) {
        self.looks.push(Look {
            step: validation.step,
            seconds: self.seconds,
            loss: validation.loss,
            metric: validation.metric,
        });
        self.mark = Instant::now();
    }

    fn progress(&mut self, progress: &Progress) {
        self.seconds += self.mark.elapsed().as_secs_f64();
        self.sum.0 += progress.loss;
        self.sum.1 += 1;
        if self.sum.1 == self.every || progress.step == progress.steps {
            self.stretches.push(Stretch {
                step: progress.step,
                seconds: self.seconds,
                loss: self.sum.0 / self.sum.1 as f64,
            });
            self.sum = (0.0, 0);
        }
        (self.progress)(progress);
        self.mark = Instant::now();
    }
}
