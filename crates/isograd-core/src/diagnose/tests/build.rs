//! Networks and traces written by hand.
#![allow(clippy::unwrap_used)]

use crate::describe::train::OptimizerKind;
use crate::describe::{DataShape, Description, Document, Node, Op, Plan, Shape, Task};
use crate::diagnose::{Diagnosis, Examination, Finding, diagnose};
use crate::predict::Prediction;
use crate::trace::{
    Network, Quantity, Record, RecordKind, Role, Site, Trace, Validation, quantity::Row,
};
use isograd_theory::Activation;
use std::path::Path;
use std::sync::Arc;

/// Plain gradient descent.
pub(super) const SGD: OptimizerKind = OptimizerKind::Sgd {
    momentum: 0.0,
    nesterov: false,
};

/// A network and what was measured of it.
pub(super) struct Net {
    pub document: Document,
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

impl Net {
    /// `hidden` layers of this kind and a dense one with ten outputs, with cross-entropy and Adam.
    pub(super) fn new(hidden: usize, width: usize, body: Body) -> Self {
        let layers = match body {
            Body::Plain(a) => format!("{{ dense = {width} }}, \"{}\"", a.name()),
            Body::BatchNorm(a) => {
                format!("{{ dense = {width} }}, \"batch_norm\", \"{}\"", a.name())
            }
            Body::Residual(a) => format!(
                "{{ residual = {{ layers = [ {{ dense = {width} }}, \"batch_norm\", \"{}\" ] }} }}",
                a.name()
            ),
        };
        let body = match hidden {
            0 => String::new(),
            n => format!("{{ repeat = {n}, layers = [ {layers} ] }},"),
        };
        Self::of(
            &format!(
                r#"
[data]
source = "blobs"
scale = "standard"

[network]
layers = [ {body} {{ dense = "classes" }} ]

[train]
loss = "cross_entropy"
optimizer = {{ name = "adam", lr = 1e-3 }}
epochs = 1
"#
            ),
            width,
        )
    }

    /// The network of a text, with so many inputs and ten classes.
    pub(super) fn of(text: &str, inputs: usize) -> Self {
        let document = Document::parse(text, Path::new("hand.toml")).unwrap();
        let data = DataShape {
            input: Shape::Flat(inputs),
            task: Task::Classification { classes: 10 },
            examples: 10_000,
        };
        let plan = document.plan(&data).unwrap();
        let site = |node: &Node| Site {
            name: node.name.clone(),
            kind: node
                .name
                .trim_end_matches(|c: char| c.is_ascii_digit())
                .to_owned(),
            node: node.id,
            role: Role::Output,
            elements: node.output.elements(),
            units: node.output.units(),
        };
        let mut trace = Trace::default();
        for node in &plan.nodes {
            trace.sites.push(site(node));
            if let Op::Residual { .. } = node.op {
                let name = format!("{}.branch", node.name);
                trace.sites.push(Site {
                    name,
                    role: Role::Branch,
                    ..site(node)
                });
            }
        }
        Self {
            description: document.description.clone(),
            document,
            plan,
            prediction: Prediction::default(),
            trace,
        }
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
            rows: Arc::new(rows),
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
                let rows = Arc::default();
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

/// A loss that stays where a constant prediction has it.
pub(super) fn stuck(step: u64) -> f64 {
    std::f64::consts::LN_10 + noise(step, 0.01)
}

/// A loss that falls.
pub(super) fn falling(step: u64) -> f64 {
    0.4 + 1.9 * (-(step as f64) / 50.0).exp() + noise(step, 0.05)
}

/// A network with the same rows before and after its steps.
pub(super) fn with(
    hidden: usize,
    body: Body,
    loss: fn(u64) -> f64,
    rows: (f64, f64, f64),
    change: impl Fn(&Node, Row) -> Row,
) -> Net {
    let mut net = Net::new(hidden, 64, body);
    let base = chain(&net, rows.0, rows.1, rows.2);
    let fill = |node: &Node, role: Role, row: Row| change(node, base(node, role, row));
    net.probe(0, loss(0), fill);
    net.steps(300, loss, 0.005);
    net.probe(300, loss(300), fill);
    net
}
