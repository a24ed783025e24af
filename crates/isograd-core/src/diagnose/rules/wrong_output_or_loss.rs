//! `wrong-output-or-loss`: the network's last activation and the loss do not fit each other.

use super::Rule;
use crate::describe::data::TargetScale;
use crate::describe::network::SoftmaxAxis;
use crate::describe::train::{LossKind, OutputKind};
use crate::describe::{Op, Task};
use crate::diagnose::advice;
use crate::diagnose::context::Context;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::finding::{Finding, Severity};
use crate::diagnose::output::{Fault, Output, range};
use crate::trace::sites::kind;

pub(super) const RULE: Rule = Rule {
    code: "wrong-output-or-loss",
    severity: Severity::Warning,
    page: include_str!("../../../../../docs/findings/wrong-output-or-loss.md"),
    check,
};

/// Share of a constant prediction's loss that must at least be reachable: with cross-entropy, above
/// this a tenth of the information in the labels cannot be learned by any weights.
const REACHABLE: f64 = 0.1;

fn check(ctx: &Context<'_>) -> Option<Finding> {
    let output = Output::of(ctx)?;
    let (fault, severity, why) = fault(ctx, &output)?;
    let loss = &ctx.exam.description.train.loss;
    let name = output.node.name.as_str();
    let severity = if ctx.course.stalled() || ctx.course.diverged() {
        Severity::Critical
    } else {
        severity
    };
    let lowest = lowest(ctx, &output);
    Some(Finding {
        code: RULE.code,
        severity,
        layers: vec![name.to_owned()],
        cause: format!("{name} does not fit the loss: {why}"),
        evidence: Evidence::new()
            .word("output", kind(&output.node.op))
            .word("loss", loss.kind.word())
            .word(
                "taken_as",
                match output.kind {
                    OutputKind::Logits => "logits",
                    OutputKind::Probabilities => "probabilities",
                },
            )
            .maybe("least_output", range(&output.node.op).map(|r| r.0))
            .maybe("largest_output", range(&output.node.op).map(|r| r.1))
            .maybe("lowest_loss", lowest.map(|l| l.0))
            .maybe(
                "loss_of_a_constant",
                lowest.map(|l| l.1).or(ctx.course.constant),
            )
            .maybe("loss_at_end", ctx.course.end)
            .finish(),
        advice: advice::for_output(ctx, &output, fault),
    })
}

/// What is wrong, how bad it is, and why in words.
fn fault(ctx: &Context<'_>, output: &Output<'_>) -> Option<(Fault, Severity, String)> {
    let train = &ctx.exam.description.train;
    let (loss, op) = (&train.loss, &output.node.op);
    let word = kind(op);
    let probabilities = output.kind == OutputKind::Probabilities;
    let warn = |fault, why: String| Some((fault, Severity::Warning, why));
    if matches!(
        op,
        Op::Softmax {
            axis: SoftmaxAxis::Batch
        }
    ) {
        return warn(
            Fault::OverBatch,
            "its softmax goes over the examples of the batch, so what an example gets depends on the others"
                .to_owned(),
        );
    }
    match loss.kind {
        LossKind::CrossEntropy if probabilities && output.units == 1 && !matches!(op, Op::Softmax { .. }) => Some((
            Fault::PositiveOnly,
            Severity::Critical,
            "cross-entropy of one output sees the positive examples alone, and is least where every answer is yes"
                .to_owned(),
        )),
        LossKind::CrossEntropy | LossKind::BinaryCrossEntropy if probabilities => {
            if op.gives_probabilities() {
                let shared = loss.kind == LossKind::CrossEntropy
                    && !loss.renormalise
                    && !matches!(op, Op::Softmax { .. });
                return shared.then(|| {
                    let why = format!(
                        "the outputs of {word} do not share a sum of 1, so cross-entropy is least where all of them are 1"
                    );
                    (Fault::NotShared, Severity::Warning, why)
                });
            }
            // Normalised by the loss, what is never negative is a distribution.
            let made = loss.renormalise && range(op).is_some_and(|(least, _)| least >= 0.0);
            (!made && is_plain_end(op)).then(|| {
                let why = format!(
                    "the loss takes the logarithm of probabilities, and {word} puts out numbers outside 0 to 1, which are cut off and have no gradient"
                );
                (Fault::NoProbabilities, Severity::Warning, why)
            })
        }
        LossKind::CrossEntropy | LossKind::BinaryCrossEntropy => on_logits(ctx, output),
        LossKind::Mse | LossKind::Mae | LossKind::Huber { .. } => beyond(ctx, output),
        _ => None,
    }
}

