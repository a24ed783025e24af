//! `learning-rate-too-high`: steps so large that they undo what was learned.

use super::Rule;
use crate::diagnose::advice;
use crate::diagnose::context::Context;
use crate::diagnose::course::median;
use crate::diagnose::depth::Depth;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::finding::{Finding, Severity};
use crate::trace::{Quantity, Record, RecordKind};

pub(super) const RULE: Rule = Rule {
    code: "learning-rate-too-high",
    severity: Severity::Critical,
    page: include_str!("../../../../../docs/findings/learning-rate-too-high.md"),
    check,
};

/// Update ratio at which one step replaces the weights: the gradient that it follows, a local
/// direction, says nothing of a place so far away.
const OVERWRITES: f64 = 1.0;

/// Update ratio at which the weights are replaced within the ten steps over which Adam and momentum
/// 0.9 average (1/(1 − 0.9)): counts only together with a loss that says the same.
const RECKLESS: f64 = 0.1;

/// Recorded steps from which a typical update ratio is taken.
const FEWEST_RECORDS: usize = 3;

fn check(ctx: &Context<'_>) -> Option<Finding> {
    let course = &ctx.course;
    let optimizer = &ctx.exam.description.train.optimizer;
    let ratios = update_ratios(ctx);
    let typical = (ratios.len() >= FEWEST_RECORDS).then(|| median(&ratios));
    let largest = ratios.iter().copied().reduce(f64::max);
    let reckless =
        typical.is_some_and(|r| r >= RECKLESS) || largest.is_some_and(|r| r >= OVERWRITES);
    let overwrites = typical.is_some_and(|r| r >= OVERWRITES);
    // What is wrong before the first step is not the rate's doing, and steps against the gradient
    // (a wrong sign) make the loss rise at any rate.
    let innocent = Depth::new(ctx).is_some_and(|d| d.unhealthy())
        || broken_from_start(ctx)
        || optimizer.gradient_sign < 0.0;
    let diverged = course.diverged() && !innocent;
    // Small updates cannot have done it, where they are known.
    let by_loss = diverged && (largest.is_none() || reckless);
    let by_standstill = course.stalled() && reckless && !innocent;
    if !(by_loss || by_standstill || (overwrites && !innocent)) {
        return None;
    }
    let severity = if by_loss || by_standstill {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let happened = match (course.broke_at, diverged, by_standstill) {
        (Some(step), ..) => format!("the loss ceased to be finite at step {step}"),
        (None, true, _) => format!(
            "the loss rose from {:.4} to {:.4}",
            course.start.unwrap_or(f64::NAN),
            course.end.unwrap_or(f64::NAN)
        ),
        (None, false, true) => "the loss stays where a constant prediction has it".to_owned(),
        _ => "every step replaces the weights".to_owned(),
    };
    let size = largest.map_or(String::new(), |r| {
        format!(
            ", and single steps change the weights by up to {:.0} % of their size",
            100.0 * r
        )
    });
    Some(Finding {
        code: RULE.code,
        severity,
        layers: Vec::new(),
        cause: format!("{happened}{size}"),
        evidence: Evidence::new()
            .number("learning_rate", optimizer.lr)
            .maybe("update_ratio_typical", typical)
            .maybe("update_ratio_largest", largest)
            .maybe("update_ratio_expected_first", expected_first(ctx))
            .number(
                "limit_typical",
                if by_loss || by_standstill {
                    RECKLESS
                } else {
                    OVERWRITES
                },
            )
            .maybe("loss_at_start", course.start)
            .maybe("loss_at_end", course.end)
            .maybe("loss_of_a_constant", course.constant)
            .maybe("not_finite_at_step", course.broke_at.map(|s| s as f64))
            .finish(),
        advice: advice::for_rate_too_high(ctx, typical.or(largest), RECKLESS),
    })
}

/// The update ratio of the median layer, for every step at which it was recorded.
fn update_ratios(ctx: &Context<'_>) -> Vec<f64> {
    let weights: Vec<usize> = ctx.trained_weights().collect();
    let of = |record: &Record| -> Option<f64> {
        let ratios: Vec<f64> = weights
            .iter()
            .filter_map(|&n| ctx.get(record, n, Quantity::UpdateRatio))
            .filter(|r| r.is_finite())
            .collect();
        (!ratios.is_empty()).then(|| median(&ratios))
    };
    ctx.exam.trace.steps().filter_map(of).collect()
}

/// Something was not finite before any update.
fn broken_from_start(ctx: &Context<'_>) -> bool {
    ctx.exam
        .trace
        .records
        .iter()
        .take_while(|r| r.step == 0 && r.kind == RecordKind::Probe)
        .chain(ctx.exam.trace.steps().take(1))
        .any(|r| !r.network.loss.is_finite())
}

/// What rate and optimiser predict for the first step of an adaptive optimiser: lr/RMS(W) of the
/// median layer, because every element moves by lr.
fn expected_first(ctx: &Context<'_>) -> Option<f64> {
    let record = ctx.initial().filter(|_| ctx.course.adaptive)?;
    let ratios: Vec<f64> = ctx
        .trained_weights()
        .filter_map(|n| {
            let norm = ctx.get(record, n, Quantity::WeightInitNorm)?;
            let elements = super::learning_rate_too_low::weights(ctx, n)?;
            Some(ctx.exam.description.train.optimizer.lr * elements.sqrt() / norm)
        })
        .collect();
    (!ratios.is_empty()).then(|| median(&ratios))
}
