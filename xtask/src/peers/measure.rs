//! Blocks of steps of both programs in turn, and what their ratios say.

use super::contender::{Block, Contender};
use super::programs::Programs;
use super::statistics::Ratio;
use super::workload::Workload;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Rounds at the least.
    pub(super) least: usize,
    /// Rounds at most.
    pub(super) most: usize,
    /// Rounds of what is only shown beside; 0 leaves it out.
    pub(super) beside: usize,
}

/// Half-widths of the overheads' intervals that end a measurement.
const SURE: f64 = 0.01;
/// Largest relative difference of the first losses: the same weights, the same rows.
const SAME: f64 = 1e-4;
/// Of the losses of ten steps: rounding grows where training does not contract.
const ALIKE: f64 = 3e-2;

/// What was found for one workload. Ratios are of seconds a step.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) name: &'static str,
    pub(super) rounds: usize,
    /// Milliseconds a step of isograd, watched by the default schedule.
    pub(super) milliseconds: f64,
    /// isograd, watched by the default schedule, to PyTorch eager.
    pub(super) watched: Ratio,
    /// isograd, not watched, to PyTorch eager.
    pub(super) unwatched: Ratio,
    /// isograd watched by the default schedule to isograd not watched.
    pub(super) telemetry: Ratio,
    /// isograd that records every layer at every step to isograd not watched.
    pub(super) every_step: Ratio,
    /// Peak memory, watched by the default schedule, to PyTorch eager.
    pub(super) memory: f64,
    /// Largest relative difference of the first ten losses.
    pub(super) difference: f64,
    /// Others to PyTorch eager, by name; none where they did not run.
    pub(super) beside: Vec<(&'static str, Option<Ratio>)>,
}

/// What is shown beside, and what it is.
pub(super) const BESIDE: &[&str] = &["fused", "compiled", "hooks", "postmortem"];

/// Measures one workload.
pub(super) fn measure(
    workload: &Workload,
    programs: &Programs,
    effort: Effort,
) -> Result<Measured, String> {
    let mut all = [
        programs.isograd(workload, "default")?,
        programs.isograd(workload, "none")?,
        programs.isograd(workload, "every")?,
        programs.torch(workload, "eager")?,
    ];
    let mut first = Vec::new();
    for contender in &mut all {
        let mut losses = contender.block()?.losses;
        // The first step of every later block is one that the default schedule measures.
        losses.extend(contender.steps(9)?.losses);
        first.push(losses);
    }
    let difference = difference(workload, &first)?;

    // The default schedule has come round after fifty steps; the others do the same at each.
    let steps = [50, 50, 10, 10].map(|steps: u64| steps.max(10 * workload.tens));
    let mut seconds: [Vec<f64>; 4] = Default::default();
    let mut rounds = 0;
    let found = loop {
        // Every other round backwards: what drifts does so for all.
        for turn in 0..all.len() {
            let which = if rounds % 2 == 0 { turn } else { 3 - turn };
            let block = all[which].steps(steps[which])?;
            seconds[which].push(block.seconds / steps[which] as f64);
        }
        rounds += 1;
        let ratio = |a: usize, b: usize| paired(&seconds[a], &seconds[b]);
        let (telemetry, every_step) = (ratio(0, 1), ratio(2, 1));
        let sure = telemetry.half_width() <= SURE && every_step.half_width() <= SURE;
        if rounds >= effort.most || (rounds >= effort.least && sure) {
            let typical = Ratio::of(&seconds[0]).median;
            break Measured {
                name: workload.name,
                rounds,
                milliseconds: 1e3 * typical,
                watched: ratio(0, 3),
                unwatched: ratio(1, 3),
                telemetry,
                every_step,
                memory: memory(&all[0], &all[3]),
                difference,
                beside: Vec::new(),
            };
        }
    };
    let [.., eager] = all;
    let beside = beside(workload, programs, effort.beside, eager)?;
    Ok(Measured { beside, ..found })
}

fn paired(a: &[f64], b: &[f64]) -> Ratio {
    let ratios: Vec<f64> = a.iter().zip(b).map(|(a, b)| a / b).collect();
    Ratio::of(&ratios)
}

fn memory(a: &Contender, b: &Contender) -> f64 {
    match (a.peak_memory(), b.peak_memory()) {
        (Some(a), Some(b)) => a / b,
        _ => f64::NAN,
    }
}

/// Fails where the programs do not compute the same.
fn difference(workload: &Workload, losses: &[Vec<f64>]) -> Result<f64, String> {
    let reference = &losses[3];
    let mut largest = 0.0f64;
    for ours in &losses[..3] {
        for (step, (a, b)) in ours.iter().zip(reference).enumerate() {
            let difference = (a - b).abs() / b.abs();
            let bound = if step == 0 { SAME } else { ALIKE };
            // A NaN is not below the bound either.
            if !matches!(difference.partial_cmp(&bound), Some(order) if order.is_le()) {
                return Err(format!(
                    "{}: loss {a} of step {step}, PyTorch has {b}: they do not train the same",
                    workload.name
                ));
            }
            largest = largest.max(difference);
        }
    }
    Ok(largest)
}

/// Each of the others in turn with PyTorch eager.
fn beside(
    workload: &Workload,
    programs: &Programs,
    rounds: usize,
    mut eager: Contender,
) -> Result<Vec<(&'static str, Option<Ratio>)>, String> {
    let mut found = Vec::new();
    for &mode in BESIDE.iter().filter(|_| rounds > 0) {
        let mut other = programs.torch(workload, mode)?;
        let mut run = || -> Result<Ratio, String> {
            other.block()?;
            other.steps(9)?;
            let (mut theirs, mut plain) = (Vec::new(), Vec::new());
            for _ in 0..rounds {
                let seconds = |block: Block| block.seconds;
                theirs.push(other.steps(10).map(seconds)?);
                plain.push(eager.steps(10).map(seconds)?);
            }
            Ok(paired(&theirs, &plain))
        };
        // A compiler that gives up or a monitor that takes too long is no reason to stop.
        let ratio = run();
        if let Err(message) = &ratio {
            eprintln!("{} {mode}: {message}", workload.name);
        }
        found.push((mode, ratio.ok()));
    }
    Ok(found)
}
