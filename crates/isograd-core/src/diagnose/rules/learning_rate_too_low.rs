//! `learning-rate-too-low`: steps so small that the budget ends before anything is learned.

use super::Rule;
use crate::describe::{NodeId, Op};
use crate::diagnose::advice;
use crate::diagnose::context::Context;
use crate::diagnose::depth::Depth;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::finding::{Finding, Severity};
use crate::diagnose::limits::WEAK_DEPTH_DB;
use crate::trace::Quantity;

pub(super) const RULE: Rule = Rule {
    code: "learning-rate-too-low",
    severity: Severity::Critical,
    page: include_str!("../../../../../docs/findings/learning-rate-too-low.md"),
    check,
};

/// Bound on the relative change of the network's function over the whole budget below which nothing
/// can have been learned. A change ΔW moves a layer's output by at most ‖ΔW‖_F·‖x‖, where random
/// weights put out ‖W‖_F·‖x‖/√fan_in: relative to it, by at most √fan_in·‖ΔW‖_F/‖W‖_F. Summed over
/// layers and over the length of the path (not its end), this bounds the change to first order.
const REACH: f64 = 0.1;

/// Share of the loss that the budget must at least take away, by extrapolation of a steady fall.
const WORTHWHILE: f64 = 0.1;

/// A fall is steady when the second half of the trace falls at least this much as fast as the first:
/// learning that runs into a floor slows down, steps that are too small do not.
const STEADY: f64 = 0.7;

/// Standard errors of the slope beyond which a fall is real (0.1 % of a normal distribution).
const REAL: f64 = 3.090_232_306_167_8;

fn check(ctx: &Context<'_>) -> Option<Finding> {
    let course = &ctx.course;
    let (start, end) = (course.start?, course.end?);
    // Gradients that do not arrive or values that overflow explain small steps before the rate does;
    // and what starts at its goal need not move.
    // Here chance is an explanation as good as any, so the band of random weights does not matter.
    let elsewhere = Depth::new(ctx)
        .is_some_and(|d| d.unhealthy() || d.before.is_some_and(|p| p.db < -WEAK_DEPTH_DB));
    let at_goal = course.constant.is_some_and(|c| start < 0.5 * c);
    let sign = ctx.exam.description.train.optimizer.gradient_sign;
    // No rate moves what has no gradient at all (softmax on one unit).
    let mut norms = ctx
        .exam
        .trace
        .steps()
        .map(|r| r.network.global_norm)
        .peekable();
    let no_gradient = norms.peek().is_some() && norms.all(|norm| norm == 0.0);
    if elsewhere
        || no_gradient
        || at_goal
        || course.broke_at.is_some()
        || course.learned()
        || sign < 0.0
    {
        return None;
    }
    let budget = course.budget(&ctx.exam);
    let reach = reach(ctx, budget);
    let fall = steady_fall(ctx, budget);
    let out_of_reach = reach.is_some_and(|r| r < REACH) && end > (1.0 - WORTHWHILE) * start;
    let too_slow = fall.is_some_and(|f| f < WORTHWHILE) && reach.is_none_or(|r| r < 10.0);
    if !out_of_reach && !too_slow {
        return None;
    }
    let cause = if out_of_reach {
        "all updates of the whole budget together are too small to change what the network computes"
            .to_owned()
    } else {
        format!(
            "the loss falls steadily, but at this rate by only {:.1} % within the budget",
            100.0 * fall.unwrap_or(0.0)
        )
    };
    Some(Finding {
        code: RULE.code,
        severity: if out_of_reach {
            Severity::Critical
        } else {
            Severity::Warning
        },
        layers: Vec::new(),
        cause,
        evidence: Evidence::new()
            .number("learning_rate", ctx.exam.description.train.optimizer.lr)
            .maybe("reach", reach)
            .number("reach_limit", REACH)
            .maybe("fall_within_budget", fall)
            .number("fall_limit", WORTHWHILE)
            .number("budget_steps", budget)
            .number("steps_seen", course.losses.len() as f64)
            .number("loss_at_start", start)
            .number("loss_at_end", end)
            .maybe("loss_of_a_constant", course.constant)
            .finish(),
        advice: advice::for_rate_too_low(ctx, reach, fall.filter(|_| too_slow), WORTHWHILE),
    })
}

/// Bound on the relative change of the network's function over the budget; `None` where update
/// ratios were not measured.
fn reach(ctx: &Context<'_>, budget: f64) -> Option<f64> {
    let mut sum = 0.0;
    let mut any = false;
    for node in ctx.trained_weights() {
        let ratios: Vec<f64> = ctx
            .exam
            .trace
            .steps()
            .filter_map(|r| ctx.get(r, node, Quantity::UpdateRatio))
            .collect();
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        if mean.is_finite() {
            any = true;
            sum += mean * budget * fan_in(&ctx.node(node).op)?.sqrt();
        }
    }
    any.then_some(sum)
}

/// Share of the loss that is gone at the end of the budget if it goes on falling as it does; `None`
/// where it does not fall steadily.
fn steady_fall(ctx: &Context<'_>, budget: f64) -> Option<f64> {
    let course = &ctx.course;
    let all = course.trend(0.0, 1.0)?;
    let (first, second) = (course.trend(0.0, 0.5)?, course.trend(0.5, 1.0)?);
    let real = -all.slope > REAL * all.error && all.slope < 0.0;
    let steady = second.slope < STEADY * first.slope && second.slope < 0.0;
    (real && steady).then(|| -all.slope * budget / course.start.unwrap_or(f64::NAN))
}

/// Inputs of one output of a node with weights.
fn fan_in(op: &Op) -> Option<f64> {
    match op {
        Op::Dense { inputs, .. } => Some(*inputs as f64),
        Op::Attention { features, .. } => Some(*features as f64),
        Op::Conv2d {
            inputs,
            kernel,
            groups,
            ..
        } => Some((inputs / groups * kernel[0] * kernel[1]) as f64),
        Op::Conv1d {
            inputs,
            kernel,
            groups,
            ..
        } => Some((inputs / groups * kernel) as f64),
        _ => None,
    }
}

/// Elements of a node's weights.
pub(super) fn weights(ctx: &Context<'_>, node: NodeId) -> Option<f64> {
    let node = ctx.node(node);
    let matrices = node.op.weights().len() as f64;
    Some(fan_in(&node.op)? * node.output.units() as f64 * matrices)
}
