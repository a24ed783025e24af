//! Nodes in which paths meet: forward their signals, backward the gradients of the paths.

use super::super::backward::{Backward, Energy};
use super::super::coherent::{self, Body};
use super::super::signal::Signal;
use super::super::skip;
use super::Walk;
use crate::describe::{Node, NodeId, Op};

impl Walk<'_> {
    /// What leaves the node, for what enters it.
    pub(super) fn join(&mut self, node: &Node, x: Signal) -> Option<Signal> {
        match &node.op {
            Op::Residual { body, shortcut } => self.residual(node, body, shortcut, x),
            Op::Highway { transform, gate } => {
                let through = self.forward(transform, Some(x));
                let gate = self.forward(gate, Some(x))?;
                if gate.variance() > 0.0 {
                    self.note(
                        node,
                        "the gate is taken as independent of what it lets pass",
                    );
                }
                Some(skip::highway(through?, gate, x))
            }
            Op::Concat { body } => {
                let through = self.forward(body, Some(x))?;
                Some(skip::concatenated(x, through, share(node)))
            }
            Op::Gated { gate } => {
                let gate = self.forward(gate, Some(x))?;
                self.note(
                    node,
                    "the gate is taken as independent of what it lets pass",
                );
                Some(skip::product(x, gate))
            }
            _ => None,
        }
    }

    /// The gradient at the node's input, for that at its output.
    pub(super) fn part(&mut self, node: &Node, here: Energy) -> Energy {
        let elements = node.input.elements() as f64;
        match &node.op {
            Op::Residual { body, shortcut } => {
                let through = self.backward(body, here);
                let beside = self.backward(shortcut, here);
                let sum = beside.plus(through, elements);
                let body = self.coherent(body).filter(|_| shortcut.is_empty());
                match (body, self.inputs[node.id], self.signals[node.id]) {
                    (Some(body), Some(x), Some(y)) => {
                        coherent::correct(sum, here, body, x, y, elements)
                    }
                    _ => sum,
                }
            }
            Op::Highway { transform, gate } => {
                let known = self.end(transform).zip(self.end(gate));
                let Some(((h, t), x)) = known.zip(self.inputs[node.id]) else {
                    return self.unknown(&[transform, gate]);
                };
                let through = self.backward(transform, skip::factor(t.mean, t.square).apply(here));
                let difference = skip::difference(h, x);
                let opening = self.backward(gate, difference.apply(here));
                let closed = 1.0 - 2.0 * t.mean + t.square;
                let beside = skip::factor(1.0 - t.mean, closed).apply(here);
                beside.plus(through, elements).plus(opening, elements)
            }
            Op::Concat { body } => {
                let share = share(node);
                let through = self.backward(body, skip::slice(1.0 - share).apply(here));
                skip::slice(share).apply(here).plus(through, elements)
            }
            Op::Gated { gate } => {
                let Some((g, x)) = self.end(gate).zip(self.inputs[node.id]) else {
                    return self.unknown(&[gate]);
                };
                let opening = self.backward(gate, Backward::scaled(x.square, 0.0).apply(here));
                let beside = skip::factor(g.mean, g.square).apply(here);
                beside.plus(opening, elements)
            }
            _ => here,
        }
    }

    /// What leaves a chain.
    fn end(&self, chain: &[NodeId]) -> Option<Signal> {
        self.signals[*chain.last()?]
    }

    /// Behind these chains nothing is known of the gradient.
    fn unknown(&mut self, chains: &[&[NodeId]]) -> Energy {
        self.segments += 1;
        let start = Energy::start(self.segments);
        for chain in chains {
            self.backward(chain, start);
        }
        start
    }

    fn residual(
        &mut self,
        node: &Node,
        body: &[NodeId],
        shortcut: &[NodeId],
        x: Signal,
    ) -> Option<Signal> {
        let plan = self.plan;
        let weighted = |id: &NodeId| {
            matches!(
                plan.nodes[*id].op,
                Op::Dense { .. } | Op::Conv1d { .. } | Op::Conv2d { .. } | Op::Attention { .. }
            ) || plan.nodes[*id].op.joins_paths()
        };
        let projected = shortcut.iter().any(weighted);
        if !body.iter().any(weighted) && !projected {
            self.note(
                node,
                "a body without weights is taken as independent of the shortcut",
            );
        }
        let through = self.forward(body, Some(x));
        if self.ends_in_activation(body)
            && through.is_some_and(|f| f.mean != 0.0)
            && (!shortcut.is_empty() || self.coherent(body).is_none())
        {
            self.note(
                node,
                "a body that ends in an activation with a mean adds up coherently: the gradient \
                 grows faster than predicted",
            );
        }
        let beside = self.forward(shortcut, Some(x));
        Some(through?.plus(beside?))
    }

    /// True where only factors, offsets and stochastic depth come after the last activation.
    fn ends_in_activation(&self, body: &[NodeId]) -> bool {
        let last = body
            .iter()
            .rev()
            .map(|id| &self.plan.nodes[*id].op)
            .find(|op| {
                !matches!(
                    op,
                    Op::Multiplier { .. } | Op::Offset { .. } | Op::DropPath { .. }
                )
            });
        last.is_some_and(|op| op.activation().is_some())
    }

    /// The body, where it is one dense node, one activation and then only factors.
    fn coherent(&self, body: &[NodeId]) -> Option<Body> {
        let [weights, active, rest @ ..] = body else {
            return None;
        };
        let op = |id: NodeId| &self.plan.nodes[id].op;
        let (Op::Dense { .. }, Some(phi)) = (op(*weights), op(*active).activation()) else {
            return None;
        };
        let mut scale = 1.0;
        for &id in rest {
            let Op::Multiplier { value, .. } = op(id) else {
                return None;
            };
            scale *= value;
        }
        Some(Body {
            phi,
            scale,
            inner: self.inputs[*active]?,
            result: self.end(body)?,
        })
    }
}

/// The share of a concatenation's output that is its input.
fn share(node: &Node) -> f64 {
    node.input.elements() as f64 / node.output.elements().max(1) as f64
}
