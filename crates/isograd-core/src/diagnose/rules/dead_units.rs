//! `dead-units`: units whose activation has slope zero on every example, beyond what the correlation
//! of their inputs alone brings about.

use super::Rule;
use crate::describe::NodeId;
use crate::diagnose::advice;
use crate::diagnose::context::Context;
use crate::diagnose::depth::Depth;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::finding::{Finding, Severity};
use crate::diagnose::limits::{FALSE_ALARM, binomial_tail, normal_cdf, normal_quantile};
use crate::trace::{Quantity, Record};
use isograd_theory::Activation;

pub(super) const RULE: Rule = Rule {
    code: "dead-units",
    severity: Severity::Critical,
    page: include_str!("../../../../../docs/findings/dead-units.md"),
    check,
};

/// Of the units that should be alive, the share that must be dead for a layer to be ill. A layer in
/// which half of them are dead passes on 3.01 dB less, as much again as a healthy ReLU costs, which
/// the usual initialisation does not make up for.
const SICK: f64 = 0.5;

/// Examples below which a unit that was never active is no evidence: with N, its probability of
/// being active may still be 3/N (95 %), here 1 %.
const FEWEST_EXAMPLES: f64 = 300.0;

/// Points of the midpoint rule for the null: it agrees with closed forms to 5e-4.
const POINTS: usize = 512;

/// The dead units of one layer at one record.
#[derive(Clone, Copy, Debug)]
struct Census {
    node: NodeId,
    share: f64,
    null: f64,
    /// Share of the dead among the units that should be alive.
    excess: f64,
    examples: f64,
}

fn check(ctx: &Context<'_>) -> Option<Finding> {
    let at_start = ctx.initial().map_or(Vec::new(), |r| sick(ctx, r));
    let latest = ctx.latest().filter(|&r| counts_units(ctx, r));
    let at_end = latest.map(|r| sick(ctx, r));
    let (found, died) = match &at_end {
        Some(end) if !end.is_empty() => (end, at_start.is_empty()),
        _ => (&at_start, false),
    };
    let worst = found
        .iter()
        .copied()
        .max_by(|a, b| a.excess.total_cmp(&b.excess))?;
    let recovered = at_end.as_ref().is_some_and(Vec::is_empty);
    // A chain with a layer in which nothing is alive passes nothing on.
    let blocked = found
        .iter()
        .any(|c| c.share >= 1.0 && ctx.node(c.node).parent.is_none());
    // Units that die where gradient or signal were out of bounds from the beginning are a consequence.
    let consequence = died && Depth::new(ctx).is_some_and(|d| d.unhealthy());
    let severity = match () {
        () if consequence => Severity::Warning,
        () if ctx.course.stalled() || ctx.course.diverged() => Severity::Critical,
        () if recovered => Severity::Info,
        () if blocked => Severity::Critical,
        () => Severity::Warning,
    };
    let name = |c: &Census| ctx.node(c.node).name.as_str();
    let when = if died {
        " after training, though none were at its start"
    } else {
        ""
    };
    Some(Finding {
        code: RULE.code,
        severity,
        layers: found.iter().map(|c| name(c).to_owned()).collect(),
        cause: format!(
            "in {} of {} layers most units are dead{when}: at {} {:.0} % have slope zero on all {} examples, where {:.0} % would be expected",
            found.len(),
            rectifiers(ctx).count(),
            name(&worst),
            100.0 * worst.share,
            worst.examples,
            100.0 * worst.null,
        ),
        evidence: Evidence::new()
            .number("dead", worst.share)
            .number("expected", worst.null)
            .number("dead_among_those_expected_alive", worst.excess)
            .number("limit", SICK)
            .number("examples", worst.examples)
            .number("probability_of_activity_below", 3.0 / worst.examples)
            .by_layer("dead_by_layer", found.iter().map(|c| (name(c), c.share)))
            .by_layer("expected_by_layer", found.iter().map(|c| (name(c), c.null)))
            .maybe("loss_at_end", ctx.course.end)
            .maybe("loss_of_a_constant", ctx.course.constant)
            .finish(),
        advice: advice::for_dead(ctx, &found.iter().map(|c| c.node).collect::<Vec<_>>(), died),
    })
}

/// Activations of hidden layers.
fn rectifiers<'a>(ctx: &'a Context<'_>) -> impl Iterator<Item = NodeId> + 'a {
    ctx.exam
        .plan
        .nodes
        .iter()
        .filter(|n| n.op.activation().is_some() && !ctx.is_output(n.id))
        .map(|n| n.id)
}

/// True where dead units were counted at all, on enough examples.
fn counts_units(ctx: &Context<'_>, record: &Record) -> bool {
    rectifiers(ctx).any(|n| census(ctx, record, n).is_some())
}

/// The layers that are ill.
fn sick(ctx: &Context<'_>, record: &Record) -> Vec<Census> {
    rectifiers(ctx)
        .filter_map(|n| census(ctx, record, n))
        .filter(|c| {
            let units = ctx.node(c.node).output.units();
            c.excess > SICK && binomial_tail(c.share, units, c.null) < FALSE_ALARM
        })
        .collect()
}

fn census(ctx: &Context<'_>, record: &Record, node: NodeId) -> Option<Census> {
    let share = ctx
        .get(record, node, Quantity::DeadUnits)
        .filter(|s| (0.0..=1.0).contains(s))?;
    let examples = ctx
        .get(record, node, Quantity::Examples)
        .filter(|n| n.is_finite())?;
    if examples < FEWEST_EXAMPLES {
        return None;
    }
    let null = null_share(correlation(ctx, record, node), examples).max(starved(ctx, record, node));
    Some(Census {
        node,
        share,
        null,
        excess: (share - null) / (1.0 - null),
        examples,
    })
}

