//! Networks and traces written by hand.

use crate::describe::data::{DataSpec, Generated, HeldOut, PartSpec, Scale, Source, TargetScale};
use crate::describe::network::{Block, BlockKind, Init, NetworkSpec, Shortcut, Units};
use crate::describe::plan::Layer;
use crate::describe::train::{
    ClipSpec, LossKind, LossSpec, OptimizerKind, OptimizerSpec, Reduction,
};
use crate::describe::{Description, Node, NodeId, Op, Plan, Shape, TrainSpec};
use crate::diagnose::{Diagnosis, Examination, Finding, diagnose};
use crate::predict::Prediction;
use crate::trace::{
    Network, Quantity, Record, RecordKind, Role, Site, Trace, Validation, quantity::Row,
};
use isograd_theory::Activation;

/// Adam as the description has it by default.
pub(super) const ADAM: OptimizerKind = OptimizerKind::Adam {
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
};

/// Plain gradient descent.
pub(super) const SGD: OptimizerKind = OptimizerKind::Sgd {
    momentum: 0.0,
    nesterov: false,
    weight_decay: 0.0,
};

/// A network and what was measured of it.
pub(super) struct Net {
    pub description: Description,
    pub plan: Plan,
    pub prediction: Prediction,
    pub trace: Trace,
}

/// What a layer of the body is made of.
#[derive(Clone, Copy)]
pub(super) enum Body {
    Plain(Activation),
    BatchNorm(Activation),
    Residual(Activation),
}

fn block(kind: BlockKind, path: &str) -> Block {
    Block {
        kind,
        name: None,
        frozen: false,
        init: None,
        bias_init: None,
        l1: 0.0,
        l2: 0.0,
        path: path.to_owned(),
        span: 0..0,
    }
}

fn dense(units: Units, path: &str) -> Block {
    block(BlockKind::Dense { units, bias: true }, path)
}

impl Net {
    /// `{ repeat = hidden, layers = [dense, activation] }, dense 10`, with cross-entropy and Adam.
    pub(super) fn new(hidden: usize, width: usize, body: Body) -> Self {
        let inside = "network.layers[0].layers";
        let activation = match body {
            Body::Plain(a) | Body::BatchNorm(a) | Body::Residual(a) => a,
        };
        let path = |i: usize| match body {
            Body::Residual(_) => format!("{inside}[0].layers[{i}]"),
            _ => format!("{inside}[{i}]"),
        };
        let norm = BlockKind::BatchNorm {
            momentum: 0.9,
            epsilon: 1e-5,
            eval_statistics: crate::describe::network::EvalStatistics::Running,
        };
        let mut layers = vec![dense(Units::Count(width), &path(0))];
        if !matches!(body, Body::Plain(_)) {
            layers.push(block(norm, &path(1)));
        }
        layers.push(block(
            BlockKind::Activation(activation),
            &path(layers.len()),
        ));
        if let Body::Residual(_) = body {
            let kind = BlockKind::Residual {
                layers,
                shortcut: Shortcut::Auto,
            };
            layers = vec![block(kind, &format!("{inside}[0]"))];
        }
        let description = Description {
            name: "written by hand".to_owned(),
            seed: 1,
            data: data(),
            network: NetworkSpec {
                init: Init::GlorotUniform { gain: 1.0 },
                bias_init: Init::ZEROS,
                layers: vec![
                    block(
                        BlockKind::Repeat {
                            count: hidden,
                            layers,
                        },
                        "network.layers[0]",
                    ),
                    dense(Units::Outputs, "network.layers[1]"),
                ],
            },
            train: train(),
        };
        let mut net = Self {
            description,
            plan: plan(width),
            prediction: Prediction::default(),
            trace: Trace::default(),
        };
        for i in 1..=hidden {
            net.layer(i, width, body, &path);
        }
        let shape = Op::Dense {
            inputs: width,
            units: 10,
            init: Init::GlorotUniform { gain: 1.0 },
            bias: Some(Init::ZEROS),
        };
        let id = net.node(
            format!("dense{}", hidden + 1),
            shape,
            10,
            "network.layers[1]".to_owned(),
        );
        net.plan.chain.push(id);
        net.plan.layers.push(Layer {
            name: net.plan.nodes[id].name.clone(),
            weights: id,
            nodes: vec![id],
            activation: None,
            output: id,
        });
        net
    }

