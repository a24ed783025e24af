//! The verdict: the chosen candidate against its control at full length, on validation rows and
//! seeds that the search never saw. Only one candidate is ever judged, so no correction for many
//! comparisons is needed.

use super::candidate::Candidate;
use super::error::HealError;
use super::healing::MetricChange;
use super::ledger::Ledger;
use super::observer::Stage;
use super::options::HealOptions;
use super::paired::{Comparison, Judged, quantile};
use super::schedule::verdict_cost;
use super::trainer::{Evaluate, Trial};
use super::utility::{POINT, utility};
use crate::describe::train::Metric;

/// What the verdict says.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Accepted, else rolled back.
    pub(crate) accepted: bool,
    /// Why, in one sentence.
    pub(crate) reason: String,
    /// The figures.
    pub(crate) metric: MetricChange,
}

/// Normal quantile of the chance (80 %) with which a true effect should be recognised.
const POWER: f64 = 0.841_621;

/// Seeds for the verdict: the fewest from `options.verdict_seeds` up with which an effect as large
/// and as scattered as the search saw would be recognised four times in five, as far as the budget
/// goes. The search's seeds and rows are not the verdict's, so looking at them costs no error.
pub(crate) fn seeds_needed(seen: &Comparison, left: f64, options: &HealOptions) -> usize {
    let most = options
        .most_verdict_seeds
        .min((left / verdict_cost(1) + 1e-9) as usize)
        .max(options.verdict_seeds);
    (options.verdict_seeds..=most)
        .find(|&n| {
            let n = n as f64;
            seen.effect >= (quantile(n - 1.0) + POWER) * seen.deviation / n.sqrt()
        })
        .unwrap_or(most)
}

/// Judges `candidate` on so many fresh seeds; `outputs` is how many numbers the network puts out. Ends after the first seed on which it does not beat
/// its control, since it can then no longer be accepted.
pub(crate) fn judge(
    ledger: &mut Ledger<'_>,
    control: &Candidate,
    candidate: &Candidate,
    seeds: usize,
    outputs: usize,
    options: &HealOptions,
) -> Result<Verdict, HealError> {
    ledger.stage(Stage::Verdict { seeds });
    let constant = ledger.constant(control)?;
    let mut pairs = Vec::new();
    let mut failed = None;
    for seed in options.seeds_of_verdict(control.description.seed, seeds) {
        let trial = Trial {
            seed,
            budget: 1.0,
            evaluate: Evaluate::Verdict,
        };
        let pair = ledger.pair(control, candidate, trial)?;
        let better = pair.1.utility() > pair.0.utility();
        pairs.push(pair);
        if !better {
            failed = Some(seed);
            break;
        }
    }
    let metric = pairs[0].0.metric;
    let constant = constant.or_else(|| known_constant(metric, outputs));
    let floor = constant.map(|value| utility(metric, value));
    let borrowed: Vec<(&Judged, &Judged)> = pairs.iter().map(|(a, b)| (a, b)).collect();
    let comparison = Comparison::of(&borrowed, floor);
    let mean = |side: fn(&(Judged, Judged)) -> f64| {
        pairs.iter().map(side).sum::<f64>() / pairs.len() as f64
    };
    let change = MetricChange {
        name: metric.word(),
        before: mean(|p| p.0.value),
        after: mean(|p| p.1.value),
        effect: comparison.effect,
        interval: comparison.interval,
        by_seed: comparison.differences.clone(),
        constant,
    };
    let (accepted, reason) = decide(&comparison, &change, metric, floor, failed);
    Ok(Verdict {
        accepted,
        reason,
        metric: change,
    })
}

/// The rules, in order.
fn decide(
    comparison: &Comparison,
    change: &MetricChange,
    metric: Metric,
    floor: Option<f64>,
    failed: Option<u64>,
) -> (bool, String) {
    let [low, high] = comparison.interval;
    if let Some(seed) = failed {
        return (
            false,
            format!("rolled back: on validation rows it did not beat its control with seed {seed}"),
        );
    }
    if comparison.effect.is_nan() || comparison.effect < POINT {
        return (
            false,
            format!(
                "rolled back: the gain of {:.4} is below one point",
                comparison.effect
            ),
        );
    }
    if low.is_nan() || low <= 0.0 {
        return (
            false,
            format!("rolled back: the gain's 95 % interval [{low:.4}, {high:.4}] holds 0"),
        );
    }
    let after = utility(metric, change.after);
    if floor.is_some_and(|floor| after < floor) {
        return (
            false,
            format!(
                "rolled back: {} {:.4} is worse than a constant prediction",
                metric.word(),
                change.after
            ),
        );
    }
    (
        true,
        format!(
            "{} {:.4} → {:.4} on validation rows, better with each of {} fresh seeds",
            metric.word(),
            change.before,
            change.after,
            comparison.differences.len()
        ),
    )
}

/// What the best constant predictor reaches at least, by definition: R² 0, and 1/n accuracy among n
/// classes.
fn known_constant(metric: Metric, outputs: usize) -> Option<f64> {
    match metric {
        Metric::R2 => Some(0.0),
        Metric::Accuracy if outputs > 1 => Some(1.0 / outputs as f64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::seeds_needed;
    use crate::heal::options::HealOptions;
    use crate::heal::paired::Comparison;

    #[test]
    fn scattered_effects_get_more_seeds_while_the_budget_lasts() {
        let options = HealOptions::default();
        let seen = |effect: f64, deviation: f64| Comparison {
            differences: vec![effect; 3],
            effect,
            error: 0.0,
            deviation,
            interval: [effect; 2],
        };
        // By hand: 3 seeds need an effect of (4.303 + 0.842)/√3 = 2.97 deviations, 4 seeds
        // (3.182 + 0.842)/2 = 2.01, 5 seeds (2.776 + 0.842)/√5 = 1.62, 6 (2.571 + 0.842)/√6 = 1.39.
        let cases = [
            (3.0, 20.0, 3),
            (2.5, 20.0, 4),
            (1.7, 20.0, 5),
            (1.0, 20.0, 6),
            (1.0, 8.0, 4),
            (1.0, 6.0, 3),
        ];
        for (effect, left, expected) in cases {
            assert_eq!(
                seeds_needed(&seen(effect, 1.0), left, &options),
                expected,
                "{effect} {left}"
            );
        }
        assert_eq!(seeds_needed(&seen(f64::INFINITY, 0.0), 20.0, &options), 3);
    }
}
