//! Advice that changes the training: learning rate, clipping, scaling of inputs.

use super::edits::set;
use crate::describe::Patch;
use crate::describe::data::Scale;
use crate::diagnose::context::Context;
use crate::diagnose::finding::Advice;
use serde_json::Value;

/// Update ratio a step that is safe to aim at: a thousandth of the weights, the customary aim
/// (Karpathy, CS231n notes, Neural networks 3), for a first new guess at a rate and never as a limit.
const CUSTOMARY: f64 = 1e-3;

pub(in crate::diagnose) fn for_rate_too_high(
    ctx: &Context<'_>,
    ratio: Option<f64>,
    limit: f64,
) -> Vec<Advice> {
    // From the measured ratio to the customary one, but at least to a tenth.
    let factor = ratio
        .filter(|r| *r > limit)
        .map_or(0.1, |r| (CUSTOMARY / r).min(0.1));
    let mut advice = vec![slower(
        ctx,
        factor,
        "steps of a thousandth of the weights are customary",
    )];
    if ctx.exam.description.train.clip.global_norm.is_none() {
        advice.push(Advice {
            text: "clip the gradient's global norm at 1, if single steps are the trouble"
                .to_owned(),
            patch: Some(Patch(vec![set("train.clip.global_norm", Value::Null, 1.0)])),
        });
    }
    advice
}

pub(in crate::diagnose) fn for_rate_too_low(
    ctx: &Context<'_>,
    reach: Option<f64>,
    fall: Option<f64>,
    aim: f64,
) -> Vec<Advice> {
    // Enough to reach the whole function, or the whole loss, within the budget; by powers of ten,
    // since nothing here is more precise than that.
    let factor = [reach.map(|r| 10.0 / r), fall.map(|f| aim.max(1.0) / f)]
        .into_iter()
        .flatten()
        .filter(|f| f.is_finite() && *f > 1.0)
        .fold(10.0_f64, f64::max)
        .log10()
        .clamp(1.0, 6.0)
        .floor();
    let lr = ctx.exam.description.train.optimizer.lr;
    let to = round(lr * 10_f64.powf(factor));
    let mut advice = vec![Advice {
        text: format!("raise the learning rate from {lr:e} to about {to:e}"),
        patch: Some(Patch(vec![set("train.optimizer.lr", lr.into(), to)])),
    }];
    if ctx.exam.description.train.clip.global_norm.is_some() {
        advice.push(Advice {
            text: "look at the clipping too: a norm that is far below the gradient's scales every step down".to_owned(),
            patch: None,
        });
    }
    advice
}

pub(in crate::diagnose) fn for_non_finite(ctx: &Context<'_>, at_start: bool) -> Vec<Advice> {
    let mut advice = Vec::new();
    let data = &ctx.exam.description.data;
    if at_start {
        advice.push(Advice {
            text: "look for missing values in the data: NaN in one input reaches every output"
                .to_owned(),
            patch: None,
        });
        if data.scale == Scale::None {
            advice.push(Advice {
                text: "scale the inputs to zero mean and unit deviation".to_owned(),
                patch: Some(Patch(vec![set("data.scale", "none".into(), "standard")])),
            });
        }
    } else {
        advice.push(slower(
            ctx,
            0.1,
            "the network was finite until it took steps",
        ));
        if ctx.exam.description.train.clip.global_norm.is_none() {
            advice.push(Advice {
                text: "clip the gradient's global norm at 1".to_owned(),
                patch: Some(Patch(vec![set("train.clip.global_norm", Value::Null, 1.0)])),
            });
        }
    }
    if ctx.exam.description.train.loss.clip == 0.0 {
        advice.push(Advice {
            text: "let the loss clip its probabilities: the logarithm of 0 is not finite"
                .to_owned(),
            patch: Some(Patch(vec![set("train.loss.clip", 0.0.into(), 1e-7)])),
        });
    }
    advice
}

/// A lower learning rate.
pub(super) fn slower(ctx: &Context<'_>, factor: f64, why: &str) -> Advice {
    let lr = ctx.exam.description.train.optimizer.lr;
    let to = round(lr * factor);
    Advice {
        text: format!("lower the learning rate from {lr:e} to about {to:e}: {why}"),
        patch: Some(Patch(vec![set("train.optimizer.lr", lr.into(), to)])),
    }
}

/// Rounded to one digit, as people write rates.
fn round(rate: f64) -> f64 {
    format!("{rate:.0e}").parse().unwrap_or(rate)
}
