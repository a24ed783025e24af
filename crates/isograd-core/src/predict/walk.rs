//! The walk over a plan: forward through every node, then backward.

use super::backward::{Backward, Energy};
use super::pool;
use super::signal::{Form, Signal};
use super::weights::Fans;
use super::{InputMoments, NodePrediction, Prediction, norm, recurrent, skip, slope};
use crate::describe::network::SoftmaxAxis;
use crate::describe::recurrent::Cell;
use crate::describe::{Node, NodeId, Op, Plan, Shape};
use isograd_theory::Activation;

mod join;
mod sequences;
mod sums;

use sums::window;

/// Variance of the logits above which a softmax is no longer near equal probabilities: one class
/// is then e times as probable as another, typically.
const FLAT_SOFTMAX: f64 = 1.0;

/// Says what signal and gradient should do in `plan` at initialisation, for data with these
/// moments, as they are in training (dropout on, batch statistics of a large batch).
///
/// Where the theory does not reach, the entries are `None` and [`Prediction::notes`] says why.
pub fn predict(plan: &Plan, input: InputMoments) -> Prediction {
    let mut walk = Walk {
        plan,
        inputs: vec![None; plan.nodes.len()],
        signals: vec![None; plan.nodes.len()],
        passes: vec![None; plan.nodes.len()],
        energies: vec![None; plan.nodes.len()],
        chi: vec![None; plan.nodes.len()],
        segments: 0,
        notes: Vec::new(),
    };
    walk.forward(&plan.chain, Some(Signal::of_input(input)));
    walk.backward(&plan.chain, Energy::start(0));
    walk.finish()
}

struct Walk<'a> {
    plan: &'a Plan,
    /// What enters each node forward.
    inputs: Vec<Option<Signal>>,
    /// What leaves each node forward.
    signals: Vec<Option<Signal>>,
    /// Each node's backward pass; a node in which paths meet has none of its own.
    passes: Vec<Option<Backward>>,
    /// The gradient at each node's output and at its input.
    energies: Vec<Option<(Energy, Energy)>>,
    /// χ of a step of each recurrent node.
    chi: Vec<Option<f64>>,
    segments: usize,
    notes: Vec<String>,
}

