//! `isograd doctor`: predict, probe, diagnose.

use super::open::{self, Opened};
use crate::args::{DescriptionArgs, DoctorArgs, RunArgs, Shared};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::{Exit, Output};
use crate::talk::Talk;
use crate::watch::Watch;
use isograd::train::{Finished, StopReason, TrainOptions, train};
use isograd_core::diagnose::{Diagnosis, Examination, diagnose};
use isograd_core::report::facts::{Overhead, ThroughTime};
use isograd_core::report::{DoctorReport, StopWord, Training, json, terminal};
use isograd_core::trace::Run;

/// Steps that are enough to see how a training begins.
const STEPS: u64 = 300;
/// Seconds that a look may take.
const SECONDS: f64 = 60.0;
/// The report in the run directory.
const REPORT: &str = "report.json";

pub(super) fn run(args: &DoctorArgs, shared: &Shared, output: Output) -> Result<Exit, Failure> {
    let examined = examine("doctor", &args.description, &args.run, args.full, shared)?;
    let report = examined.report();
    examined.keep(&json::doctor(&report))?;
    output.print(
        |style| terminal::doctor(&report, style),
        || Ok(json::doctor(&report)),
    )?;
    let denied = args
        .deny
        .is_some_and(|d| examined.diagnosis.worst() >= Some(d.into()));
    Ok(match () {
        () if interrupt::asked() => Exit::Interrupted,
        () if denied => Exit::Negative,
        () => Exit::Done,
    })
}

/// A description that was looked at.
pub(super) struct Examined {
    pub(super) opened: Opened,
    pub(super) diagnosis: Diagnosis,
    pub(super) finished: Finished,
    pub(super) through_time: Vec<ThroughTime>,
    pub(super) run: Run,
}

/// Reads, begins a run, trains for a while and diagnoses.
pub(super) fn examine(
    command: &str,
    description: &DescriptionArgs,
    run: &RunArgs,
    full: bool,
    shared: &Shared,
) -> Result<Examined, Failure> {
    let opened = open::open(description, shared)?;
    let run = opened.begin(command, run)?;
    let mut talk = Talk::new();
    let options = TrainOptions {
        max_steps: (!full).then_some(STEPS),
        max_seconds: (!full).then_some(SECONDS),
        ..TrainOptions::default()
    };
    let mut watch = Watch::new(run.trace(), &mut talk, false);
    let finished = train(&opened.prepared, &options, &mut watch)?;
    watch.close()?;
    let diagnosis = diagnose(&Examination {
        description: &opened.document.description,
        plan: &opened.prepared.plan,
        prediction: &opened.prediction,
        trace: &finished.trace,
    });
    let through_time = through_time(&opened);
    Ok(Examined {
        opened,
        diagnosis,
        finished,
        through_time,
        run,
    })
}

impl Examined {
    pub(super) fn report(&self) -> DoctorReport<'_> {
        DoctorReport {
            facts: &self.opened.facts,
            plan: &self.opened.prepared.plan,
            prediction: &self.opened.prediction,
            trace: &self.finished.trace,
            diagnosis: &self.diagnosis,
            through_time: &self.through_time,
            training: training(&self.opened, &self.finished),
            overhead: overhead(&self.finished),
            run: Some(self.run.path()),
        }
    }

    /// Keeps the report in the run directory.
    pub(super) fn keep(&self, report: &serde_json::Value) -> Result<(), Failure> {
        self.run.write(REPORT, format!("{report:#}\n").as_bytes())?;
        Ok(())
    }
}

/// The gradient through time of every recurrent layer that it can be measured of.
fn through_time(opened: &Opened) -> Vec<ThroughTime> {
    let plan = &opened.prepared.plan;
    let measured = isograd::session::initial_through_time(&opened.prepared);
    let named = measured.into_iter().map(|t| ThroughTime {
        layer: plan.nodes[t.node].name.clone(),
        state: t.state,
        cell: t.cell,
    });
    named.collect()
}

/// What measuring cost, where the steps tell it.
pub(super) fn overhead(finished: &Finished) -> Option<Overhead> {
    finished.measuring.map(|probe_seconds| Overhead {
        probe_seconds,
        seconds: finished.seconds,
    })
}

/// How a training went, for reports.
pub(super) fn training(opened: &Opened, finished: &Finished) -> Training {
    Training {
        steps: finished.steps,
        planned: opened.prepared.planned_steps(),
        seconds: finished.seconds,
        stopped: match finished.stopped {
            StopReason::Done => StopWord::Finished,
            StopReason::Budget => StopWord::Limit,
            StopReason::Asked => StopWord::Interrupted,
            StopReason::NonFinite => StopWord::NonFinite,
        },
        metric: finished.metric,
    }
}
