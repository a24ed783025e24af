//! `exploding-gradient`: gradient or signal grow from layer to layer.

use super::Rule;
use crate::diagnose::advice;
use crate::diagnose::blame::Account;
use crate::diagnose::context::Context;
use crate::diagnose::depth::{self, Depth};
use crate::diagnose::evidence::Evidence;
use crate::diagnose::finding::{Finding, Severity};
use crate::diagnose::limits::DEPTH_DB;

pub(super) const RULE: Rule = Rule {
    code: "exploding-gradient",
    severity: Severity::Critical,
    page: include_str!("../../../../../docs/findings/exploding-gradient.md"),
    check,
};

fn check(ctx: &Context<'_>) -> Option<Finding> {
    let depth = Depth::new(ctx)?;
    let backward = depth.explodes(depth.before);
    let forward = depth.signal_explodes(depth.forward);
    if !backward && !forward {
        return None;
    }
    let later = depth.after.is_some() || depth.forward_after.is_some();
    let persists = !later
        || depth.explodes(depth.after)
        || depth.signal_explodes(depth.forward_after)
        || ctx.course.broke_at.is_some();
    let lost = depth::beyond_rounding(depth.before) || depth::beyond_rounding(depth.forward);
    let mut severity = depth::severity(ctx, persists, lost);
    // Worse than a constant prediction after all steps: whatever was learned was only to undo the
    // damage.
    let useless = matches!((ctx.course.end, ctx.course.constant), (Some(end), Some(c)) if end > c);
    if useless && persists {
        severity = Severity::Critical;
    }
    let account = Account::new(ctx, depth.initial);
    let limit = depth.band.exploded(DEPTH_DB);
    let growth = depth.forward.map(|p| -p.db);
    let cause = match (backward.then_some(depth.before).flatten(), growth) {
        (Some(p), _) => format!(
            "from the last hidden layer back to the first the gradient grows {}{}",
            if p.db.is_finite() {
                depth::decibels(p.db)
            } else {
                "beyond all bounds".to_owned()
            },
            depth::main_mechanism(&account),
        ),
        (None, growth) => format!(
            "from the first hidden layer to the last the signal grows by {:.0} dB",
            growth.unwrap_or(f64::INFINITY)
        ),
    };
    Some(Finding {
        code: RULE.code,
        severity,
        layers: if backward {
            depth::layers_beyond(ctx, depth.initial, |db| db > limit)
        } else {
            Vec::new()
        },
        cause,
        evidence: Evidence::new()
            .maybe("gradient_first", depth.before.map(|p| p.first))
            .maybe("gradient_last", depth.before.map(|p| p.last))
            .maybe("ratio_db", depth.before.map(|p| p.db))
            .maybe("forward_growth_db", growth)
            .number("limit_db", limit)
            .number("band_high_db", depth.band.high_db)
            .maybe("slope_per_layer", depth.before.map(|p| p.slope))
            .maybe("predicted_slope_per_layer", ctx.exam.prediction.slope)
            .maybe("ratio_at_end_db", depth.after.map(|p| p.db))
            .count("hidden_layers", ctx.points.len())
            .maybe("loss_at_start", ctx.course.start)
            .maybe("loss_at_end", ctx.course.end)
            .maybe("loss_of_a_constant", ctx.course.constant)
            .finish(),
        advice: advice::for_exploding(ctx, &account),
    })
}
