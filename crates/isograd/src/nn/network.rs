//! A network built from a plan: parameters with readable paths, and the forward pass.

use super::activation;
use super::attention::AttentionOptions;
use super::batch_norm::{BatchNormOptions, Behind};
use super::conv1d::{self, Steps};
use super::conv2d::{avg_pool, max_pool, upsample};
use super::dropout::dropout;
use super::embedding::{Vectors, patches, place_sinusoid};
use super::fused::Fused;
use super::parameters::Parameters;
use super::pass::Pass;
use super::recurrent;
use super::signal::{Signal, each};
use super::skip;
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use isograd_core::describe::network::SoftmaxAxis;
use isograd_core::describe::{Node, NodeId, Op, Plan};
use isograd_core::trace::{Role, Site, sites};
use isograd_kernels::{self as kernel, Watch, Windows};
use std::sync::Arc;

/// Where the probes of a node report to.
#[derive(Clone, Copy, Debug, Default)]
struct NodeSites {
    output: usize,
    branch: usize,
}

/// What a network is without its parameters.
#[derive(Debug)]
pub struct Frame {
    /// The plan it was built from.
    pub plan: Plan,
    /// Where probes sit.
    pub sites: Vec<Site>,
    by_node: Vec<NodeSites>,
    /// Whether another node reads a node's output later.
    pub(super) memories: Vec<bool>,
}

/// A network: a Burn module whose parameters are called `dense1.weight`, `batch_norm2.gamma` ….
#[derive(Clone, Debug)]
pub struct Network {
    /// Everything but the parameters.
    pub frame: Arc<Frame>,
    /// Parameters of the nodes that have some, in the order of the plan, with the node's position.
    pub parameters: Vec<(NodeId, Parameters)>,
    /// Position in `parameters` of each node.
    pub(super) slots: Arc<Vec<Option<usize>>>,
}

impl Network {
    /// A network of these parameters.
    pub fn new(plan: Plan, parameters: Vec<(NodeId, Parameters)>) -> Self {
        let sites = sites(&plan);
        let mut by_node = vec![NodeSites::default(); plan.nodes.len()];
        for (position, site) in sites.iter().enumerate() {
            match site.role {
                Role::Output => by_node[site.node].output = position,
                Role::Branch => by_node[site.node].branch = position,
            }
        }
        let mut memories = vec![false; plan.nodes.len()];
        for node in &plan.nodes {
            if let Op::Attention {
                memory: Some((id, _)),
                ..
            } = node.op
            {
                memories[id] = true;
            }
        }
        let mut slots = vec![None; plan.nodes.len()];
        for (slot, (node, _)) in parameters.iter().enumerate() {
            slots[*node] = Some(slot);
        }
        Self {
            frame: Arc::new(Frame {
                plan,
                sites,
                by_node,
                memories,
            }),
            parameters,
            slots: Arc::new(slots),
        }
    }

    /// The same parameters, computed by another plan whose nodes keep their positions (a lesion:
    /// [`isograd_core::describe::lesion`]).
    #[must_use]
    pub fn rearranged(&self, plan: Plan) -> Self {
        Self::new(plan, self.parameters.clone())
    }

    /// The plan it was built from.
    pub fn plan(&self) -> &Plan {
        &self.frame.plan
    }

    /// Where probes sit, in the order in which a watched pass reports.
    pub fn sites(&self) -> &[Site] {
        &self.frame.sites
    }

    /// The network's output for a batch.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, elements]`, as the plan's input shape in C order
    /// - result: `[batch, outputs]`
    pub fn forward(&self, x: Tensor<2>, pass: &Pass) -> Tensor<2> {
        let x = Signal::from_rows(x, self.frame.plan.input);
        self.chain(&self.frame.plan.chain, x, &pass.afresh())
            .into_rows()
    }

    pub(super) fn chain(&self, chain: &[NodeId], x: Signal, pass: &Pass) -> Signal {
        self.chain_behind(chain, x, None, pass)
    }

    /// The body of a block, whose input `site` sees.
    fn body(&self, chain: &[NodeId], x: Signal, site: usize, pass: &Pass) -> Signal {
        let mut watch = pass.watch_at(site);
        let first = chain.first().map(|&id| &self.frame.plan.nodes[id].op);
        let x = match first {
            Some(Op::Dense { .. }) if pass.calibrate.is_none() => x,
            _ => x.seen(watch.take()),
        };
        self.chain_behind(chain, x, watch, pass)
    }

