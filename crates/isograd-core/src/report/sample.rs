//! Hand-written inputs of reports, for tests.

use super::facts::{DoctorReport, Facts, Overhead, StopWord, Training};
use crate::describe::network::Init;
use crate::describe::patch::PatchAction;
use crate::describe::plan::Layer;
use crate::describe::train::Metric;
use crate::describe::{Node, NodeId, Op, Patch, PatchOp, Plan, Shape, Task};
use crate::diagnose::{Advice, Blame, Diagnosis, Finding, Mechanism, MechanismBlame, Severity};
use crate::heal::{Evaluate, Healing, HealingOutcome, MetricChange, TrialRecord};
use crate::number::Number;
use crate::predict::{NodePrediction, Prediction};
use crate::trace::quantity::Row;
use crate::trace::{
    ClipLedger, Network, Quantity, RangeTest, Record, RecordKind, Trace, Validation, sites,
};
use isograd_theory::Activation;
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;

/// A report's parts.
pub(crate) struct Sample {
    pub(crate) facts: Facts,
    pub(crate) plan: Plan,
    pub(crate) prediction: Prediction,
    pub(crate) trace: Trace,
    pub(crate) diagnosis: Diagnosis,
    pub(crate) training: Training,
}

impl Sample {
    pub(crate) fn report(&self) -> DoctorReport<'_> {
        DoctorReport {
            facts: &self.facts,
            plan: &self.plan,
            prediction: &self.prediction,
            trace: &self.trace,
            diagnosis: &self.diagnosis,
            through_time: &[],
            training: self.training,
            overhead: Some(Overhead {
                probe_seconds: 0.13,
                seconds: 2.1,
            }),
            run: Some(Path::new("runs/deep-sigmoid-1")),
        }
    }
}

/// A chain of `depth` dense layers of 64 units with `activation` and a dense output layer of 2.
fn chain(depth: usize, activation: Activation) -> Plan {
    let mut nodes: Vec<Node> = Vec::new();
    let mut layers = Vec::new();
    let mut add = |name: String, op: Op, input: usize, output: usize| -> NodeId {
        let id = nodes.len();
        nodes.push(Node {
            id,
            name,
            op,
            input: Shape::Flat(input),
            output: Shape::Flat(output),
            path: "network.layers[0]".into(),
            copy: vec![],
            parent: None,
            frozen: false,
            l1: 0.0,
            l2: 0.0,
            weight: crate::describe::WeightForm::Plain,
        });
        id
    };
    for i in 1..=depth + 1 {
        let inputs = if i == 1 { 2 } else { 64 };
        let units = if i > depth { 2 } else { 64 };
        let op = Op::Dense {
            inputs,
            units,
            init: Init::GlorotUniform { gain: 1.0 },
            bias: Some(Init::ZEROS),
        };
        let name = format!("dense{i}");
        let weights = add(name.clone(), op, inputs, units);
        let mut layer = Layer {
            name,
            weights,
            nodes: vec![weights],
            activation: None,
            output: weights,
        };
        if i <= depth {
            let name = format!("{}{i}", activation.name());
            let node = add(name, Op::Activation(activation), units, units);
            layer.nodes.push(node);
            layer.activation = Some(node);
            layer.output = node;
        }
        layers.push(layer);
    }
    Plan {
        chain: (0..nodes.len()).collect(),
        nodes,
        layers,
        input: Shape::Flat(2),
        output: Shape::Flat(2),
        task: Task::Classification { classes: 2 },
        examples: 700,
    }
}