impl Walk<'_> {
    fn note(&mut self, node: &Node, text: &str) {
        // Once a text: the first node that it concerns stands for the others.
        if !self.notes.iter().any(|n| n.ends_with(text)) {
            self.notes.push(format!("{}: {text}", node.name));
        }
    }

    fn forward(&mut self, chain: &[NodeId], mut signal: Option<Signal>) -> Option<Signal> {
        let plan = self.plan;
        for &id in chain {
            let node = &plan.nodes[id];
            self.inputs[id] = signal;
            signal = match signal {
                None => None,
                Some(x) => self.step(node, x),
            };
            if signal.is_some_and(|s| !s.is_finite()) {
                self.note(node, "the signal leaves the range of numbers from here on");
                signal = None;
                self.passes[id] = None;
            }
            self.signals[id] = signal;
        }
        signal
    }

    /// One node forward; leaves its backward pass in `passes`.
    fn step(&mut self, node: &Node, x: Signal) -> Option<Signal> {
        if node.op.joins_paths() {
            return self.join(node, x);
        }
        let (out, pass) = match &node.op {
            Op::Dense {
                inputs,
                units,
                init,
                bias,
            } => {
                let fans = Fans {
                    input: *inputs as f64,
                    output: *units as f64,
                    taps: 1.0,
                };
                let spread = 1.0 / pixels(node.input).max(1.0);
                self.weighted(node, x, *init, *bias, fans, (fans.input, spread, 0.0))
            }
            Op::Conv2d {
                inputs,
                filters,
                kernel,
                stride,
                padding,
                dilation,
                groups,
                init,
                bias,
            } => {
                let window = window(node, *kernel, *stride, *padding, *dilation);
                let channels = (*inputs / *groups, *filters / *groups);
                self.convolution(node, x, (*init, *bias), channels, window)
            }
            Op::Conv1d {
                inputs,
                filters,
                kernel,
                stride,
                padding,
                dilation,
                groups,
                init,
                bias,
            } => {
                let padding = [padding[0], padding[1], 0, 0];
                let (kernel, stride) = ([*kernel, 1], [*stride, 1]);
                let window = window(node, kernel, stride, padding, [*dilation, 1]);
                let channels = (*inputs / *groups, *filters / *groups);
                self.convolution(node, x, (*init, *bias), channels, window)
            }
            Op::MaxPool1d { kernel, .. } => {
                self.note(
                    node,
                    "in pooling, positions are taken to be as correlated as examples",
                );
                pool::maximum(x, *kernel)
            }
            Op::AvgPool1d {
                kernel,
                stride,
                padding,
            } => {
                self.note(
                    node,
                    "in pooling, positions are taken to be as correlated as examples",
                );
                let padding = [padding[0], padding[1], 0, 0];
                let window = window(node, [*kernel, 1], [*stride, 1], padding, [1, 1]);
                pool::average(x, window.mean_inverse())
            }
            Op::MaxPool2d { kernel, .. } => {
                self.note(
                    node,
                    "in pooling, positions are taken to be as correlated as examples",
                );
                pool::maximum(x, kernel[0] * kernel[1])
            }
            Op::AvgPool2d {
                kernel,
                stride,
                padding,
            } => {
                self.note(
                    node,
                    "in pooling, positions are taken to be as correlated as examples",
                );
                pool::average(
                    x,
                    window(node, *kernel, *stride, *padding, [1, 1]).mean_inverse(),
                )
            }
            Op::GlobalAvgPool => {
                self.note(
                    node,
                    "in pooling, positions are taken to be as correlated as examples",
                );
                pool::average(x, 1.0 / pixels(node.input).max(1.0))
            }
            Op::GlobalMaxPool => {
                self.note(
                    node,
                    "in pooling, positions are taken to be as correlated as examples",
                );
                pool::maximum(x, pixels(node.input) as usize)
            }
            Op::Upsampling1d { .. } | Op::Upsampling2d { .. } => {
                self.note(
                    node,
                    "gradients of repeated positions are taken as independent",
                );
                (x, Backward::IDENTITY)
            }
            Op::Flatten | Op::Patches { .. } => (x, Backward::IDENTITY),
            Op::Dropout { rate } => {
                if *rate >= 1.0 {
                    self.note(node, "everything is dropped");
                    return None;
                }
                let mut pass = Backward::scaled(1.0 / (1.0 - rate), 1.0);
                pass.to_sum = rate / (1.0 - rate);
                (x.dropped(*rate), pass)
            }
            Op::Activation(_) | Op::Prelu { .. } => {
                let phi = node.op.activation()?;
                if x.form != Form::Gaussian {
                    self.note(
                        node,
                        "what enters is no sum over weights, and taken as Gaussian",
                    );
                }
                let units = node.output.units() as f64;
                (x.activated(phi), Backward::activation(phi, x.law(), units))
            }
            Op::Softmax {
                axis: SoftmaxAxis::Features,
            } => self.softmax(node, x),
            Op::Softmax {
                axis: SoftmaxAxis::Batch,
            } => {
                self.note(node, "a softmax over the batch is beyond the theory");
                return None;
            }
            Op::BatchNorm { epsilon, .. } => norm::batch(x, *epsilon),
            Op::LayerNorm { elements, epsilon } => norm::layer(x, *elements as f64, *epsilon),
            Op::GroupNorm {
                units,
                groups,
                epsilon,
                ..
            } => self.group_norm(node, x, *units / *groups, *epsilon)?,
            Op::InstanceNorm { epsilon, .. } => self.group_norm(node, x, 1, *epsilon)?,
            Op::RmsNorm {
                elements, epsilon, ..
            } => norm::root_mean_square(x, *elements as f64, *epsilon),
            Op::DynamicTanh { alpha, .. } => {
                let units = node.output.units() as f64;
                let x = x.scaled(*alpha);
                let mut pass = Backward::activation(Activation::Tanh, x.law(), units);
                pass.energy *= alpha * alpha;
                pass.to_sum *= alpha * alpha;
                pass.sum *= alpha * alpha;
                (x.activated(Activation::Tanh), pass)
            }
            Op::Recurrent {
                inputs,
                block,
                init,
                bias,
            } => {
                if let Some(why) = recurrent::beyond(block) {
                    self.note(node, why);
                    return None;
                }
                if block.cell == Cell::Relu {
                    self.note(
                        node,
                        "a mean that passes through the same matrix at every step adds up: rectified \
                         states grow faster than predicted, most where χ is near 1",
                    );
                }
                let steps = pixels(node.input) as usize;
                let done =
                    recurrent::vanilla(x, block, *inputs as f64, steps, [Some(*init), *bias]);
                self.chi[node.id] = Some(done.chi);
                (done.out, done.pass)
            }
            Op::Multiplier { value, .. } => skip::multiplied(x, *value),
            Op::Offset { value, .. } => skip::shifted(x, *value),
            Op::DropPath { rate, .. } => skip::dropped(x, *rate),
            Op::PadChannels { .. } => skip::padded(
                x,
                node.input.units() as f64 / node.output.units().max(1) as f64,
            ),
            Op::Residual { .. } | Op::Highway { .. } | Op::Concat { .. } | Op::Gated { .. } => {
                return None;
            }
            Op::Embedding { .. }
            | Op::Positions { .. }
            | Op::Queries { .. }
            | Op::Attention { .. } => return self.sequence(node, x),
        };
        self.passes[node.id] = Some(pass);
        Some(out)
    }

    fn softmax(&mut self, node: &Node, x: Signal) -> (Signal, Backward) {
        let classes = node.output.units() as f64;
        let variance = x.variance();
        if variance > FLAT_SOFTMAX {
            self.note(
                node,
                "the softmax is taken at equal probabilities, which its input is too large for",
            );
        }
        let part = (1.0 - 1.0 / classes) / (classes * classes);
        let out = Signal {
            mean: 1.0 / classes,
            square: 1.0 / (classes * classes) + variance * part,
            spread: x.spread * part,
            form: Form::Other,
        };
        (out, Backward::softmax(classes))
    }

    /// From the gradient at the end of `chain` to that at its beginning.
    fn backward(&mut self, chain: &[NodeId], end: Energy) -> Energy {
        let plan = self.plan;
        let mut here = end;
        for &id in chain.iter().rev() {
            let node = &plan.nodes[id];
            let before = match (&node.op, self.passes[id]) {
                (op, _) if op.joins_paths() => self.part(node, here),
                (_, Some(pass)) => self.over_steps(node, here, pass.apply(here)),
                (_, None) => {
                    self.segments += 1;
                    Energy::start(self.segments)
                }
            };
            self.energies[id] = Some((here, before));
            here = before;
        }
        here
    }

    fn finish(self) -> Prediction {
        let nodes = (0..self.plan.nodes.len()).map(|id| self.node(id)).collect();
        let hidden = self.plan.layers.split_last().map_or(&[][..], |(_, h)| h);
        let energies: Vec<Energy> = hidden
            .iter()
            .filter(|layer| !self.closed(layer.output))
            .filter_map(|layer| self.energies[layer.output].map(|(out, _)| out))
            .collect();
        let open = hidden.iter().filter(|l| !self.closed(l.output)).count();
        let one_segment = energies.windows(2).all(|e| e[0].segment == e[1].segment);
        let ln_g: Vec<f64> = energies.iter().map(|e| 0.5 * e.ln).collect();
        Prediction {
            nodes,
            slope: if one_segment && ln_g.len() == open {
                slope::least_squares(&ln_g)
            } else {
                None
            },
            notes: self.notes,
        }
    }

    /// True inside a body that starts closed (`ReZero`): no gradient is there to be compared.
    fn closed(&self, id: NodeId) -> bool {
        self.plan.nodes[id].parent.is_some()
            && self.energies[id].is_some_and(|(out, _)| out.ln == f64::NEG_INFINITY)
    }

    fn node(&self, id: NodeId) -> NodePrediction {
        let signal = self.signals[id];
        let mut prediction = NodePrediction {
            second_moment: signal.map(|s| s.square),
            correlation: signal.and_then(Signal::correlation),
            chi_of_step: self.chi[id],
            ..NodePrediction::default()
        };
        if let Some((out, before)) = self.energies[id] {
            if out.segment == before.segment && out.ln > f64::NEG_INFINITY {
                let db = 10.0 * std::f64::consts::LOG10_E * (before.ln - out.ln);
                prediction.gain_db = Some(db).filter(|d| !d.is_nan());
            }
            if out.segment == 0 {
                prediction.gradient = Some((0.5 * out.ln).exp());
                prediction.log_deviation = Some(0.5 * out.ln_variance.sqrt());
            }
        }
        prediction
    }
}

/// Rows × columns (or time steps) that share weights.
fn pixels(shape: Shape) -> f64 {
    (shape.elements() / shape.units().max(1)) as f64
}
