//! The search: many candidates for a short time, the better half for longer, the best few with the
//! control on several seeds; then the smallest patch that reaches the level of the best. It sees
//! rows of [`Evaluate::Choice`] only.

use super::candidate::Candidate;
use super::error::HealError;
use super::ledger::{Ledger, same_rows};
use super::observer::Stage;
use super::options::HealOptions;
use super::paired::{Comparison, Judged};
use super::schedule::Schedule;
use super::trainer::{Evaluate, Trial};
use super::utility::{POINT, ceiling};

/// What the search chose.
#[derive(Debug)]
pub(crate) struct Choice {
    /// Position of the chosen candidate.
    pub(crate) candidate: usize,
    /// Its comparison with the control on the rows for choosing.
    pub(crate) against_control: Comparison,
}

/// Searches `candidates` (best guess first). `None`: none was better than the control by a point.
pub(crate) fn search(
    ledger: &mut Ledger<'_>,
    control: &Candidate,
    candidates: &[Candidate],
    options: &HealOptions,
) -> Result<Option<Choice>, HealError> {
    let seeds = options.seeds_of_choice(control.description.seed);
    let schedule = Schedule::new(candidates.len(), options)?;
    let finalists = halve(ledger, candidates, &schedule, seeds[0])?;
    ledger.stage(Stage::Finals {
        candidates: finalists.len(),
    });
    let mut before = Vec::new();
    let mut after = vec![Vec::new(); finalists.len()];
    for &seed in &seeds {
        let trial = Trial {
            seed,
            budget: schedule.final_share,
            evaluate: Evaluate::Choice,
        };
        let base = ledger.run(control, trial)?;
        for (results, &index) in after.iter_mut().zip(&finalists) {
            let judged = ledger.run(&candidates[index], trial)?;
            same_rows(&base, &judged, &candidates[index], seed)?;
            results.push(judged);
        }
        before.push(base);
    }
    Ok(smallest_of_the_best(
        candidates, &finalists, &before, &after,
    ))
}

/// The rounds on one seed; returns the finalists, best first.
fn halve(
    ledger: &mut Ledger<'_>,
    candidates: &[Candidate],
    schedule: &Schedule,
    seed: u64,
) -> Result<Vec<usize>, HealError> {
    let mut left: Vec<usize> = (0..schedule.entries()).collect();
    for (round, next) in schedule.rounds.iter().zip(
        schedule.rounds[1.min(schedule.rounds.len())..]
            .iter()
            .map(|r| r.candidates)
            .chain([schedule.finalists]),
    ) {
        ledger.stage(Stage::Halving {
            candidates: left.len(),
        });
        let mut results = Vec::with_capacity(left.len());
        for &index in &left {
            let trial = Trial {
                seed,
                budget: round.share,
                evaluate: Evaluate::Choice,
            };
            results.push((index, ledger.run(&candidates[index], trial)?));
        }
        let full: Vec<usize> = results
            .iter()
            .filter(|(_, judged)| judged.utility() >= ceiling(judged.metric))
            .map(|&(index, _)| index)
            .collect();
        if !full.is_empty() {
            // Nothing is left to gain: the smallest of them go to the last round at once.
            let mut full = full;
            full.sort_by_key(|&index| (candidates[index].edits, index));
            full.truncate(schedule.finalists);
            return Ok(full);
        }
        left = survivors(&results, candidates, next);
    }
    Ok(left)
}

/// Points behind the leader within which a smaller patch may still turn out as good: between seeds a
/// short training scatters by a few points.
const NEAR: f64 = 5.0;

/// The best `count`, best first. The last place is kept for the smallest patch near the leader (the
/// best of those of that size), which would otherwise fall out by noise among many equals.
fn survivors(results: &[(usize, Judged)], candidates: &[Candidate], count: usize) -> Vec<usize> {
    let order = ranked(results);
    let mut left: Vec<usize> = order.iter().copied().take(count).collect();
    let top = results
        .iter()
        .map(|(_, judged)| judged.utility())
        .fold(f64::NEG_INFINITY, f64::max);
    let smallest = order
        .into_iter()
        .filter(|index| {
            results
                .iter()
                .any(|(i, judged)| i == index && judged.utility() >= top - NEAR * POINT)
        })
        .min_by_key(|&index| candidates[index].edits);
    if let Some(smallest) = smallest
        && left.len() > 1
        && left
            .iter()
            .all(|&index| candidates[index].edits > candidates[smallest].edits)
    {
        left.pop();
        left.push(smallest);
    }
    left
}