/// Numbers of a chain in which a layer multiplies the gradient by `factor` (`predicted`: by that).
fn measure(plan: &Plan, factor: f64, predicted: f64) -> (Trace, Prediction) {
    let sites = sites(plan);
    let last = plan.layers.len() - 1;
    let mut prediction = Prediction {
        nodes: vec![NodePrediction::default(); plan.nodes.len()],
        slope: Some(-predicted.ln()),
        notes: vec![],
    };
    let mut rows = vec![Row::default(); sites.len()];
    let mut step = rows.clone();
    for (i, layer) in plan.layers.iter().enumerate() {
        let back = (last - i) as f64;
        // A little unevenness, as measured profiles have.
        let wobble = 1.0 + 0.15 * (i as f64 * 2.4).sin();
        for &node in &layer.nodes {
            let share = layer.nodes.len() as f64;
            prediction.nodes[node].gain_db = Some(20.0 * predicted.log10() / share);
        }
        prediction.nodes[layer.output] = NodePrediction {
            second_moment: Some(0.25),
            correlation: Some(0.99),
            gradient: Some(predicted.powf(back)),
            ..prediction.nodes[layer.output]
        };
        let wobble = if i == last { 1.0 } else { wobble };
        rows[layer.output] = Row::default()
            .with(Quantity::Gradient, 0.71 * factor.powf(back) * wobble)
            .with(Quantity::ForwardRms, 0.5 * wobble)
            .with(Quantity::Correlation, 1.0 - 0.5f64.powf(i as f64 + 1.0));
        if let Some(node) = layer.activation {
            rows[node].set(Quantity::SaturatedUnits, 0.02 * i as f64 % 0.1);
        }
        step[layer.weights].set(Quantity::UpdateRatio, 2.3e-3 * wobble);
    }
    let network = |loss| Network {
        loss,
        lr: 1e-3,
        global_norm: 0.2,
        clipped_norm: 0.2,
    };
    let record = |step, kind, loss, rows: Vec<Row>| Record {
        step,
        kind,
        network: network(loss),
        rows: rows.into(),
    };
    let validation = |step, train_loss, loss, metric| Validation {
        step,
        epoch: step as f64 / 6.0,
        train_loss,
        loss,
        metric,
    };
    let trace = Trace {
        sites,
        records: vec![
            record(0, RecordKind::Probe, 0.72, rows),
            record(0, RecordKind::Step, 0.7213, vec![]),
            record(119, RecordKind::Step, 0.6933, step),
        ],
        validations: vec![
            validation(0, f64::NAN, 0.7198, 0.5),
            validation(60, 0.6997, 0.694, 0.497),
            validation(120, 0.6934, 0.6932, 0.5067),
        ],
    };
    (trace, prediction)
}

/// Twelve of 120 steps, one tensor oftener than the other.
pub(crate) fn clipping() -> ClipLedger {
    let mut ledger = ClipLedger::default();
    for step in 0..120 {
        let clipped = step % 10 == 0;
        ledger.enter(if clipped { 4.0 } else { 0.5 }, 0.5, clipped);
        ledger.enter_tensors([("dense1.weight", clipped), ("dense1.bias", step == 0)]);
    }
    ledger
}

/// A loss that falls around a rate of 0.01 and explodes above 1.
pub(crate) fn range_test() -> RangeTest {
    let mut test = RangeTest::default();
    for i in 0..200 {
        let lr = 1e-7 * 1e8f64.powf(f64::from(i) / 199.0);
        test.enter(lr, 0.7 - 0.5 / (1.0 + (0.01 / lr).powi(2)) + lr.powi(4));
        if test.diverged() {
            break;
        }
    }
    test
}

fn facts(file: &str) -> Facts {
    Facts {
        name: "deep-sigmoid".into(),
        file: file.into(),
        data: "circles: 700 training and 300 validation examples, 2 inputs, 2 classes".into(),
        recipe: "cross_entropy, adamw with rate 0.001, batches of 128".into(),
        device: "CPU (Flex)".into(),
        seed: 1,
    }
}

fn training() -> Training {
    Training {
        steps: 120,
        planned: 120,
        seconds: 2.1,
        stopped: StopWord::Finished,
        metric: Metric::Accuracy,
    }
}