    /// `input` sees what the first node reads, a dense layer.
    fn chain_behind(
        &self,
        chain: &[NodeId],
        mut x: Signal,
        mut input: Option<Watch>,
        pass: &Pass,
    ) -> Signal {
        let mut at = 0;
        while at < chain.len() {
            let fused = self.fused(&chain[at..], pass);
            let last = at + fused.nodes() - 1;
            let id = chain[last];
            let output = self.frame.by_node[id].output;
            let node = &self.frame.plan.nodes[chain[at]];
            // One handle of the sink serves both places of a layer.
            let mut watch = match fused {
                Fused::DenseCurve(_) => None,
                _ => pass.watch_at(output),
            };
            x = match fused {
                // What is scaled behind the node is seen behind that.
                Fused::No if pass.calibrate.is_some() => {
                    self.node(node, x, pass, &mut None, &mut None)
                }
                Fused::No => self.node(node, x, pass, &mut watch, &mut input),
                Fused::DenseCurve(curve) => {
                    let before = pass.watch_at(self.frame.by_node[node.id].output);
                    let layer = kernel::Dense {
                        curve: Some(curve),
                        input: input.take(),
                        before,
                        after: Some(output),
                    };
                    self.dense(node, x, layer)
                }
                Fused::BatchNormCurve(curve) => {
                    let mut behind = Behind {
                        curve: Some(curve),
                        before: pass.watch_at(self.frame.by_node[node.id].output),
                        after: watch.take(),
                    };
                    self.batch_norm(node, x, pass, &mut behind)
                }
            };
            at = last + 1;
            if let Some(calibration) = &pass.calibrate {
                x = calibration.scale(node, x, self.of(id));
            }
            x = x.seen(watch);
            if self.frame.memories[id] {
                pass.kept.put(id, x.clone());
            }
        }
        x
    }

