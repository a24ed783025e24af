//! What the network puts out, as the loss takes it.

use super::context::Context;
use crate::describe::train::{LossKind, OutputKind};
use crate::describe::{Node, Op};

/// The end of the network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output<'a> {
    /// The last node of the outermost chain.
    pub node: &'a Node,
    /// What its numbers are to the loss.
    pub kind: OutputKind,
    /// Numbers that a target meets: those of one step, where there is a target at each.
    pub units: usize,
}

impl<'a> Output<'a> {
    pub(super) fn of(ctx: &Context<'a>) -> Option<Self> {
        let plan = ctx.exam.plan;
        let node = plan.nodes.get(*plan.chain.last()?)?;
        let own = if node.op.gives_probabilities() {
            OutputKind::Probabilities
        } else {
            OutputKind::Logits
        };
        Some(Self {
            node,
            kind: ctx.exam.description.train.loss.on.unwrap_or(own),
            units: plan.output.elements() / plan.task.steps().max(1),
        })
    }

    /// True where the loss itself takes the softmax of the outputs.
    pub(super) fn softmax_in_loss(&self, loss: LossKind) -> bool {
        self.kind == OutputKind::Logits && matches!(loss, LossKind::CrossEntropy | LossKind::Kld)
    }
}

/// How output and loss do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A softmax over the examples of the batch.
    OverBatch,
    /// Cross-entropy of one probability.
    PositiveOnly,
    /// Cross-entropy of probabilities that do not sum to 1.
    NotShared,
    /// A loss on probabilities of what are none.
    NoProbabilities,
    /// A loss on logits of what is bounded, or never negative.
    Squeezed,
    /// A range that does not hold the targets.
    Range,
}

/// The numbers that an operation can put out, where its end is an activation with a bound.
pub(super) fn range(op: &Op) -> Option<(f64, f64)> {
    use isograd_theory::Activation as A;
    let above = |least| Some((least, f64::INFINITY));
    match *op {
        Op::Softmax { .. } | Op::Activation(A::Sigmoid | A::HardSigmoid) => Some((0.0, 1.0)),
        Op::Activation(phi) => match phi {
            A::Tanh | A::Softsign => Some((-1.0, 1.0)),
            A::ScaledTanh { output, .. } => Some((-output.abs(), output.abs())),
            A::Relu | A::Softplus | A::Exponential => above(0.0),
            A::Elu { alpha } | A::Celu { alpha } if alpha > 0.0 => above(-alpha),
            _ => None,
        },
        _ => None,
    }
}