    fn layer(&mut self, i: usize, width: usize, body: Body, path: &impl Fn(usize) -> String) {
        let activation = match body {
            Body::Plain(a) | Body::BatchNorm(a) | Body::Residual(a) => a,
        };
        let weights = Op::Dense {
            inputs: width,
            units: width,
            init: Init::GlorotUniform { gain: 1.0 },
            bias: Some(Init::ZEROS),
        };
        let dense = self.node(format!("dense{i}"), weights, width, path(0));
        let mut nodes = vec![dense];
        if !matches!(body, Body::Plain(_)) {
            let norm = Op::BatchNorm {
                units: width,
                momentum: 0.9,
                epsilon: 1e-5,
                eval_statistics: crate::describe::network::EvalStatistics::Running,
            };
            nodes.push(self.node(format!("batch_norm{i}"), norm, width, path(1)));
        }
        let kind = if activation == Activation::Relu {
            "relu"
        } else {
            activation_word(activation)
        };
        let last = self.node(
            format!("{kind}{i}"),
            Op::Activation(activation),
            width,
            path(nodes.len()),
        );
        nodes.push(last);
        if let Body::Residual(_) = body {
            let op = Op::Residual {
                body: nodes.clone(),
                projection: None,
            };
            let residual = self.node(
                format!("residual{i}"),
                op,
                width,
                "network.layers[0].layers[0]".to_owned(),
            );
            for &n in &nodes {
                self.plan.nodes[n].parent = Some(residual);
            }
            let branch = Site {
                name: format!("residual{i}.branch"),
                role: Role::Branch,
                ..self.trace.sites[self.trace.sites.len() - 1].clone()
            };
            self.trace.sites.push(branch);
            self.plan.chain.push(residual);
        } else {
            self.plan.chain.extend(&nodes);
        }
        let output = nodes[nodes.len() - 1];
        self.plan.layers.push(Layer {
            name: self.plan.nodes[dense].name.clone(),
            weights: dense,
            nodes,
            activation: Some(last),
            output,
        });
    }

    fn node(&mut self, name: String, op: Op, width: usize, path: String) -> NodeId {
        let id = self.plan.nodes.len();
        let kind = name
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .to_owned();
        self.trace.sites.push(Site {
            name: name.clone(),
            kind,
            node: id,
            role: Role::Output,
            elements: width,
            units: width,
        });
        self.plan.nodes.push(Node {
            id,
            name,
            op,
            input: self.plan.input,
            output: Shape::Flat(width),
            path,
            copy: Vec::new(),
            parent: None,
            frozen: false,
            l1: 0.0,
            l2: 0.0,
        });
        id
    }

    /// A probe after `step` steps whose rows are made from the node (or its `.branch`) by `fill`.
    pub(super) fn probe(&mut self, step: u64, loss: f64, fill: impl Fn(&Node, Role, Row) -> Row) {
        self.record(RecordKind::Probe, step, loss, fill);
    }

    /// Any record.
    pub(super) fn record(
        &mut self,
        kind: RecordKind,
        step: u64,
        loss: f64,
        fill: impl Fn(&Node, Role, Row) -> Row,
    ) {
        let rows = self
            .trace
            .sites
            .iter()
            .map(|s| fill(&self.plan.nodes[s.node], s.role, Row::default()))
            .collect();
        let network = Network {
            loss,
            lr: 1e-3,
            global_norm: 1.0,
            clipped_norm: 1.0,
        };
        self.trace.records.push(Record {
            step,
            kind,
            network,
            rows,
        });
    }

    /// `count` training steps with this loss; every tenth has the update ratio of every layer.
    pub(super) fn steps(&mut self, count: u64, loss: impl Fn(u64) -> f64, ratio: f64) {
        for step in 0..count {
            let value = loss(step);
            if step % 10 == 0 {
                self.record(RecordKind::Step, step, value, |node, _, row| {
                    match node.op {
                        Op::Dense { .. } => row.with(Quantity::UpdateRatio, ratio),
                        _ => row,
                    }
                });
            } else {
                let network = Network {
                    loss: value,
                    lr: 1e-3,
                    global_norm: 1.0,
                    clipped_norm: 1.0,
                };
                let rows = Vec::new();
                self.trace.records.push(Record {
                    step,
                    kind: RecordKind::Step,
                    network,
                    rows,
                });
            }
        }
    }