    /// What a node makes of `x`. One that shows its output itself, in a pass that it makes over it
    /// anyway, takes `watch`.
    fn node(
        &self,
        node: &Node,
        x: Signal,
        pass: &Pass,
        watch: &mut Option<Watch>,
        input: &mut Option<Watch>,
    ) -> Signal {
        match &node.op {
            Op::Dense { .. } => {
                let (input, before) = (input.take(), watch.take());
                self.dense(
                    node,
                    x,
                    kernel::Dense {
                        input,
                        before,
                        ..Default::default()
                    },
                )
            }
            Op::Conv2d {
                stride,
                padding,
                dilation,
                groups,
                ..
            } => {
                let Some(Parameters::Conv2d(conv)) = self.of(node.id) else {
                    missing(node)
                };
                let windows = Windows {
                    stride: *stride,
                    padding: *padding,
                    dilation: *dilation,
                    groups: *groups,
                };
                let watch = watch.take();
                Signal::Image(conv.forward_as(x.image(), windows, node.weight, watch))
            }
            Op::Conv1d {
                stride,
                padding,
                dilation,
                groups,
                ..
            } => {
                let Some(Parameters::Conv1d(conv)) = self.of(node.id) else {
                    missing(node)
                };
                let steps = Steps {
                    stride: *stride,
                    padding: *padding,
                    dilation: *dilation,
                    groups: *groups,
                };
                Signal::Sequence(conv.forward(x.sequence(), steps, node.weight))
            }
            Op::MaxPool1d {
                kernel,
                stride,
                padding,
            } => Signal::Sequence(conv1d::max_pool(x.sequence(), *kernel, *stride, *padding)),
            Op::AvgPool1d {
                kernel,
                stride,
                padding,
            } => Signal::Sequence(conv1d::avg_pool(x.sequence(), *kernel, *stride, *padding)),
            Op::Upsampling1d { factor } => {
                Signal::Sequence(conv1d::upsample(x.sequence(), *factor))
            }
            Op::MaxPool2d {
                kernel,
                stride,
                padding,
            } => Signal::Image(max_pool(x.image(), *kernel, *stride, *padding)),
            Op::AvgPool2d {
                kernel,
                stride,
                padding,
            } => Signal::Image(avg_pool(x.image(), *kernel, *stride, *padding)),
            Op::GlobalAvgPool => Signal::Flat(x.positions().mean_dim(2).squeeze_dim(2)),
            Op::GlobalMaxPool => Signal::Flat(x.positions().max_dim(2).squeeze_dim(2)),
            Op::Upsampling2d { factor } => Signal::Image(upsample(x.image(), *factor)),
            Op::Flatten => Signal::Flat(x.into_rows()),
            Op::Dropout { rate } => dropout(x, *rate, &node.name, pass),
            Op::Activation(phi) => each!(x, x => activation::seen(*phi, x, watch)),
            Op::Softmax { axis } => match axis {
                SoftmaxAxis::Batch => each!(x, x => softmax(x, 0)),
                SoftmaxAxis::Features => match x {
                    Signal::Flat(x) => Signal::Flat(isograd_kernels::softmax(x)),
                    Signal::Sequence(x) => Signal::Sequence(isograd_kernels::softmax(x)),
                    Signal::Image(x) => Signal::Image(softmax(x, 1)),
                },
            },
            Op::BatchNorm { .. } => {
                let mut behind = Behind {
                    before: watch.take(),
                    ..Behind::default()
                };
                let y = self.batch_norm(node, x, pass, &mut behind);
                *watch = behind.before;
                y
            }
            Op::LayerNorm { epsilon, .. } => {
                let Some(Parameters::LayerNorm(norm)) = self.of(node.id) else {
                    missing(node)
                };
                let (elements, watch) = (x.features(), watch.take());
                each!(x, x => norm.forward_over(x, elements, *epsilon, watch))
            }
            Op::GroupNorm {
                groups, epsilon, ..
            } => self.group_norm(node, x, *groups, *epsilon, watch),
            Op::InstanceNorm { units, epsilon, .. } => {
                self.group_norm(node, x, *units, *epsilon, watch)
            }
            Op::RmsNorm { epsilon, .. } => {
                let Some(Parameters::RmsNorm(norm)) = self.of(node.id) else {
                    missing(node)
                };
                let (elements, watch) = (x.features(), watch.take());
                each!(x, x => norm.forward_over(x, elements, *epsilon, watch))
            }
            Op::DynamicTanh { .. } => {
                let Some(Parameters::DynamicTanh(tanh)) = self.of(node.id) else {
                    missing(node)
                };
                match x {
                    Signal::Flat(x) => Signal::Flat(tanh.forward(x, 1)),
                    Signal::Sequence(x) => Signal::Sequence(tanh.forward(x, 2)),
                    Signal::Image(x) => Signal::Image(tanh.forward(x, 1)),
                }
            }
            Op::Prelu { .. } => {
                let Some(Parameters::Prelu(prelu)) = self.of(node.id) else {
                    missing(node)
                };
                match x {
                    Signal::Flat(x) => Signal::Flat(prelu.forward(x, 1)),
                    Signal::Sequence(x) => Signal::Sequence(prelu.forward(x, 2)),
                    Signal::Image(x) => Signal::Image(prelu.forward(x, 1)),
                }
            }
            Op::Recurrent { block, .. } => {
                let Some(Parameters::Recurrent(cells)) = self.of(node.id) else {
                    missing(node)
                };
                let watch = pass.states.as_ref().filter(|(id, _)| *id == node.id);
                match cells.forward(x.sequence(), block, watch.map(|(_, sink)| sink)) {
                    recurrent::Output::Sequence(x) => Signal::Sequence(x),
                    recurrent::Output::Last(x) => Signal::Flat(x),
                }
            }
            Op::Multiplier {
                value,
                learned: false,
                ..
            } => each!(x, x => x * *value),
            Op::Multiplier { .. } => {
                let Some(Parameters::Multiplier(factor)) = self.of(node.id) else {
                    missing(node)
                };
                factor.forward(x)
            }
            Op::Offset { .. } => {
                let Some(Parameters::Offset(offset)) = self.of(node.id) else {
                    missing(node)
                };
                offset.forward(x)
            }
            Op::DropPath { rate, whole_batch } => {
                skip::drop_path(x, *rate, *whole_batch, &node.name, pass)
            }
            Op::PadChannels { stride, padding } => {
                Signal::Image(skip::pad_channels(x.image(), *stride, *padding))
            }
            Op::Residual { .. } | Op::Highway { .. } | Op::Concat { .. } | Op::Gated { .. } => {
                let chains = node.op.chains();
                let through = (!chains.main.is_empty()).then(|| {
                    let site = self.frame.by_node[node.id].branch;
                    self.body(chains.main, x.clone(), site, pass)
                });
                let beside = self.chain(chains.beside, x.clone(), pass);
                match (&node.op, through) {
                    (Op::Residual { .. }, Some(f)) => skip::plus(beside, f, watch),
                    (Op::Highway { .. }, Some(h)) => skip::highway(h, beside, x, watch),
                    (Op::Concat { .. }, Some(f)) => skip::concat(x, f, watch),
                    _ => skip::gated(x, beside),
                }
            }
            Op::Embedding { ids, .. } => {
                let (vectors, x) = (self.vectors(node), x.sequence());
                Signal::Sequence(if *ids {
                    vectors.look_up(x)
                } else {
                    vectors.pick(x)
                })
            }
            Op::Positions { learned, .. } => Signal::Sequence(match learned {
                Some(_) => self.vectors(node).place(x.sequence()),
                None => place_sinusoid(x.sequence()),
            }),
            Op::Patches { size } => Signal::Sequence(patches(x.image(), *size)),
            Op::Queries { .. } => Signal::Sequence(self.vectors(node).repeat(x.batch())),
            Op::Attention {
                heads,
                causal,
                rate,
                memory,
                ..
            } => {
                let Some(Parameters::Attention(attention)) = self.of(node.id) else {
                    missing(node)
                };
                let options = AttentionOptions {
                    heads: *heads,
                    causal: *causal,
                    rate: *rate,
                };
                let memory = memory.map(|(id, _)| match pass.kept.get(id) {
                    Some(memory) => memory.sequence(),
                    None => unreachable!("a plan has memories in front of their readers"),
                });
                let x = x.sequence();
                let watch = watch.take();
                Signal::Sequence(attention.forward(x, memory, options, &node.name, pass, watch))
            }
            other => unreachable!("no tensor form of {other:?}"),
        }
    }