/// Probability that all weights from the live ReLU units in front are negative: then no input, being
/// positive, can switch the unit on. It matters in narrow layers alone: 2⁻ᵏ for k live units.
fn starved(ctx: &Context<'_>, record: &Record, activation: NodeId) -> f64 {
    let mut at = activation;
    while let Some(before) = ctx.before(at) {
        at = before;
        if let Some(a) = ctx.node(at).op.activation() {
            let units = ctx.node(at).output.units() as f64;
            let dead = ctx
                .get(record, at, Quantity::DeadUnits)
                .filter(|_| a == Activation::Relu);
            return dead.map_or(0.0, |d| 0.5_f64.powf(((1.0 - d) * units).max(1.0)));
        }
    }
    0.0
}

/// Correlation between the pre-activations of different examples, as it would be if they had no
/// common mean: a mean that all units share (a negative bias) is what kills units, so it must not
/// enter the null. `None`: not known.
fn correlation(ctx: &Context<'_>, record: &Record, activation: NodeId) -> Option<f64> {
    let input = ctx.before(activation)?;
    let cosine = ctx.get(record, input, Quantity::Correlation)?;
    let mean = ctx.get(record, input, Quantity::ForwardMean);
    let rms = ctx.get(record, input, Quantity::ForwardRms);
    let centred = match (mean, rms) {
        (Some(mean), Some(rms)) => centred(cosine, mean, rms, ctx.node(input).output.units()),
        _ => cosine,
    };
    centred.is_finite().then(|| centred.clamp(0.0, 1.0))
}

/// The cosine without the part that a common mean makes. Units that are each drawn with mean zero
/// have, all together, a mean of variance c·rms²/n by chance; only one beyond that is taken out.
fn centred(cosine: f64, mean: f64, rms: f64, units: usize) -> f64 {
    let (common, all) = (mean * mean, rms * rms);
    let chance = normal_quantile(FALSE_ALARM / 2.0).powi(2) * cosine * all / units.max(1) as f64;
    if common > chance {
        (cosine * all - common) / (all - common)
    } else {
        cosine
    }
}

/// Expected share of units that are never positive on N examples, if pre-activations are normal with
/// mean zero and correlation c between examples: ∫ φ(z)·Φ(−z√c/√(1−c))^N dz. It is ½ at c = 1 (each
/// unit always on or always off), which is also what is assumed where c is not known.
fn null_share(correlation: Option<f64>, examples: f64) -> f64 {
    let Some(c) = correlation.filter(|&c| c < 1.0) else {
        return 0.5;
    };
    // A unit is dead when √c·z + √(1−c)·M < 0, M the largest of N normal numbers. Over the quantiles
    // u of M, where Φ(M)^N = u, the integrand Φ(−M√((1−c)/c)) is smooth; midpoint rule.
    let scale = ((1.0 - c) / c).sqrt();
    let sum: f64 = (0..POINTS)
        .map(|i| {
            let u = (i as f64 + 0.5) / POINTS as f64;
            let largest = normal_quantile(-(u.ln() / examples).exp_m1());
            // At c = 0 the scale is infinite: dead only if all N are negative.
            if largest == 0.0 {
                0.5
            } else {
                normal_cdf(-largest * scale)
            }
        })
        .sum();
    sum / POINTS as f64
}

#[cfg(test)]
mod tests {
    use super::{centred, null_share};

    #[test]
    fn the_null_agrees_with_closed_forms() {
        // One example: half of the units are off. Two: the orthant probability ¼ + asin(c)/2π
        // (Sheppard 1899). Three: ⅛ + 3·asin(c)/4π.
        let tau = std::f64::consts::TAU;
        for c in [0.1, 0.5, 0.9, 0.99_f64] {
            for (n, expected) in [
                (1.0, 0.5),
                (2.0, 0.25 + c.asin() / tau),
                (3.0, 0.125 + 3.0 * c.asin() / (2.0 * tau)),
            ] {
                let got = null_share(Some(c), n);
                assert!(
                    (got - expected).abs() < 5e-4,
                    "c = {c}, N = {n}: {got} for {expected}"
                );
            }
        }
        assert!(null_share(Some(0.0), 100.0) < 1e-20);
        assert_eq!(null_share(Some(1.0), 100.0), 0.5);
        assert_eq!(null_share(None, 100.0), 0.5);
    }

    #[test]
    fn a_deep_he_network_has_a_third_dead_by_correlation_alone() {
        // The correlation map of ReLU reaches 0.98786 after 50 layers from orthogonal inputs.
        let got = null_share(Some(0.98786), 2048.0);
        assert!((got - 0.35).abs() < 0.01, "{got}");
    }

    #[test]
    fn only_a_mean_beyond_chance_is_taken_out() {
        // rms² = 1: mean² = 0.9 of 64 units is no chance, and leaves (0.95 − 0.9)/(1 − 0.9).
        assert!((centred(0.95, -(0.9_f64.sqrt()), 1.0, 64) - 0.5).abs() < 1e-12);
        // With five units of correlation 0.95 chance allows more than the whole.
        assert_eq!(centred(0.95, -(0.9_f64.sqrt()), 1.0, 5), 0.95);
        assert_eq!(centred(0.5, 0.01, 1.0, 64), 0.5);
    }
}
