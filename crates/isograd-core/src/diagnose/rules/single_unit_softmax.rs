//! `single-unit-softmax`: a softmax over one unit, which is 1 whatever comes in.

use super::Rule;
use crate::describe::network::SoftmaxAxis;
use crate::describe::{Node, Op};
use crate::diagnose::advice;
use crate::diagnose::context::Context;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::finding::{Finding, Severity};
use crate::diagnose::output::Output;

pub(super) const RULE: Rule = Rule {
    code: "single-unit-softmax",
    severity: Severity::Critical,
    page: include_str!("../../../../../docs/findings/single-unit-softmax.md"),
    check,
};

fn check(ctx: &Context<'_>) -> Option<Finding> {
    let alone = |node: &&Node| {
        let axis = SoftmaxAxis::Features;
        node.op == Op::Softmax { axis } && node.output.units() == 1
    };
    let found: Vec<&Node> = ctx.exam.plan.nodes.iter().filter(alone).collect();
    let output = Output::of(ctx)?;
    let loss = &ctx.exam.description.train.loss;
    let in_loss = output.softmax_in_loss(loss.kind) && output.units == 1;
    let last = found.last();
    if last.is_none() && !in_loss {
        return None;
    }
    let at_end = in_loss || last.is_some_and(|n| ctx.is_output(n.id));
    let layers = match last {
        Some(_) => found.iter().map(|n| n.name.clone()).collect(),
        None => vec![output.node.name.clone()],
    };
    let cause = match last {
        Some(node) => format!(
            "{} is a softmax over one unit: e^x / e^x is 1 whatever x is, so {}",
            node.name,
            if at_end {
                "the network says the same to every example"
            } else {
                "nothing of the input passes it"
            }
        ),
        None => format!(
            "the loss takes the softmax of {}'s one output: e^x / e^x is 1 whatever x is, so the loss never changes",
            output.node.name
        ),
    };
    Some(Finding {
        code: RULE.code,
        severity: Severity::Critical,
        layers,
        cause,
        evidence: Evidence::new()
            .count("units", 1)
            .number("output", 1.0)
            .number("gradient_factor", 0.0)
            .maybe("loss_at_end", ctx.course.end)
            .maybe("loss_of_a_constant", ctx.course.constant)
            .finish(),
        advice: advice::for_single_unit(ctx, last.map(|n| n.id)),
    })
}