fn finding(code: &'static str, severity: Severity, layers: &[String]) -> Finding {
    Finding {
        code,
        severity,
        layers: layers.to_vec(),
        cause: String::new(),
        evidence: Map::new(),
        advice: vec![],
    }
}

/// Thirty sigmoid layers: the gradient vanishes.
pub(crate) fn vanishing() -> Sample {
    let plan = chain(30, Activation::Sigmoid);
    let (trace, prediction) = measure(&plan, 0.25, 0.2361);
    let names: Vec<String> = plan.layers.iter().map(|l| l.name.clone()).collect();
    let activations: Vec<String> = (1..=4).map(|i| format!("sigmoid{i}")).collect();
    let mut vanishing = finding("vanishing-gradient", Severity::Critical, &names[..26]);
    vanishing.cause =
        "from the last hidden layer back to the first the gradient shrinks by 349 dB, \
                       mostly through the derivative of sigmoid"
            .into();
    for (name, value) in [
        ("gradient_first", Number(6.1e-19).into()),
        ("gradient_last", Number(0.18).into()),
        ("ratio_db", Number(-349.4).into()),
        ("limit_db", Number(-26.2).into()),
        ("slope_per_layer", Number(1.386).into()),
        ("ratio_at_end_db", Number(f64::NEG_INFINITY).into()),
        ("hidden_layers", Value::from(30)),
        ("by_layer", Value::Object(Map::new())),
    ] {
        vanishing.evidence.insert(name.into(), value);
    }
    for text in [
        "Replace the sigmoids by tanh with Glorot initialisation, whose derivative at 0 is 1 instead \
         of 0.25",
        "Put a layer normalisation in front of every activation",
        "Add a residual connection around every second layer",
    ] {
        vanishing.advice.push(Advice {
            text: text.into(),
            patch: None,
        });
    }
    let mut saturated = finding("saturated-units", Severity::Warning, &activations);
    saturated.layers.push("dense30".into());
    saturated.cause =
        "in 5 of 30 layers more units are saturated than the initialisation explains".into();
    let blame = |i: usize, excess: f64| Blame {
        layer: format!("sigmoid{i}"),
        node: 2 * i - 1,
        kind: "sigmoid".into(),
        mechanism: Mechanism::Activation,
        db: excess,
        excess_db: excess,
        split: None,
    };
    let mechanism = |mechanism, kind: &str, nodes, db, excess_db, share| MechanismBlame {
        mechanism,
        kind: kind.into(),
        nodes,
        db,
        excess_db,
        share,
    };
    Sample {
        facts: facts("examples/deep-sigmoid.toml"),
        plan,
        prediction,
        trace,
        diagnosis: Diagnosis {
            findings: vec![vanishing, saturated],
            blame: vec![
                blame(7, -12.9),
                blame(12, -12.7),
                blame(3, -12.6),
                blame(30, -0.01),
            ],
            mechanisms: vec![
                mechanism(Mechanism::Activation, "sigmoid", 29, -352.1, -352.1, 0.97),
                mechanism(Mechanism::Weights, "dense", 30, -9.3, -9.3, 0.03),
                mechanism(Mechanism::Other, "flatten", 1, 0.0, 0.0, 0.0),
            ],
            profile_db: Some(-361.4),
        },
        training: training(),
    }
}

/// Six ReLU layers with nothing to find.
pub(crate) fn healthy() -> Sample {
    let plan = chain(6, Activation::Relu);
    let (trace, prediction) = measure(&plan, 0.95, 1.0);
    Sample {
        facts: facts("examples/circles.toml"),
        plan,
        prediction,
        trace,
        diagnosis: Diagnosis {
            profile_db: Some(-2.7),
            ..Diagnosis::default()
        },
        training: Training {
            steps: 300,
            planned: 1_250,
            stopped: StopWord::Limit,
            ..training()
        },
    }
}

