//! `isograd heal`: diagnose, try remedies, prove the best one.

use super::doctor::{Examined, examine};
use crate::args::{HealArgs, Shared};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::{Exit, Output};
use crate::talk::Talk;
use isograd::train::BurnTrainer;
use isograd_core::heal::{
    HealError, HealObserver, HealOptions, Healing, HealingOutcome, Stage, TrialRecord, heal,
};
use isograd_core::report::terminal::figure;
use isograd_core::report::{json, terminal};
use isograd_core::trace::run::write_whole;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The healed description in the run directory.
const HEALED: &str = "healed.toml";

pub(super) fn run(args: &HealArgs, shared: &Shared, output: Output) -> Result<Exit, Failure> {
    let options = HealOptions {
        budget_trainings: args.budget,
        ..HealOptions::default()
    };
    // Before any work: a wrong option, and a file that is there already.
    options.check()?;
    if let Some(file) = args
        .healed
        .as_deref()
        .filter(|f| f.symlink_metadata().is_ok())
    {
        return Err(Failure::new(format!("{} exists already", file.display()))
            .hint("name another file with --healed, or leave --healed away"));
    }
    let examined = examine("heal", &args.description, &args.run, args.full, shared)?;
    let opened = &examined.opened;
    let mut trainer = BurnTrainer::new(opened.base(), shared.data_dir());
    let mut watch = Watch(Talk::new());
    if !examined.diagnosis.healthy() {
        watch.0.say("diagnosed; now remedies are tried");
    }
    let healing = heal(
        &opened.document,
        &opened.prepared.plan,
        &examined.diagnosis,
        &mut trainer,
        &options,
        &mut watch,
    );
    watch.0.done();
    let healing = match healing {
        Err(stopped @ HealError::Stopped { .. }) => {
            watch.0.say(&stopped.to_string());
            return Ok(Exit::Interrupted);
        }
        other => other?,
    };
    let healed = write(&examined, &healing, args.healed.as_deref())?;
    let healed = healed.map(|file| file.display().to_string());
    let report = examined.report();
    examined.keep(&json::heal(&report, &healing, healed.as_deref())?)?;
    output.print(
        |style| {
            let found = &examined.diagnosis.findings;
            terminal::heal(&opened.facts, found, &healing, healed.as_deref(), style)
        },
        || json::heal(&report, &healing, healed.as_deref()),
    )?;
    Ok(match healing.outcome {
        _ if interrupt::asked() => Exit::Interrupted,
        HealingOutcome::Healthy | HealingOutcome::Healed => Exit::Done,
        HealingOutcome::NotHealed | HealingOutcome::NotHealableData => Exit::Negative,
    })
}

/// Writes the healed description into the run and to where the user wants it: beside the one that it
/// comes from, as files that it names are relative to that folder. No file is ever replaced.
fn write(
    examined: &Examined,
    healing: &Healing,
    wanted: Option<&Path>,
) -> Result<Option<PathBuf>, Failure> {
    if healing.accepted.is_none() {
        return Ok(None);
    }
    let text = healing.description.as_bytes();
    examined.run.write(HEALED, text)?;
    let file = match wanted {
        Some(file) => file.to_owned(),
        None => free(&examined.opened.document.file),
    };
    write_whole(&file, text)?;
    Ok(Some(file))
}

/// `NAME.healed.toml`, else `NAME.healed-2.toml` and so on.
fn free(description: &Path) -> PathBuf {
    let stem = description
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let mut file = description.with_file_name(format!("{stem}.healed.toml"));
    let mut n = 1_u64;
    while file.symlink_metadata().is_ok() {
        n += 1;
        file = description.with_file_name(format!("{stem}.healed-{n}.toml"));
    }
    file
}

/// Tells how far the search is, and stops it when asked.
struct Watch(Talk);

impl HealObserver for Watch {
    fn stage(&mut self, stage: Stage, spent: f64, budget: f64) {
        let what = match stage {
            Stage::Halving { candidates } => format!("trying {candidates} remedies shortly"),
            Stage::Finals { candidates } => format!("comparing the best {candidates} longer"),
            Stage::Verdict { seeds } => format!("proving the best one with {seeds} fresh seeds"),
        };
        self.0.say(&what);
        self.0.trial(&what, spent, budget);
    }

    fn trial(&mut self, record: &TrialRecord, spent: f64, budget: f64) -> ControlFlow<()> {
        let metric = record.metric.replace('_', " ");
        let what = format!("{}: {metric} {}", record.remedy, figure(record.value));
        self.0.trial(&what, spent, budget);
        if interrupt::asked() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
