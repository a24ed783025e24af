//! Blocks of sequences, and what gradients of different steps have in common.

use super::super::attention::{self, Attention, Flow};
use super::super::backward::{Backward, Energy};
use super::super::signal::Signal;
use super::super::weights::{Fans, Moments};
use super::{FLAT_SOFTMAX, Walk, pixels};
use crate::describe::network::Init;
use crate::describe::{Node, Op, Shape};

impl Walk<'_> {
    /// One node of these forward; leaves its backward pass.
    pub(super) fn sequence(&mut self, node: &Node, x: Signal) -> Option<Signal> {
        let (out, pass) = match &node.op {
            Op::Embedding {
                vocabulary,
                size,
                ids,
                init,
            } => {
                let fans = Fans {
                    output: *size as f64,
                    ..Fans::square(*vocabulary as f64)
                };
                if !ids {
                    return Some(self.one_hot(node, x, *init, fans));
                }
                self.note(node, "all ids are taken to be equally frequent");
                let vectors = Moments::of(*init, fans);
                let out = attention::embedded(vectors, 1.0 / (*vocabulary).max(1) as f64);
                // Ids have no gradient.
                (out, Backward::scaled(0.0, 0.0))
            }
            Op::Positions {
                steps,
                features,
                learned,
            } => {
                let vectors = match learned {
                    Some(init) => Moments::of(*init, Fans::square(*features as f64)),
                    None => attention::sinusoid_moments(*steps, *features),
                };
                (attention::placed(x, vectors), Backward::IDENTITY)
            }
            Op::Queries { features, init, .. } => {
                self.note(
                    node,
                    "what goes from here to the blocks before it, by way of attention to them, is not \
                     predicted",
                );
                let vectors = Moments::of(*init, Fans::square(*features as f64));
                // No pass: the theory of the gradient begins anew.
                return Some(attention::embedded(vectors, 1.0));
            }
            Op::Attention { .. } => {
                let flow = self.attention(node, x)?;
                if flow.scores > FLAT_SOFTMAX {
                    self.note(
                        node,
                        "the scores are too large for weights near an average: what attention does is \
                         roughly predicted",
                    );
                }
                self.note(
                    node,
                    "in attention, steps are taken to be as correlated as examples, and gradients at \
                     the output as independent from step to step",
                );
                (flow.out, Backward::scaled(flow.apart(), 0.0))
            }
            _ => (x, Backward::IDENTITY),
        };
        self.passes[node.id] = Some(pass);
        Some(out)
    }

    /// An embedding of one-hot vectors: a dense layer without bias.
    fn one_hot(&mut self, node: &Node, x: Signal, init: Init, fans: Fans) -> Signal {
        let spread = 1.0 / pixels(node.input).max(1.0);
        let (out, pass) = self.weighted(node, x, init, None, fans, (fans.input, spread, 0.0));
        self.passes[node.id] = Some(pass);
        out
    }

    fn attention(&self, node: &Node, x: Signal) -> Option<Flow> {
        let Op::Attention {
            features,
            causal,
            rate,
            memory,
            init,
            bias,
            value_gain,
            ..
        } = node.op
        else {
            return None;
        };
        let (from, source, keys) = match memory {
            None => (features, x, node.input),
            Some((id, from)) => (from, self.signals[id]?, self.plan.nodes[id].output),
        };
        let attention = Attention {
            features: features as f64,
            from: from as f64,
            steps: pixels(keys) as usize,
            causal,
            cross: memory.is_some(),
            rate,
            init,
            bias,
            value_gain,
        };
        Some(attention.flow(x, source))
    }

    /// The gradient in front of a node with what its steps have in common: attention spreads that of
    /// every step over the steps that it looks at, and what they have in common adds up.
    pub(super) fn over_steps(&self, node: &Node, behind: Energy, before: Energy) -> Energy {
        let Some(x) = self.inputs[node.id] else {
            return before;
        };
        match (&node.op, node.input) {
            (Op::Attention { .. }, _) => match self.attention(node, x) {
                Some(flow) => flow.apply(behind),
                None => before,
            },
            (Op::GlobalAvgPool, Shape::Sequence { .. }) => Energy {
                steps: 1.0,
                ..before
            },
            (Op::Activation(phi), Shape::Sequence { .. }) => {
                let law = x.law();
                let (square, mean) = (phi.slope_square(law), phi.mean_slope(law));
                // E\[φ′(x)φ′(y)\] lies between E\[φ′\]² and E\[φ′²\] as the correlation does
                // between 0 and 1.
                let alike = (1.0 - x.apart()).clamp(0.0, 1.0);
                let both = mean * mean + (square - mean * mean) * alike;
                let share = if square > 0.0 { both / square } else { 0.0 };
                Energy {
                    steps: before.steps * share,
                    ..before
                }
            }
            (Op::Flatten | Op::Patches { .. } | Op::GlobalMaxPool, _) => Energy {
                steps: 0.0,
                ..before
            },
            _ => before,
        }
    }
}
