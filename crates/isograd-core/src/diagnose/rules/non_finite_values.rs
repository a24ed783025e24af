//! `non-finite-values`: NaN or infinity appeared, and where first.

use super::Rule;
use crate::diagnose::advice;
use crate::diagnose::context::Context;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::finding::{Finding, Severity};
use crate::trace::{Quantity, Record, RecordKind};

pub(super) const RULE: Rule = Rule {
    code: "non-finite-values",
    severity: Severity::Critical,
    page: include_str!("../../../../../docs/findings/non-finite-values.md"),
    check,
};

/// Where something was first not finite.
struct Origin {
    /// `forward`, `backward`, `loss` or `gradient norm`.
    direction: &'static str,
    /// Position of the site, where one is known.
    site: Option<usize>,
    /// How many elements, where counted.
    count: Option<f64>,
}

fn check(ctx: &Context<'_>) -> Option<Finding> {
    let trace = ctx.exam.trace;
    let Some((record, origin)) = trace.records.iter().find_map(|r| origin(r).map(|o| (r, o)))
    else {
        return validation_only(ctx);
    };
    let site = origin.site.and_then(|i| trace.sites.get(i));
    let layer = site.map(|s| s.name.clone());
    let at_start = record.step == 0;
    let place = layer.as_ref().map_or(String::new(), |l| format!(" at {l}"));
    let cause = match origin.direction {
        "forward" if at_start && origin.site == Some(0) => {
            format!(
                "the first values that are not finite appear{place} before any update, so the inputs or the first weights hold them"
            )
        }
        "forward" => format!(
            "the first values that are not finite appear{place} on the way forward, at step {}",
            record.step
        ),
        "backward" => format!(
            "the first values that are not finite appear{place} on the way back, at step {}, while all layers are finite forward",
            record.step
        ),
        what => format!("the {what} is not finite at step {}", record.step),
    };
    Some(Finding {
        code: RULE.code,
        severity: Severity::Critical,
        layers: layer.clone().into_iter().collect(),
        cause,
        evidence: Evidence::new()
            .number("step", record.step as f64)
            .word("direction", origin.direction)
            .word(
                "record",
                if record.kind == RecordKind::Probe {
                    "probe"
                } else {
                    "step"
                },
            )
            .maybe("elements", origin.count)
            .number("loss", record.network.loss)
            .number("learning_rate", record.network.lr)
            .finish(),
        advice: advice::for_non_finite(ctx, at_start),
    })
}

/// Training is finite throughout and the validation loss is not: the validation rows hold it.
fn validation_only(ctx: &Context<'_>) -> Option<Finding> {
    let bad = ctx
        .exam
        .trace
        .validations
        .iter()
        .find(|v| !v.loss.is_finite())?;
    Some(Finding {
        code: RULE.code,
        severity: Severity::Critical,
        layers: Vec::new(),
        cause: format!(
            "the validation loss is not finite at step {}, while every training step is finite, so the validation rows hold values that are not, or far beyond those trained on",
            bad.step
        ),
        evidence: Evidence::new()
            .number("step", bad.step as f64)
            .word("direction", "forward")
            .word("record", "validation")
            .number("loss", bad.loss)
            .finish(),
        advice: advice::for_non_finite(ctx, bad.step == 0),
    })
}

/// The first place in the order of computation: forward from the first site, then the loss, then
/// backward from the last.
fn origin(record: &Record) -> Option<Origin> {
    let broken = |count: Quantity, values: [Quantity; 3]| {
        move |i: usize| {
            let row = &record.rows[i];
            let counted = row.get(count);
            let bad = counted.is_some_and(|c| c > 0.0 || c.is_nan())
                || values
                    .iter()
                    .any(|&q| row.get(q).is_some_and(|v| !v.is_finite()));
            bad.then_some((i, counted))
        }
    };
    let forward = broken(
        Quantity::ForwardNonFinite,
        [
            Quantity::ForwardRms,
            Quantity::ForwardMean,
            Quantity::ForwardMaxAbs,
        ],
    );
    let backward = broken(
        Quantity::GradientNonFinite,
        [
            Quantity::Gradient,
            Quantity::GradientRms,
            Quantity::GradientMaxAbs,
        ],
    );
    let at = |direction, (site, count)| Origin {
        direction,
        site: Some(site),
        count,
    };
    let whole = |direction, value: f64| {
        (!value.is_finite()).then_some(Origin {
            direction,
            site: None,
            count: None,
        })
    };
    let sites = 0..record.rows.len();
    sites
        .clone()
        .find_map(forward)
        .map(|found| at("forward", found))
        .or_else(|| whole("loss", record.network.loss))
        .or_else(|| {
            sites
                .rev()
                .find_map(backward)
                .map(|found| at("backward", found))
        })
        .or_else(|| {
            // A probe takes no step, so a trace need not know its norm.
            let norm = record.network.global_norm;
            (record.kind == RecordKind::Step)
                .then(|| whole("gradient norm", norm))
                .flatten()
        })
}
