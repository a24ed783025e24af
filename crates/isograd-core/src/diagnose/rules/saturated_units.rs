//! `saturated-units`: units that sit on the flat ends of their activation.

use super::Rule;
use crate::describe::NodeId;
use crate::diagnose::advice;
use crate::diagnose::context::Context;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::finding::{Finding, Severity};
use crate::diagnose::limits::{FALSE_ALARM, binomial_tail};
use crate::diagnose::slopes::saturating_slope;
use crate::trace::{Quantity, Record};

pub(super) const RULE: Rule = Rule {
    code: "saturated-units",
    severity: Severity::Critical,
    page: include_str!("../../../../../docs/findings/saturated-units.md"),
    check,
};

/// Share of saturated units above which a layer is ill: with more than half of them flat it passes
/// on less than a ReLU layer does, which is the most that the usual initialisation makes up for.
const SICK: f64 = 0.5;

/// Share expected of a healthy layer: tanh of pre-activations of unit variance, each unit constant
/// over the examples (the worst case), has φ′² below 1/20 of its largest value for |h| > 1.39,
/// in 16 % of the units; sigmoid and softsign have less.
const NULL: f64 = 0.16;

/// Relative slope square of a layer below which more than half of its units must have theirs below
/// 1/20 (Markov's inequality), for traces in which units were not counted.
const MEAN_SLOPE: f64 = 0.05 * (1.0 - SICK);

#[derive(Clone, Copy, Debug)]
struct Layer {
    node: NodeId,
    share: Option<f64>,
    slope: Option<f64>,
}

fn check(ctx: &Context<'_>) -> Option<Finding> {
    let start = ctx.initial().map_or(Vec::new(), |r| measured(ctx, r));
    let end = ctx.latest().map_or(Vec::new(), |r| measured(ctx, r));
    let sick = |layers: &[Layer]| -> Vec<Layer> {
        layers.iter().copied().filter(|l| is_sick(ctx, l)).collect()
    };
    let (sick_start, sick_end) = (sick(&start), sick(&end));
    let course = &ctx.course;
    let severity = if course.stalled() || course.diverged() {
        Severity::Critical
    } else if sick_start.is_empty() || (!end.is_empty() && sick_end.is_empty()) {
        // Units that training itself drove to their ends while the loss fell decide clearly; and
        // those that left them again do no harm.
        Severity::Info
    } else {
        Severity::Warning
    };
    let grown = sick_start.is_empty();
    let found = if sick_end.is_empty() {
        sick_start
    } else {
        sick_end
    };
    let worst = found
        .iter()
        .copied()
        .max_by(|a, b| badness(a).total_cmp(&badness(b)))?;
    let name = |l: &Layer| ctx.node(l.node).name.as_str();
    let total = hidden(ctx).count();
    Some(Finding {
        code: RULE.code,
        severity,
        layers: found.iter().map(|l| name(l).to_owned()).collect(),
        cause: format!(
            "in {} of {total} layers most units are on the flat ends of their activation{}: at {} {}",
            found.len(),
            if grown { " after training" } else { "" },
            name(&worst),
            match (worst.share, worst.slope) {
                (Some(s), _) => format!("{:.0} % of them", 100.0 * s),
                (None, Some(s)) => format!("φ′² is {:.1} % of its largest value", 100.0 * s),
                (None, None) => String::new(),
            }
        ),
        evidence: Evidence::new()
            .maybe("saturated", worst.share)
            .number("limit", SICK)
            .number("expected_at_most", NULL)
            .maybe("slope_square_of_largest", worst.slope)
            .by_layer(
                "saturated_by_layer",
                found.iter().filter_map(|l| Some((name(l), l.share?))),
            )
            .maybe("loss_at_end", course.end)
            .maybe("loss_of_a_constant", course.constant)
            .finish(),
        advice: advice::for_saturated(
            ctx,
            &found.iter().map(|l| l.node).collect::<Vec<_>>(),
            grown,
        ),
    })
}

fn badness(layer: &Layer) -> f64 {
    layer
        .share
        .unwrap_or_else(|| 1.0 - layer.slope.unwrap_or(1.0))
}

/// Hidden activations that can saturate, with their largest slope. Outputs are meant to.
fn hidden<'a>(ctx: &'a Context<'_>) -> impl Iterator<Item = (NodeId, f64)> + 'a {
    ctx.exam
        .plan
        .nodes
        .iter()
        .filter(|n| !ctx.is_output(n.id))
        .filter_map(|n| Some((n.id, saturating_slope(n.op.activation()?)?)))
}

fn measured(ctx: &Context<'_>, record: &Record) -> Vec<Layer> {
    hidden(ctx)
        .filter_map(|(node, largest)| {
            let share = ctx
                .get(record, node, Quantity::SaturatedUnits)
                .filter(|s| (0.0..=1.0).contains(s));
            let slope = ctx
                .get(record, node, Quantity::SlopeSquare)
                .filter(|s| s.is_finite())
                .map(|s| s / (largest * largest));
            (share.is_some() || slope.is_some()).then_some(Layer { node, share, slope })
        })
        .collect()
}

fn is_sick(ctx: &Context<'_>, layer: &Layer) -> bool {
    let units = ctx.node(layer.node).output.units();
    match (layer.share, layer.slope) {
        (Some(share), _) => share > SICK && binomial_tail(share, units, NULL) < FALSE_ALARM,
        (None, Some(slope)) => slope < MEAN_SLOPE,
        (None, None) => false,
    }
}