/// Best first. Utilities are compared in steps of a point, or of the leader's standard error where
/// that is larger: within a step the first guess decides, not the noise.
fn ranked(results: &[(usize, Judged)]) -> Vec<usize> {
    let best = results
        .iter()
        .map(|(index, judged)| (judged.utility(), *index, judged))
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let Some((top, _, leader)) = best else {
        return Vec::new();
    };
    let step = leader.row_error().max(POINT);
    let mut order: Vec<(f64, usize)> = results
        .iter()
        .map(|(index, judged)| {
            let behind = top - judged.utility();
            // −∞ − (−∞): all are equally bad.
            let steps = if behind.is_nan() {
                0.0
            } else {
                (behind / step).floor()
            };
            (steps, *index)
        })
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    order.into_iter().map(|(_, index)| index).collect()
}

/// Among the finalists that beat the control by a point on average, the one with the fewest edits
/// that lies within one standard error of the best (the rule of one standard error, Breiman et al.
/// 1984, here on paired differences).
fn smallest_of_the_best(
    candidates: &[Candidate],
    finalists: &[usize],
    before: &[Judged],
    after: &[Vec<Judged>],
) -> Option<Choice> {
    let pairs = |a: &'_ [Judged], b: &'_ [Judged]| {
        let zipped: Vec<(&Judged, &Judged)> = a.iter().zip(b).collect();
        Comparison::of(&zipped, None)
    };
    let mut better: Vec<(usize, Comparison)> = after
        .iter()
        .enumerate()
        .map(|(position, results)| (position, pairs(before, results)))
        .filter(|(_, comparison)| comparison.effect >= POINT)
        .collect();
    let mean = |position: usize| {
        after[position].iter().map(Judged::utility).sum::<f64>() / after[position].len() as f64
    };
    let best = better
        .iter()
        .map(|(position, _)| *position)
        .max_by(|&a, &b| mean(a).total_cmp(&mean(b)).then(b.cmp(&a)))?;
    better.retain(|(position, _)| {
        let behind = pairs(&after[*position], &after[best]);
        *position == best || behind.effect <= behind.error
    });
    better
        .into_iter()
        .min_by_key(|(position, _)| {
            (
                candidates[finalists[*position]].edits,
                *position != best,
                *position,
            )
        })
        .map(|(position, against_control)| Choice {
            candidate: finalists[position],
            against_control,
        })
}

#[cfg(test)]
mod tests {
    use super::{ranked, survivors};
    use crate::describe::Patch;
    use crate::describe::train::Metric;
    use crate::heal::candidate::Candidate;
    use crate::heal::fake::description;
    use crate::heal::paired::Judged;

    #[test]
    fn within_a_step_the_first_guess_decides() {
        let judged = |value: f64| Judged {
            metric: Metric::Mae,
            value,
            scores: vec![value as f32; 1000],
        };
        let rank = |values: &[f64]| {
            let results: Vec<_> = values.iter().copied().map(judged).enumerate().collect();
            ranked(&results)
        };
        let cases: [(&[f64], &[usize]); 5] = [
            (&[1.0, 1.004, 0.996], &[0, 1, 2]),
            (&[1.0, 0.5, 2.0], &[1, 0, 2]),
            (&[f64::NAN, 3.0, f64::NAN], &[1, 0, 2]),
            (&[f64::NAN, f64::NAN], &[0, 1]),
            (&[], &[]),
        ];
        for (values, expected) in cases {
            assert_eq!(rank(values), expected, "{values:?}");
        }
    }

    #[test]
    fn a_small_patch_near_the_leader_stays() {
        let survivors_of = |values: [f64; 4], edits: [usize; 4]| {
            let candidates = edits.map(|edits| Candidate {
                title: String::new(),
                edits,
                patch: Patch::default(),
                description: description(1.0),
            });
            let results: Vec<_> = values
                .iter()
                .map(|&value| Judged {
                    metric: Metric::R2,
                    value,
                    scores: vec![0.5; 100],
                })
                .enumerate()
                .collect();
            survivors(&results, &candidates, 2)
        };
        let cases = [
            ([0.9, 0.8, 0.86, 0.5], [3, 3, 1, 1], [0, 2]),
            ([0.9, 0.88, 0.8, 0.5], [3, 3, 1, 1], [0, 1]),
            ([0.9, 0.88, 0.86, 0.5], [1, 3, 1, 1], [0, 1]),
            ([0.9, 0.88, 0.86, 0.87], [3, 3, 1, 1], [0, 3]),
        ];
        for (values, edits, expected) in cases {
            assert_eq!(
                survivors_of(values, edits),
                expected,
                "{values:?} {edits:?}"
            );
        }
    }
}
