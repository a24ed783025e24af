//! `wrong-init-gain`: initial weights so small or so large that the signal does not survive the depth.

use super::Rule;
use crate::describe::NodeId;
use crate::diagnose::advice;
use crate::diagnose::blame::{Account, critical_compensation};
use crate::diagnose::context::{Context, is_weighted};
use crate::diagnose::depth::{self, Depth};
use crate::diagnose::evidence::Evidence;
use crate::diagnose::finding::{Finding, Mechanism, Severity};
use crate::diagnose::limits::DEPTH_DB;
use crate::trace::{Quantity, Record};

pub(super) const RULE: Rule = Rule {
    code: "wrong-init-gain",
    severity: Severity::Warning,
    page: include_str!("../../../../../docs/findings/wrong-init-gain.md"),
    check,
};

/// The gain of one layer's initial weights against the critical one.
struct Layer {
    node: NodeId,
    /// σ_w = ‖W‖_F/√outputs, the factor by which the weights change the norm of a random gradient (for
    /// equal fans) and the RMS of a random signal.
    gain: f64,
    critical: f64,
    /// 20·log₁₀(gain/critical).
    excess_db: f64,
}

fn check(ctx: &Context<'_>) -> Option<Finding> {
    let initial = ctx.initial()?;
    let gains = gains(ctx, initial);
    let total: f64 = gains.iter().map(|g| g.excess_db).sum();
    let account = Account::new(ctx, initial);
    let depth = Depth::new(ctx)?;
    // Too small: the gradient fades, and the weights do most of it. Too large: it grows, or the
    // signal does.
    let small = total < -DEPTH_DB && depth.vanishes(depth.before);
    let large =
        total > DEPTH_DB && (depth.explodes(depth.before) || depth.signal_explodes(depth.forward));
    if !(small || large) || !weights_lead(&account, total) {
        return None;
    }
    let persists = depth.after.is_none()
        || depth.vanishes(depth.after)
        || depth.explodes(depth.after)
        || depth.signal_explodes(depth.forward_after);
    let severity = depth::severity(ctx, persists, false);
    let wrong: Vec<&Layer> = gains
        .iter()
        .filter(|g| g.excess_db * total > 0.0 && g.excess_db.abs() > 1.0)
        .collect();
    let typical = wrong.get(wrong.len() / 2)?;
    let way = if large { "large" } else { "small" };
    Some(Finding {
        code: RULE.code,
        severity,
        layers: wrong
            .iter()
            .map(|g| ctx.node(g.node).name.clone())
            .collect(),
        cause: format!(
            "the initial weights are too {way}: at {} their gain is {:.3} where {:.3} keeps the gradient's size, {:.0} dB over all {} layers",
            ctx.node(typical.node).name,
            typical.gain,
            typical.critical,
            total.abs(),
            gains.len(),
        ),
        evidence: Evidence::new()
            .number("gain", typical.gain)
            .number("critical_gain", typical.critical)
            .number("excess_db", total)
            .number("limit_db", if large { DEPTH_DB } else { -DEPTH_DB })
            .maybe("ratio_db", depth.before.map(|p| p.db))
            .maybe("forward_growth_db", depth.forward.map(|p| -p.db))
            .by_layer(
                "excess_by_layer_db",
                wrong
                    .iter()
                    .map(|g| (ctx.node(g.node).name.as_str(), g.excess_db)),
            )
            .finish(),
        advice: advice::for_gain(ctx),
    })
}

/// The weights account for more than half of the excess that works in the direction of `total`; true
/// where no gradient was measured.
fn weights_lead(account: &Account, total: f64) -> bool {
    let sums = account.by_mechanism();
    let same_sign = sums.iter().filter(|m| m.excess_db * total > 0.0);
    let share: f64 = same_sign
        .clone()
        .filter(|m| m.mechanism == Mechanism::Weights)
        .map(|m| m.share)
        .sum();
    // Spans of several nodes hold weights and activation together: nothing speaks against them.
    let merged = sums
        .iter()
        .any(|m| m.mechanism == Mechanism::Other && m.excess_db * total > 0.0);
    account.terms.is_empty() || share > 0.5 || merged
}

/// Gains of all hidden weights whose size matters: not in front of a normalisation, which undoes it,
/// nor in a residual's body, beside which the signal passes.
fn gains(ctx: &Context<'_>, record: &Record) -> Vec<Layer> {
    ctx.exam
        .plan
        .nodes
        .iter()
        .filter(|n| is_weighted(&n.op) && n.parent.is_none())
        .filter(|n| !ctx.is_output(n.id) && !ctx.is_normalised(n.id))
        .filter_map(|n| {
            let norm = ctx
                .get(record, n.id, Quantity::WeightInitNorm)
                .or_else(|| ctx.get(record, n.id, Quantity::WeightNorm))?;
            let gain = norm / (n.output.units().max(1) as f64).sqrt();
            let critical = 10_f64.powf(-critical_compensation(ctx, n.id) / 20.0);
            let excess_db = 20.0 * (gain / critical).log10();
            excess_db.is_finite().then_some(Layer {
                node: n.id,
                gain,
                critical,
                excess_db,
            })
        })
        .collect()
}
