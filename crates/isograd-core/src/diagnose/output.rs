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
