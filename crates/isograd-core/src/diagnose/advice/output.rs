//! Advice that changes the network's end and its loss.

use super::edits::{delete, set};
use crate::describe::train::LossKind;
use crate::describe::{NodeId, Op, Patch, PatchOp, Task};
use crate::diagnose::context::Context;
use crate::diagnose::finding::Advice;
use crate::diagnose::output::{Fault, Output};
use crate::trace::sites::kind;
use serde_json::json;

/// For a softmax over one unit: at `node`, or (`None`) in the loss.
pub(in crate::diagnose) fn for_single_unit(ctx: &Context<'_>, node: Option<NodeId>) -> Vec<Advice> {
    let hidden = node.is_some_and(|n| !ctx.is_output(n));
    let drop = node.filter(|&n| ctx.is_block(n));
    let without = || Some(Patch(vec![delete(&ctx.node(drop?).path, "softmax")]));
    let task = ctx.exam.plan.task;
    if hidden || matches!(task, Task::Regression { .. }) {
        return vec![Advice {
            text: if hidden {
                "take the softmax out, or let it have more than one unit".to_owned()
            } else {
                "take the softmax out: real numbers are put out as they are".to_owned()
            },
            patch: without(),
        }];
    }
    let mut advice = Vec::new();
    let yes_or_no = match task {
        Task::Binary | Task::MultiLabel { .. } => true,
        Task::Classification { classes } | Task::Steps { classes, .. } => classes == 2,
        Task::Regression { .. } => false,
    };
    // A class number needs an output of its own: one unit is for yes-or-no targets.
    if matches!(task, Task::Binary | Task::MultiLabel { .. }) {
        let mut ops: Vec<PatchOp> = drop
            .map(|n| set(&ctx.node(n).path, "softmax".into(), "sigmoid"))
            .into_iter()
            .collect();
        ops.extend(set_loss(ctx, LossKind::BinaryCrossEntropy));
        advice.push(Advice {
            text: format!(
                "{} with binary cross-entropy: one unit then says how likely yes is",
                if node.is_some() {
                    "use sigmoid instead of softmax,"
                } else {
                    "keep the one unit,"
                }
            ),
            patch: (node.is_none() || drop.is_some()).then_some(Patch(ops)),
        });
    }
    let classes = if yes_or_no { 2 } else { task.outputs() };
    let ops = widen(ctx, classes).map(|mut ops| {
        ops.extend(set_loss(ctx, LossKind::CrossEntropy));
        Patch(ops)
    });
    advice.push(Advice {
        text: format!("put out {classes} numbers, one a class, with cross-entropy"),
        patch: ops,
    });
    advice
}

/// So many units in the last weighted block, where that is a dense one of its own.
fn widen(ctx: &Context<'_>, units: usize) -> Option<Vec<PatchOp>> {
    let last = ctx.exam.plan.layers.last()?.weights;
    let Op::Dense { units: now, .. } = ctx.node(last).op else {
        return None;
    };
    (ctx.is_block(last) && ctx.node(last).copy.is_empty()).then(|| {
        let path = format!("{}.dense", ctx.node(last).path);
        vec![set(path, json!(now), units)]
    })
}

/// Another loss, where it is not this one already.
pub(super) fn set_loss(ctx: &Context<'_>, to: LossKind) -> Option<PatchOp> {
    let from = ctx.exam.description.train.loss.kind;
    (from != to).then(|| set("train.loss", from.word().into(), to.word()))
}

/// For an output that does not fit the loss.
pub(in crate::diagnose) fn for_output(
    ctx: &Context<'_>,
    output: &Output<'_>,
    fault: Fault,
) -> Vec<Advice> {
    let (node, loss) = (output.node, &ctx.exam.description.train.loss);
    let word = kind(&node.op);
    let own = ctx.is_block(node.id) && node.op.parameters() == 0;
    let said = |text: &str, patch: Option<Vec<PatchOp>>| Advice {
        text: text.to_owned(),
        patch: patch.map(Patch),
    };
    let without = || own.then(|| vec![delete(&node.path, word)]);
    let instead = |to: &str| own.then(|| vec![set(&node.path, word.into(), to)]);
    let taken = |from: &str, to: &str| Some(vec![set("train.loss.on", from.into(), to)]);
    let fitting = match loss.kind {
        LossKind::BinaryCrossEntropy => "sigmoid",
        _ => "softmax",
    };
    match fault {
        Fault::OverBatch => vec![said(
            "let the softmax go over the classes of each example",
            instead("softmax"),
        )],
        Fault::PositiveOnly => vec![said(
            "use binary cross-entropy, which counts the negative examples too",
            set_loss(ctx, LossKind::BinaryCrossEntropy).map(|op| vec![op]),
        )],
        Fault::NotShared => vec![said(
            "end with softmax, whose outputs share a sum of 1",
            instead("softmax"),
        )],
        Fault::NoProbabilities if own => vec![said(
            &format!("end with {fitting} instead of {word}"),
            instead(fitting),
        )],
        Fault::NoProbabilities => vec![said(
            "let the loss take the outputs as logits",
            taken("probabilities", "logits"),
        )],
        Fault::Squeezed if node.op.gives_probabilities() => vec![
            said(
                &format!(
                    "leave {word} to the loss, which has it built in and is exact for any logit"
                ),
                without(),
            ),
            said(
                "let the loss take the outputs as probabilities",
                taken("logits", "probabilities"),
            ),
        ],
        Fault::Squeezed => vec![said(
            &format!("take {word} out: the loss wants logits of any size and sign"),
            without(),
        )],
        Fault::Range => vec![said(
            &format!("take {word} out: real targets want an output of any size and sign"),
            without(),
        )],
    }
}
