//! `isograd train`: to the end of the budget.

use super::doctor::{overhead, training};
use super::open;
use crate::args::{Shared, TrainArgs};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::{self, Exit, Output};
use crate::talk::Talk;
use crate::watch::Watch;
use isograd::train::{
    Observer, Progress, RangeOptions, StopReason, TrainOptions, range_test, train,
};
use isograd_core::report::{RangeReport, Score, TrainReport, json, terminal};

/// The trained parameters in the run directory.
pub(super) const MODEL: &str = "model.safetensors";
/// The report in the run directory.
const REPORT: &str = "report.json";

pub(super) fn run(args: &TrainArgs, shared: &Shared, output: Output) -> Result<Exit, Failure> {
    let opened = open::open(&args.description, shared)?;
    if args.range_test {
        return ranged(&opened, output);
    }
    let run = opened.begin("train", &args.run)?;
    let mut talk = Talk::new();
    let metric = opened.metric();
    if output.is_text() {
        output::write(&(terminal::train_header(metric, output.style) + "\n"))?;
    }
    let mut watch = Watch::new(run.trace(), &mut talk, output.is_text());
    let finished = train(&opened.prepared, &TrainOptions::default(), &mut watch)?;
    let traced = watch.close();
    // The network is worth more than the trace: it is kept even where that could not be.
    isograd::store::save(&finished.network, &run.path().join(MODEL))?;
    traced?;
    let score = |s: &isograd::train::Score| Score {
        loss: s.loss,
        metric: s.metric,
        examples: s.examples,
    };
    let report = TrainReport {
        facts: &opened.facts,
        plan: &opened.prepared.plan,
        trace: &finished.trace,
        training: training(&opened, &finished),
        valid: finished.valid.as_ref().map(score),
        test: finished.test.as_ref().map(score),
        clipping: finished.clipping.as_ref(),
        overhead: overhead(&finished),
        run: Some(run.path()),
    };
    let json = json::train(&report);
    run.write(REPORT, format!("{json:#}\n").as_bytes())?;
    output.print(
        |style| format!("\n{}", terminal::train(&report, style)),
        || Ok(json.clone()),
    )?;
    Ok(match finished.stopped {
        StopReason::Asked => Exit::Interrupted,
        StopReason::NonFinite => Exit::Negative,
        StopReason::Done | StopReason::Budget => Exit::Done,
    })
}

/// `--range-test`: which rate to begin with.
fn ranged(opened: &open::Opened, output: Output) -> Result<Exit, Failure> {
    let mut talk = Talk::new();
    let mut look = Look(&mut talk);
    let test = range_test(&opened.prepared, &RangeOptions::default(), &mut look)?;
    talk.done();
    let report = RangeReport {
        facts: &opened.facts,
        plan: &opened.prepared.plan,
        test: &test,
    };
    output.print(
        |style| terminal::range_test(&report, style),
        || Ok(json::range_test(&report)),
    )?;
    Ok(if interrupt::asked() {
        Exit::Interrupted
    } else {
        Exit::Done
    })
}

/// Tells how far a training is that leaves nothing behind.
struct Look<'a>(&'a mut Talk);

impl Observer for Look<'_> {
    fn progress(&mut self, progress: &Progress) {
        self.0.training(progress);
    }

    fn stop(&mut self) -> bool {
        interrupt::asked()
    }
}
