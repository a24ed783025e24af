//! Nodes that hold chains of nodes: one place that knows which, and what is beside the path.

use super::plan::{Node, NodeId, Op};

/// The chains that a node holds. Both begin at the node's input; `main` computes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chains<'a> {
    /// The path of the layers: the body of a residual, H of a highway.
    pub main: &'a [NodeId],
    /// What stands beside that path: a shortcut, a gate.
    pub beside: &'a [NodeId],
}

impl<'a> Chains<'a> {
    /// Both, in the order in which they compute.
    pub fn both(self) -> [&'a [NodeId]; 2] {
        [self.main, self.beside]
    }

    /// The nodes directly in it.
    pub fn nodes(self) -> impl Iterator<Item = NodeId> + 'a {
        self.main.iter().chain(self.beside).copied()
    }
}

impl Op {
    /// The chains that this node holds; both empty for a node that holds none.
    pub fn chains(&self) -> Chains<'_> {
        match self {
            Self::Residual { body, shortcut } => Chains {
                main: body,
                beside: shortcut,
            },
            Self::Highway { transform, gate } => Chains {
                main: transform,
                beside: gate,
            },
            Self::Concat { body } => Chains {
                main: body,
                beside: &[],
            },
            Self::Gated { gate } => Chains {
                main: &[],
                beside: gate,
            },
            _ => Chains::default(),
        }
    }

    /// True for a node in which paths meet: a residual, a highway, a concatenation, a gate.
    pub fn joins_paths(&self) -> bool {
        matches!(
            self,
            Self::Residual { .. } | Self::Highway { .. } | Self::Concat { .. } | Self::Gated { .. }
        )
    }
}

/// For every node: whether it, or a node that it lies in, stands beside the path of the layers.
pub fn beside(nodes: &[Node]) -> Vec<bool> {
    let mut beside = vec![false; nodes.len()];
    // A node comes after what it holds: backwards, it is known before them.
    for node in nodes.iter().rev() {
        let chains = node.op.chains();
        for &id in chains.beside {
            beside[id] = true;
        }
        for &id in chains.main {
            beside[id] = beside[node.id];
        }
    }
    beside
}
