//! Where a network is cut for gradient checkpointing.

use isograd_core::describe::train::Checkpoint;
use isograd_core::describe::{NodeId, Plan};
use std::collections::BTreeSet;
use std::ops::Range;

/// Positions on the outermost chain of a plan at which its pieces begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cuts {
    /// Ascending, never empty. What is in front of the first has nothing to train and keeps nothing
    /// for a backward pass.
    starts: Vec<usize>,
}

impl Cuts {
    /// One piece.
    pub fn none() -> Self {
        Self { starts: vec![0] }
    }

    /// Pieces of about as many nodes each. A piece begins with a layer or a block in which paths
    /// meet, so that what follows a layer stays with it.
    pub fn of(plan: &Plan, checkpoint: Checkpoint) -> Self {
        let pieces = match checkpoint {
            Checkpoint::Off => 1,
            Checkpoint::Root => (plan.layers.len() as f64).sqrt().ceil() as usize,
            Checkpoint::Pieces(pieces) => pieces,
        };
        let Some(first) = first_trained(plan).filter(|_| pieces > 1) else {
            return Self::none();
        };
        let layers: BTreeSet<NodeId> = plan.layers.iter().map(|layer| layer.weights).collect();
        let (from, to) = (begin(plan, first), plan.nodes.len());
        let mut starts = vec![first];
        for (position, id) in plan.chain.iter().enumerate().skip(first + 1) {
            let may = layers.contains(id) || plan.nodes[*id].op.joins_paths();
            // The share of the nodes that lies in front of it is that of the pieces there, or more.
            let done = begin(plan, position) - from;
            if may && done * pieces >= (to - from) * starts.len() && starts.len() < pieces {
                starts.push(position);
            }
        }
        Self { starts }
    }

    /// How many pieces there are.
    pub fn pieces(&self) -> usize {
        self.starts.len()
    }

    /// The part of the chain in front of all pieces.
    pub(super) fn front(&self) -> Range<usize> {
        0..self.starts[0]
    }

    /// A piece's part of the chain.
    pub(super) fn piece(&self, plan: &Plan, piece: usize) -> Range<usize> {
        let end = self.starts.get(piece + 1);
        self.starts[piece]..end.copied().unwrap_or(plan.chain.len())
    }

    /// The nodes of a piece, with those that they hold.
    pub(super) fn nodes(&self, plan: &Plan, piece: usize) -> Range<NodeId> {
        let Range { start, end } = self.piece(plan, piece);
        begin(plan, start)..begin(plan, end)
    }
}

/// The first node of this position of the outermost chain: those that a node holds precede it.
fn begin(plan: &Plan, position: usize) -> NodeId {
    match position.checked_sub(1) {
        _ if position == plan.chain.len() => plan.nodes.len(),
        Some(before) => plan.chain[before] + 1,
        None => 0,
    }
}

/// Position of the first node on the outermost chain that has something to train, or holds it.
fn first_trained(plan: &Plan) -> Option<usize> {
    let trained = |id: NodeId| plan.nodes[id].op.parameters() > 0 && !plan.nodes[id].frozen;
    (0..plan.chain.len()).find(|&p| (begin(plan, p)..begin(plan, p + 1)).any(trained))
}