/// What the loss turns into probabilities itself.
fn on_logits(ctx: &Context<'_>, output: &Output<'_>) -> Option<(Fault, Severity, String)> {
    let loss = &ctx.exam.description.train.loss;
    let op = &output.node.op;
    let (least, largest) = range(op)?;
    let word = kind(op);
    if output.units == 1 && loss.kind == LossKind::CrossEntropy {
        // A softmax over one unit: a finding of its own.
        return None;
    }
    if loss.kind == LossKind::BinaryCrossEntropy && (least >= 0.0 || largest <= 0.0) {
        let (side, answer) = if least >= 0.0 {
            ("negative", "no")
        } else {
            ("positive", "yes")
        };
        let why = format!(
            "the loss applies a sigmoid to {word}, which is never {side}: the probability stays on one side of ½, and the answer is never {answer}"
        );
        return Some((Fault::Squeezed, Severity::Critical, why));
    }
    let (lowest, constant) = lowest(ctx, output)?;
    let given = if op.gives_probabilities() {
        "is a probability already"
    } else {
        "is bounded"
    };
    if lowest > REACHABLE * constant {
        let why = format!(
            "the loss applies its own softmax or sigmoid to {word}, which {given}: no weights bring the loss below {lowest:.3} (a constant has {constant:.3})"
        );
        return Some((Fault::Squeezed, Severity::Warning, why));
    }
    (*op == Op::Activation(isograd_theory::Activation::Relu)).then(|| {
        let why = "the loss takes logits of either sign, and relu cuts the negative ones off: an output that is 0 gets no gradient".to_owned();
        (Fault::Squeezed, Severity::Warning, why)
    })
}

/// Standardised real targets have mean 0 and deviation 1: some are negative, and some not within 1.
fn beyond(ctx: &Context<'_>, output: &Output<'_>) -> Option<(Fault, Severity, String)> {
    let real = matches!(ctx.exam.plan.task, Task::Regression { .. });
    if !real || ctx.exam.description.data.target_scale != TargetScale::Standard {
        return None;
    }
    let (least, largest) = range(&output.node.op)?;
    let severity = if least >= 0.0 || largest <= 0.0 {
        Severity::Warning
    } else if largest - least <= 2.0 {
        Severity::Info
    } else {
        return None;
    };
    let why = format!(
        "targets of mean 0 and deviation 1 lie on both sides of 0 and beyond ±1, and {} puts out numbers from {least} to {largest}",
        kind(&output.node.op)
    );
    Some((Fault::Range, severity, why))
}

/// The lowest loss that outputs of this range can have on logits, all classes equally frequent, and
/// that of a constant; `None` where it is not known or labels are smoothed.
fn lowest(ctx: &Context<'_>, output: &Output<'_>) -> Option<(f64, f64)> {
    let loss = &ctx.exam.description.train.loss;
    let (least, largest) = range(&output.node.op)?;
    if output.kind != OutputKind::Logits || loss.label_smoothing > 0.0 || loss.pos_weight != 1.0 {
        return None;
    }
    match loss.kind {
        // The right class at the upper end, all others at the lower.
        LossKind::CrossEntropy if output.units > 1 => {
            let classes = output.units as f64;
            let others = (classes - 1.0) * (least - largest).exp();
            Some((others.ln_1p(), classes.ln()))
        }
        LossKind::BinaryCrossEntropy => {
            let (yes, no) = ((-largest).exp().ln_1p(), least.exp().ln_1p());
            Some((f64::midpoint(yes, no), std::f64::consts::LN_2))
        }
        _ => None,
    }
}

/// Of which it is certain what its numbers may be.
fn is_plain_end(op: &Op) -> bool {
    matches!(
        op,
        Op::Dense { .. } | Op::Conv1d { .. } | Op::Conv2d { .. } | Op::Activation(_)
    )
}
