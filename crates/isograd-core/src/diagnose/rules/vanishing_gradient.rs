//! `vanishing-gradient`: the gradient that reaches the first layers is too small to change them.

use super::Rule;
use crate::diagnose::advice;
use crate::diagnose::blame::Account;
use crate::diagnose::context::Context;
use crate::diagnose::depth::{self, Depth};
use crate::diagnose::evidence::Evidence;
use crate::diagnose::finding::{Finding, Severity};
use crate::diagnose::limits::{DEPTH_DB, WEAK_DEPTH_DB};

pub(super) const RULE: Rule = Rule {
    code: "vanishing-gradient",
    severity: Severity::Critical,
    page: include_str!("../../../../../docs/findings/vanishing-gradient.md"),
    check,
};

fn check(ctx: &Context<'_>) -> Option<Finding> {
    let depth = Depth::new(ctx)?;
    let stalled = ctx.course.stalled();
    let from_start = depth.vanishes(depth.before);
    let at_end = depth.vanishes(depth.after);
    // A smaller ratio is enough where nothing rescales the gradients and the loss stands still.
    let faded = stalled
        && !ctx.course.adaptive
        && depth.fades(depth.before)
        && (depth.after.is_none() || depth.fades(depth.after));
    let (profile, limit_db, severity) = if from_start {
        let persists = depth.after.is_none() || at_end;
        let lost = depth::beyond_rounding(depth.before);
        (
            depth.before?,
            DEPTH_DB,
            depth::severity(ctx, persists, lost),
        )
    } else if at_end && stalled {
        (depth.after?, DEPTH_DB, Severity::Critical)
    } else if faded {
        (depth.before?, WEAK_DEPTH_DB, Severity::Warning)
    } else {
        return None;
    };
    let record = if from_start || !at_end {
        depth.initial
    } else {
        ctx.latest()?
    };
    let account = Account::new(ctx, record);
    let limit = depth.band.vanished(limit_db);
    let (first_half, second_half) = depth::update_by_half(ctx).unzip();
    Some(Finding {
        code: RULE.code,
        severity,
        layers: depth::layers_beyond(ctx, record, |db| db < limit),
        cause: format!(
            "from the last hidden layer back to the first the gradient shrinks {}{}",
            depth::decibels(profile.db),
            depth::main_mechanism(&account),
        ),
        evidence: Evidence::new()
            .number("gradient_first", profile.first)
            .number("gradient_last", profile.last)
            .number("ratio_db", profile.db)
            .number("limit_db", limit)
            .number("band_low_db", depth.band.low_db)
            .number("slope_per_layer", profile.slope)
            .maybe("predicted_slope_per_layer", ctx.exam.prediction.slope)
            .maybe("ratio_at_end_db", depth.after.map(|p| p.db))
            .count("hidden_layers", ctx.points.len())
            .maybe("update_ratio_first_half", first_half)
            .maybe("update_ratio_second_half", second_half)
            .maybe("loss_at_end", ctx.course.end)
            .maybe("loss_of_a_constant", ctx.course.constant)
            .finish(),
        advice: advice::for_vanishing(ctx, &account),
    })
}