/// A hundred layers in which the gradient grows until it is no longer finite, with a long name.
pub(crate) fn exploding() -> Sample {
    let mut plan = chain(100, Activation::Relu);
    plan.layers[0].name = "the_first_layer_of_the_network_with_a_long_name".into();
    let (mut trace, mut prediction) = measure(&plan, 2.4, 2.5);
    for (i, layer) in plan.layers.iter().enumerate() {
        if i < 4 {
            let rows = Arc::make_mut(&mut trace.records[0].rows);
            rows[layer.output].set(Quantity::Gradient, f64::INFINITY);
        }
    }
    prediction.nodes[1].gradient = None;
    prediction.notes = vec!["the theory does not reach behind flatten1".into()];
    let names: Vec<String> = plan.layers.iter().map(|l| l.name.clone()).collect();
    let mut found = finding("exploding-gradient", Severity::Critical, &names);
    found.cause = "the gradient grows by 760 dB on its way back".into();
    Sample {
        facts: facts("examples/exploding.toml"),
        plan,
        prediction,
        trace,
        diagnosis: Diagnosis {
            findings: vec![found],
            profile_db: Some(f64::INFINITY),
            ..Diagnosis::default()
        },
        training: Training {
            steps: 7,
            stopped: StopWord::NonFinite,
            ..training()
        },
    }
}

/// A healing that worked.
pub(crate) fn healed() -> Healing {
    let patch = Patch(vec![PatchOp {
        op: PatchAction::Set,
        path: "network.layers[0].layers[1]".into(),
        from: "sigmoid".into(),
        to: "tanh".into(),
    }]);
    let trial = |remedy: &str, seed, budget, evaluate, value| TrialRecord {
        remedy: remedy.into(),
        patch: if remedy == "control" {
            Patch::default()
        } else {
            patch.clone()
        },
        seed,
        budget,
        evaluate,
        metric: "accuracy",
        value,
        loss: 0.2,
        train_loss: 0.19,
        steps: 60,
        seconds: 1.0,
    };
    let tanh = "tanh with Glorot initialisation";
    let norm =
        "a layer normalisation in front of every activation, and a name that goes on for long";
    let (choice, verdict) = (Evaluate::Choice, Evaluate::Verdict);
    Healing {
        outcome: HealingOutcome::Healed,
        reason: "accuracy 0.5067 → 0.9911 on validation rows, better with each of 3 fresh seeds".into(),
        trials: vec![
            trial("control", 2, 0.25, choice, 0.49),
            trial(tanh, 2, 0.25, choice, 0.97),
            trial(norm, 2, 0.25, choice, f64::NAN),
            trial(tanh, 3, 0.25, choice, 0.95),
            trial("control", 1001, 1.0, verdict, 0.5067),
            trial(tanh, 1001, 1.0, verdict, 0.9911),
        ],
        accepted: Some(patch),
        remedy: Some(tanh.into()),
        edits: 2,
        metric: Some(MetricChange {
            name: "accuracy",
            before: 0.5067,
            after: 0.9911,
            effect: 0.4844,
            interval: [0.44, 0.52],
            by_seed: vec![0.48, 0.49, 0.483],
            constant: Some(0.5),
        }),
        description: "seed = 1\n".into(),
        diff: "@@ -9,3 +9,3 @@\n   { repeat = 30, layers = [\n-    { dense = 64 }, \"sigmoid\",\n+    { dense \
               = 64 }, \"tanh\",\n   ] },\n"
            .into(),
        changes: vec!["the activation of 30 layers becomes tanh (was sigmoid)".into()],
        cost: 3.0,
    }
}

/// A healing that found nothing better.
pub(crate) fn not_healed() -> Healing {
    Healing {
        outcome: HealingOutcome::NotHealed,
        reason: "rolled back: the gain's 95 % interval [-0.0100, 0.0200] holds 0".into(),
        accepted: None,
        remedy: None,
        edits: 0,
        metric: None,
        diff: String::new(),
        changes: vec![],
        ..healed()
    }
}