    /// Says how long an epoch was.
    pub(super) fn validated(&mut self, step: u64, epoch: f64) {
        self.trace.validations.push(Validation {
            step,
            epoch,
            train_loss: f64::NAN,
            loss: 2.3,
            metric: 0.1,
        });
    }

    pub(super) fn diagnose(&self) -> Diagnosis {
        diagnose(&Examination {
            description: &self.description,
            plan: &self.plan,
            prediction: &self.prediction,
            trace: &self.trace,
        })
    }

    pub(super) fn finding(&self, code: &str) -> Option<Finding> {
        self.diagnose()
            .findings
            .into_iter()
            .find(|f| f.code == code)
    }
}

/// Rows of a chain in which every node with weights changes G by `weights` dB and every activation by
/// `activation` dB on the way back, and the forward RMS by `forward` dB a layer.
pub(super) fn chain(
    net: &Net,
    weights: f64,
    activation: f64,
    forward: f64,
) -> impl Fn(&Node, Role, Row) -> Row + use<> {
    let mut gradient = vec![1.0; net.plan.nodes.len()];
    let mut db = 0.0;
    for node in net.plan.nodes.iter().rev() {
        gradient[node.id] = 10_f64.powf(db / 20.0);
        db += match node.op {
            Op::Dense { .. } => weights,
            Op::Activation(_) => activation,
            _ => 0.0,
        };
    }
    let rms: Vec<f64> = net
        .plan
        .nodes
        .iter()
        .scan(0.0, |db, node| {
            *db += if matches!(node.op, Op::Dense { .. }) {
                forward
            } else {
                0.0
            };
            Some(10_f64.powf(*db / 20.0))
        })
        .collect();
    move |node, _, row| {
        let row = row
            .with(Quantity::Gradient, gradient[node.id])
            .with(Quantity::ForwardRms, rms[node.id])
            .with(Quantity::ForwardMean, 0.0)
            .with(Quantity::Examples, 2048.0);
        match node.op {
            // What these weights must have as a norm to have this gain.
            Op::Dense { units, .. } => row.with(
                Quantity::WeightInitNorm,
                10_f64.powf(weights / 20.0) * (units as f64).sqrt(),
            ),
            _ => row,
        }
    }
}

/// Small reproducible noise around 0, of standard deviation about `size`.
pub(super) fn noise(step: u64, size: f64) -> f64 {
    let x = (step as f64 * 12.9898).sin() * 43_758.545_3;
    (x - x.floor() - 0.5) * size * 12_f64.sqrt()
}

fn activation_word(a: Activation) -> &'static str {
    crate::diagnose::slopes::word(a)
}

fn plan(width: usize) -> Plan {
    Plan {
        nodes: Vec::new(),
        chain: Vec::new(),
        layers: Vec::new(),
        input: Shape::Flat(width),
        output: Shape::Flat(10),
    }
}

fn data() -> DataSpec {
    DataSpec {
        source: Source::Circles(Generated {
            samples: 1000,
            noise: 0.1,
            classes: 2,
            length: 0,
        }),
        train: PartSpec::default(),
        valid: HeldOut::Fraction(0.3),
        test: HeldOut::None,
        target: None,
        outputs: None,
        shape: None,
        scale: Scale::Standard,
        target_scale: TargetScale::None,
        augment: Vec::new(),
        shuffle: true,
    }
}

fn train() -> TrainSpec {
    TrainSpec {
        loss: LossSpec {
            kind: LossKind::CrossEntropy,
            on: None,
            clip: 1e-7,
            renormalise: false,
            reduction: Reduction::Mean,
            over_outputs: Reduction::Mean,
            over_classes: Reduction::Sum,
            sum_over_batch: false,
            pairwise: false,
            factor: 1.0,
        },
        optimizer: OptimizerSpec {
            kind: ADAM,
            lr: 1e-3,
            decay: 0.0,
            gradient_sign: 1.0,
        },
        batch: 128,
        epochs: 1,
        steps: None,
        clip: ClipSpec::default(),
        metric: None,
    }
}
