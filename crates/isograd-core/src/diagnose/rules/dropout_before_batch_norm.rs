//! `dropout-before-batch-norm`: dropout makes the variance in training larger than in evaluation, and
//! batch normalisation divides by the one of training in both.

use super::Rule;
use crate::describe::network::EvalStatistics;
use crate::describe::{NodeId, Op, Shape};
use crate::diagnose::advice;
use crate::diagnose::context::Context;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::finding::{Finding, Severity};
use crate::trace::Quantity;

pub(super) const RULE: Rule = Rule {
    code: "dropout-before-batch-norm",
    severity: Severity::Warning,
    page: include_str!("../../../../../docs/findings/dropout-before-batch-norm.md"),
    check,
};

/// Share of the variance of training that must be left in evaluation behind the last normalisation:
/// a tenth of the deviation. Below, the layers behind see in evaluation a hundredth of the power they
/// were trained on, beside means that have not shrunk with it.
const LEFT: f64 = 0.01;

/// Variance in evaluation over that in training at which a shift is worth knowing: half, as the paper
/// has for the usual dropout of ½ on units of mean zero.
const KNOWN: f64 = 0.5;

fn check(ctx: &Context<'_>) -> Option<Finding> {
    let plan = ctx.exam.plan;
    // The outermost chain, and each chain in a block: beside a path around it a shift does not add up.
    let mut worst: Option<(f64, Vec<(NodeId, f64)>)> = None;
    let inner = plan.nodes.iter().flat_map(|n| n.op.chains().both());
    for chain in inner.chain([plan.chain.as_slice()]) {
        let shifts = shifts(ctx, chain);
        let left: f64 = shifts.iter().map(|&(_, ratio)| ratio).product();
        if worst.as_ref().is_none_or(|(least, _)| left < *least) {
            worst = Some((left, shifts));
        }
    }
    let (left, shifts) = worst.filter(|(left, shifts)| *left < KNOWN && !shifts.is_empty())?;
    let names = shifts
        .iter()
        .map(|&(n, ratio)| (ctx.node(n).name.as_str(), ratio));
    Some(Finding {
        code: RULE.code,
        severity: if left < LEFT {
            Severity::Warning
        } else {
            Severity::Info
        },
        layers: names.clone().map(|(name, _)| name.to_owned()).collect(),
        cause: format!(
            "batch normalisation behind {} divides by the variance of training, which dropout makes larger: in evaluation {:.2} % of it {} left",
            match shifts.len() {
                1 => "dropout".to_owned(),
                n => format!("{n} dropouts"),
            },
            100.0 * left,
            if shifts.len() == 1 {
                "is"
            } else {
                "are, over all of them,"
            },
        ),
        evidence: Evidence::new()
            .number("variance_left", left)
            .number("limit", LEFT)
            .by_layer("variance_left_by_layer", names)
            .finish(),
        advice: advice::for_dropout(ctx, &shifts.iter().map(|s| s.0).collect::<Vec<_>>()),
    })
}

/// The dropouts of a chain with a batch normalisation behind them before anything else holds the size
/// of the signal, and the ratio of variances that each makes.
fn shifts(ctx: &Context<'_>, chain: &[NodeId]) -> Vec<(NodeId, f64)> {
    let mut waiting: Vec<(NodeId, f64)> = Vec::new();
    let mut found = Vec::new();
    for &id in chain {
        match &ctx.node(id).op {
            Op::Dropout { rate } if *rate > 0.0 => {
                let c = correlation(ctx, id);
                waiting.push((id, (1.0 - c) / ((1.0 - rate).recip() - c)));
            }
            Op::BatchNorm {
                eval_statistics: EvalStatistics::Running,
                ..
            } => found.append(&mut waiting),
            // What normalises each example by itself does so in evaluation too.
            Op::LayerNorm { .. }
            | Op::GroupNorm { .. }
            | Op::InstanceNorm { .. }
            | Op::RmsNorm { .. } => waiting.clear(),
            _ => {}
        }
    }
    found
}

/// The part c of the second moment in front of a dropout that is mean: with keep probability p the
/// variance is q·(1/p − c) in training and q·(1 − c) in evaluation (Li et al. 2018).
/// Weights of mean zero keep that ratio.
fn correlation(ctx: &Context<'_>, dropout: NodeId) -> f64 {
    let Some(before) = ctx.before(dropout) else {
        return 0.0;
    };
    let record = ctx.latest().or_else(|| ctx.initial());
    let get = |quantity| record.and_then(|r| ctx.get(r, before, quantity));
    let c = match ctx.node(before).output {
        // Each unit has a mean of its own.
        Shape::Flat(_) => get(Quantity::Correlation)
            .or_else(|| ctx.exam.prediction.nodes.get(before)?.correlation),
        // A channel has one mean over all positions: no smaller than that of all channels.
        _ => get(Quantity::ForwardMean)
            .zip(get(Quantity::ForwardRms))
            .map(|(mean, rms)| (mean / rms).powi(2)),
    };
    c.filter(|c| c.is_finite()).unwrap_or(0.0).clamp(0.0, 0.999)
}
