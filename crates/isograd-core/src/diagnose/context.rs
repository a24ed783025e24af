//! What the rules share: an examination with its sites found, its profile and its course.

use super::Examination;
use super::course::Course;
use super::profile::{self, Profile};
use crate::describe::{Block, Node, NodeId, Op};
use crate::trace::sites::kind;
use crate::trace::{Quantity, Record, RecordKind, Role};

/// An examination, prepared once for all rules.
pub(super) struct Context<'a> {
    /// What is examined.
    pub exam: Examination<'a>,
    /// How the loss went.
    pub course: Course,
    /// The nodes at which the depth of the network is measured: see [`profile::points`].
    pub points: Vec<NodeId>,
    outputs: Vec<Option<usize>>,
    branches: Vec<Option<usize>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(exam: &Examination<'a>) -> Self {
        let mut outputs = vec![None; exam.plan.nodes.len()];
        let mut branches = outputs.clone();
        for (position, site) in exam.trace.sites.iter().enumerate() {
            let of = match site.role {
                Role::Output => &mut outputs,
                Role::Branch => &mut branches,
            };
            // A trace of another program may know nodes that the plan does not have.
            if let Some(slot) = of.get_mut(site.node) {
                *slot = Some(position);
            }
        }
        Self {
            exam: *exam,
            course: Course::new(exam),
            points: profile::points(exam.plan),
            outputs,
            branches,
        }
    }

    /// The node with this position.
    pub(super) fn node(&self, id: NodeId) -> &'a Node {
        &self.exam.plan.nodes[id]
    }

    /// What was measured at a node's output.
    pub(super) fn get(&self, record: &Record, node: NodeId, quantity: Quantity) -> Option<f64> {
        let site = (*self.outputs.get(node)?)?;
        record.rows.get(site)?.get(quantity)
    }

    /// What was measured where the body of a residual (a highway, a concatenation) begins.
    pub(super) fn branch(&self, record: &Record, node: NodeId, quantity: Quantity) -> Option<f64> {
        let site = (*self.branches.get(node)?)?;
        record.rows.get(site)?.get(quantity)
    }

    /// The first record in which layers were measured: the probe before the first step, where
    /// there is one.
    pub(super) fn initial(&self) -> Option<&'a Record> {
        self.exam.trace.records.iter().find(|r| !r.rows.is_empty())
    }

    /// The last record in which layers were measured, if it is later than the first: the probe at
    /// the end, where there is one.
    pub(super) fn latest(&self) -> Option<&'a Record> {
        let start = self.initial()?.step;
        let mut later = self
            .exam
            .trace
            .records
            .iter()
            .rev()
            .filter(|r| !r.rows.is_empty() && r.step > start);
        let last = later.next()?;
        let probe = later.find(|r| r.kind == RecordKind::Probe && r.step == last.step);
        if last.kind == RecordKind::Probe {
            Some(last)
        } else {
            Some(probe.unwrap_or(last))
        }
    }

    /// The profile over depth at one record.
    pub(super) fn profile(&self, record: &Record, quantity: Quantity) -> Option<Profile> {
        Profile::of(self.points.iter().map(|&id| self.get(record, id, quantity)))
    }

    /// Nodes with weights that training changes, except those whose weights start at zero, for
    /// which a relative change means nothing.
    pub(super) fn trained_weights(&self) -> impl Iterator<Item = NodeId> + '_ {
        let initial = self.initial();
        self.exam.plan.nodes.iter().filter_map(move |n| {
            let zero = initial
                .and_then(|r| self.get(r, n.id, Quantity::WeightInitNorm))
                .is_some_and(|w| w == 0.0);
            (is_weighted(&n.op) && !n.frozen && !zero).then_some(n.id)
        })
    }

    /// True where the description has a block for just this node, so that a change of the block is one
    /// of the node: not so for the parts of a block that is written out.
    pub(super) fn is_block(&self, id: NodeId) -> bool {
        let node = self.node(id);
        let block = block_at(&self.exam.description.network.layers, &node.path);
        block.is_some_and(|block| block.kind.word() == kind(&node.op))
    }

    /// True for the node whose output is the network's, or for the activation that makes it.
    pub(super) fn is_output(&self, id: NodeId) -> bool {
        self.exam.plan.chain.last() == Some(&id)
            || self
                .exam
                .plan
                .layers
                .last()
                .is_some_and(|l| l.nodes.contains(&id))
    }

    /// The node that feeds this one; `None` for the first node of the network or of a body.
    pub(super) fn before(&self, id: NodeId) -> Option<NodeId> {
        let siblings = match self.node(id).parent {
            None => self.exam.plan.chain.as_slice(),
            Some(parent) => {
                let chains = self.exam.plan.nodes.get(parent)?.op.chains();
                chains.both().into_iter().find(|c| c.contains(&id))?
            }
        };
        let position = siblings.iter().position(|&n| n == id)?;
        position.checked_sub(1).map(|p| siblings[p])
    }

    /// True where a normalisation stands between this weighted node and the next one.
    pub(super) fn is_normalised(&self, weights: NodeId) -> bool {
        let plan = self.exam.plan;
        plan.layers
            .iter()
            .find(|l| l.weights == weights)
            .is_some_and(|l| l.nodes.iter().any(|&n| is_normalisation(&plan.nodes[n].op)))
    }
}

/// True for dense and convolutional nodes, and for attention.
pub(super) fn is_weighted(op: &Op) -> bool {
    matches!(
        op,
        Op::Dense { .. } | Op::Conv1d { .. } | Op::Conv2d { .. } | Op::Attention { .. }
    )
}

/// True for what normalises the signal: batch, layer, group, instance and RMS normalisation.
pub(super) fn is_normalisation(op: &Op) -> bool {
    matches!(
        op,
        Op::BatchNorm { .. }
            | Op::LayerNorm { .. }
            | Op::GroupNorm { .. }
            | Op::InstanceNorm { .. }
            | Op::RmsNorm { .. }
    )
}

/// The block at this address.
fn block_at<'a>(blocks: &'a [Block], path: &str) -> Option<&'a Block> {
    let block = blocks.iter().find(|block| {
        let rest = path.strip_prefix(block.path.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })?;
    if block.path == path {
        return Some(block);
    }
    block_at(block.kind.layers()?, path)
}

/// The node itself, or the outermost block that it lies in.
pub(super) fn outermost(nodes: &[Node], id: NodeId) -> NodeId {
    let mut at = id;
    // Parents come after their bodies, so positions only grow and this ends.
    while let Some(parent) = nodes[at].parent.filter(|&p| p > at && p < nodes.len()) {
        at = parent;
    }
    at
}
