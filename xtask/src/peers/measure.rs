//! Blocks of steps of both programs in turn, and what their ratios say.

use super::contender::{Block, Contender};
use super::programs::Programs;
use super::statistics::Ratio;
use std::time::Instant;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Rounds of both programs in turn.
    pub(super) rounds: usize,
    /// Pairs of blocks with and without telemetry at most.
    pub(super) pairs: usize,
    /// Rounds of what is only shown beside; 0 leaves it out.
    pub(super) beside: usize,
}

/// Pairs of blocks with and without telemetry at the least.
const FEWEST: usize = 20;
/// Half-width of an overhead's interval that ends a measurement, and one that does after a while.
const SURE: [f64; 2] = [0.005, 0.01];
/// Seconds after which that is.
const WHILE: f64 = 120.0;
/// Seconds of a block of telemetry at the least: what drifts in the meantime does so for both of a pair.
const SHORT: f64 = 0.025;
/// Seconds of a block of one of the programs at the least: the other one's data leave the caches first.
const LONG: f64 = 0.3;
/// Largest relative difference of the first losses: the same weights, the same rows.
const SAME: f64 = 1e-4;
/// Of the losses of ten steps: rounding grows where training does not contract.
const ALIKE: f64 = 3e-2;

/// Share of the steps of the default schedule that measure rows alone, and that measure everything: every
/// tenth, and of those every fifth (`Schedule::default` of isograd).
const DEFAULT: [f64; 2] = [0.1 - 0.02, 0.02];

/// What was found for one workload. Ratios are of seconds a step.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) name: &'static str,
    /// Rounds of both programs, and pairs of blocks with and without telemetry.
    pub(super) counts: [usize; 2],
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
    name: &'static str,
    programs: &Programs,
    effort: Effort,
) -> Result<Measured, String> {
    let scratch = programs.scratch()?;
    let mut isograd = programs.isograd(name, &scratch.path().join("trace"))?;
    let mut eager = programs.torch(name, "eager")?;
    let difference = difference(name, first(&mut isograd, "every")?, first(&mut eager, "")?)?;

    let step = isograd.steps(10, "default")?.seconds / 10.0;
    let tens = 10 * (LONG / (10.0 * step)).ceil().max(1.0) as u64;
    let mut seconds: [Vec<f64>; 3] = Default::default();
    for round in 0..effort.rounds {
        for turn in 0..3 {
            // Every other round backwards: what drifts does so for all.
            let which = if round % 2 == 0 { turn } else { 2 - turn };
            let block = match which {
                0 => isograd.steps(tens, "default")?,
                1 => isograd.steps(tens, "none")?,
                _ => eager.steps(tens, "")?,
            };
            seconds[which].push(block.seconds / tens as f64);
        }
    }
    let memory = memory(&isograd, &eager);
    let ([rows, every_step], pairs) = telemetry(&mut isograd, step, effort.pairs)?;
    let beside = beside(name, programs, effort.beside, eager, tens)?;
    Ok(Measured {
        name,
        counts: [effort.rounds, pairs],
        milliseconds: 1e3 * Ratio::of(&seconds[0]).median,
        watched: paired(&seconds[0], &seconds[2]),
        unwatched: paired(&seconds[1], &seconds[2]),
        telemetry: rows.mixed(DEFAULT[0], every_step, DEFAULT[1]),
        every_step,
        memory,
        difference,
        beside,
    })
}

/// Losses of the first ten steps.
fn first(contender: &mut Contender, watch: &str) -> Result<Vec<f64>, String> {
    let mut losses = contender.block()?.losses;
    losses.extend(contender.steps(9, watch)?.losses);
    Ok(losses)
}

/// What rows at every step and everything at every step add, and of how many pairs. One program trains in
/// short blocks with and without: pages, weights and neighbours are the same for both.
fn telemetry(
    isograd: &mut Contender,
    step: f64,
    most: usize,
) -> Result<([Ratio; 2], usize), String> {
    const WATCHES: [&str; 3] = ["none", "rows", "every"];
    let begun = Instant::now();
    let steps = (SHORT / step).ceil().max(2.0) as u64;
    let mut seconds: [Vec<f64>; 3] = Default::default();
    for pair in 0.. {
        for turn in 0..WATCHES.len() {
            let which = if pair % 2 == 0 { turn } else { 2 - turn };
            seconds[which].push(isograd.steps(steps, WATCHES[which])?.seconds);
        }
        let found = [1, 2].map(|which| paired(&seconds[which], &seconds[0]));
        let count = pair + 1;
        let sure = SURE[usize::from(begun.elapsed().as_secs_f64() > WHILE)];
        if count >= most || (count >= FEWEST && found[1].half_width() <= sure) {
            return Ok((found, count));
        }
    }
    unreachable!("the loop has no other end")
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
fn difference(name: &str, ours: Vec<f64>, reference: Vec<f64>) -> Result<f64, String> {
    let mut largest = 0.0f64;
    for (step, (a, b)) in ours.into_iter().zip(reference).enumerate() {
        let difference = (a - b).abs() / b.abs();
        let bound = if step == 0 { SAME } else { ALIKE };
        // A NaN is not below the bound either.
        if !matches!(difference.partial_cmp(&bound), Some(order) if order.is_le()) {
            return Err(format!(
                "{name}: loss {a} of step {step}, PyTorch has {b}: they do not train the same"
            ));
        }
        largest = largest.max(difference);
    }
    Ok(largest)
}

/// Each of the others in turn with PyTorch eager.
fn beside(
    name: &str,
    programs: &Programs,
    rounds: usize,
    mut eager: Contender,
    steps: u64,
) -> Result<Vec<(&'static str, Option<Ratio>)>, String> {
    let mut found = Vec::new();
    for &mode in BESIDE.iter().filter(|_| rounds > 0) {
        let mut other = programs.torch(name, mode)?;
        let mut run = || -> Result<Ratio, String> {
            other.block()?;
            other.steps(9, "")?;
            let (mut theirs, mut plain) = (Vec::new(), Vec::new());
            for _ in 0..rounds {
                let seconds = |block: Block| block.seconds;
                theirs.push(other.steps(steps, "").map(seconds)?);
                plain.push(eager.steps(steps, "").map(seconds)?);
            }
            Ok(paired(&theirs, &plain))
        };
        // A compiler that gives up or a monitor that takes too long is no reason to stop.
        let ratio = run();
        if let Err(message) = &ratio {
            eprintln!("{name} {mode}: {message}");
        }
        found.push((mode, ratio.ok()));
    }
    Ok(found)
}
