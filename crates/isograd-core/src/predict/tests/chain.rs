//! Plans of dense chains, written by hand.

use crate::describe::network::{EvalStatistics, Init};
use crate::describe::plan::Layer;
use crate::describe::{Node, NodeId, Op, Plan, Shape, Task};
use isograd_theory::Activation;

/// Builds a plan node by node.
pub(super) struct Chain {
    plan: Plan,
    at: Shape,
    residual: Option<(NodeId, Vec<NodeId>)>,
}

impl Chain {
    pub(super) fn new(input: Shape) -> Self {
        Self {
            plan: Plan {
                nodes: Vec::new(),
                chain: Vec::new(),
                layers: Vec::new(),
                input,
                output: input,
                task: Task::Regression { targets: 1 },
                examples: 1000,
            },
            at: input,
            residual: None,
        }
    }

    pub(super) fn node(mut self, op: Op, output: Shape) -> Self {
        let id = self.plan.nodes.len();
        let weighted = matches!(op, Op::Dense { .. } | Op::Conv1d { .. } | Op::Conv2d { .. });
        let active = matches!(op, Op::Activation(_));
        self.plan.nodes.push(Node {
            id,
            name: format!("node{id}"),
            op,
            input: self.at,
            output,
            path: String::new(),
            copy: Vec::new(),
            parent: None,
            frozen: false,
            l1: 0.0,
            l2: 0.0,
            weight: crate::describe::WeightForm::Plain,
        });
        if weighted {
            self.plan.layers.push(Layer {
                name: format!("node{id}"),
                weights: id,
                nodes: vec![id],
                activation: None,
                output: id,
            });
        } else if let Some(layer) = self.plan.layers.last_mut() {
            layer.nodes.push(id);
            layer.output = id;
            if active {
                layer.activation = Some(id);
            }
        }
        match &mut self.residual {
            Some((_, body)) => body.push(id),
            None => self.plan.chain.push(id),
        }
        self.at = output;
        self.plan.output = output;
        self
    }

    pub(super) fn dense(self, units: usize, init: Init, bias: Init) -> Self {
        let inputs = self.at.units();
        let op = Op::Dense {
            inputs,
            units,
            init,
            bias: Some(bias),
        };
        self.node(op, Shape::Flat(units))
    }

    pub(super) fn activation(self, phi: Activation) -> Self {
        let at = self.at;
        self.node(Op::Activation(phi), at)
    }

    pub(super) fn batch_norm(self) -> Self {
        let at = self.at;
        let op = Op::BatchNorm {
            units: at.units(),
            momentum: 0.9,
            epsilon: 1e-12,
            eval_statistics: EvalStatistics::Running,
        };
        self.node(op, at)
    }

    pub(super) fn open_residual(mut self) -> Self {
        self.residual = Some((self.plan.nodes.len(), Vec::new()));
        self
    }

    pub(super) fn close_residual(mut self) -> Self {
        let (first, body) = self.residual.take().unwrap();
        let output = self.at;
        self.at = self.plan.nodes[first].input;
        let id = self.plan.nodes.len();
        self.plan.chain.push(id);
        let keep = std::mem::take(&mut self.plan.layers);
        let op = Op::Residual {
            body,
            shortcut: Vec::new(),
        };
        let mut next = self.node(op, output);
        next.plan.chain.pop();
        next.plan.layers = keep;
        next
    }

    pub(super) fn plan(self) -> Plan {
        self.plan
    }
}