    fn dense(&self, node: &Node, x: Signal, layer: kernel::Dense) -> Signal {
        let Some(Parameters::Dense(dense)) = self.of(node.id) else {
            missing(node)
        };
        each!(x, x => dense.forward_then(x, node.weight, layer))
    }

    fn batch_norm(&self, node: &Node, x: Signal, pass: &Pass, behind: &mut Behind) -> Signal {
        let (
            Op::BatchNorm {
                momentum,
                epsilon,
                eval_statistics,
                ..
            },
            Some(Parameters::BatchNorm(norm)),
        ) = (&node.op, self.of(node.id))
        else {
            missing(node)
        };
        let options = BatchNormOptions {
            momentum: *momentum,
            epsilon: *epsilon,
            eval_statistics: *eval_statistics,
        };
        let mode = pass.mode;
        match x {
            Signal::Flat(x) => Signal::Flat(norm.forward_along(x, 1, options, mode, behind)),
            Signal::Image(x) => Signal::Image(norm.forward_along(x, 1, options, mode, behind)),
            Signal::Sequence(x) => {
                Signal::Sequence(norm.forward_along(x, 2, options, mode, behind))
            }
        }
    }

    fn group_norm(
        &self,
        node: &Node,
        x: Signal,
        groups: usize,
        epsilon: f64,
        watch: &mut Option<Watch>,
    ) -> Signal {
        let Some(Parameters::GroupNorm(norm)) = self.of(node.id) else {
            missing(node)
        };
        match x {
            Signal::Flat(x) => Signal::Flat(norm.forward_seen(x, groups, epsilon, watch.take())),
            Signal::Image(x) => Signal::Image(norm.forward_seen(x, groups, epsilon, watch.take())),
            // The units come last in a sequence; what the probe sees is the sequence.
            Signal::Sequence(x) => {
                let y = norm.forward(x.swap_dims(1, 2), groups, epsilon);
                Signal::Sequence(y.swap_dims(1, 2))
            }
        }
    }

    fn vectors(&self, node: &Node) -> &Vectors {
        match self.of(node.id) {
            Some(Parameters::Vectors(vectors)) => vectors,
            _ => missing(node),
        }
    }

    fn of(&self, node: NodeId) -> Option<&Parameters> {
        self.slots[node].map(|slot| &self.parameters[slot].1)
    }
}

fn missing(node: &Node) -> ! {
    unreachable!("{} was built without its parameters", node.name)
}
