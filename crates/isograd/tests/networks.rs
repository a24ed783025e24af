//! Every network of the reference table against PyTorch's (`reference/networks.py`): output, loss,
//! the gradient of every parameter and of the input, running statistics.

#![allow(clippy::unwrap_used, missing_docs)]

use burn::module::{Param, RunningState};
use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use isograd::data::Targets;
use isograd::nn::{Build, Network, Parameters, Pass};
use isograd::train::loss::{Loss, resolve_output};
use isograd_core::describe::data::TargetKind;
use isograd_core::describe::train::LossKind;
use isograd_core::describe::{DataShape, Document, Op, Shape, Task};
use serde_json::Value;
use std::path::Path;

const TABLES: [(&str, &str); 6] = [
    ("activations", include_str!("reference/activations.json")),
    ("convolution", include_str!("reference/convolution.json")),
    ("pooling", include_str!("reference/pooling.json")),
    (
        "normalisation",
        include_str!("reference/normalisation.json"),
    ),
    ("composition", include_str!("reference/composition.json")),
    ("losses", include_str!("reference/losses.json")),
];

/// Largest allowed max|a − b| ÷ max|b|. Targets are kept in single precision, which rounds the three
/// decimals of the reference by up to 6e-8, in double precision too.
const TOLERANCES: [(&str, DType, f64); 2] = [("f32", DType::F32, 1e-4), ("f64", DType::F64, 1e-6)];

/// A gradient below this share of the network's largest is compared with the largest: that of a bias
/// before a batch normalisation is zero but for rounding.
const ROUNDING: f64 = 1e-6;

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(list) => list.iter().map(|x| x.as_f64().unwrap()).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

fn shape(tensor: &Value) -> Vec<usize> {
    let shape = tensor["shape"].as_array().unwrap();
    shape.iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m, x| m.max(x.abs()))
}

/// Reads tensors of a case in one precision.
#[derive(Clone, Copy)]
struct Reader<'a> {
    case: &'a Value,
    device: &'a Device,
    dtype: DType,
}

impl Reader<'_> {
    fn tensor<const D: usize>(self, table: &str, name: &str) -> Tensor<D> {
        let tensor = &self.case[table][name];
        let values = numbers(&tensor["values"]);
        // Layer normalisation keeps one number a feature, whatever the shape of an example.
        let shape = if D == 1 {
            vec![values.len()]
        } else {
            shape(tensor)
        };
        Tensor::from_data(TensorData::new(values, shape), (self.device, self.dtype))
    }

    fn parameter<const D: usize>(self, name: &str) -> Param<Tensor<D>> {
        Param::from_tensor(self.tensor("parameters", name)).set_require_grad(true)
    }

    fn statistics(self, name: &str) -> RunningState<Tensor<1>> {
        RunningState::new(self.tensor("buffers", name))
    }

    /// Puts the case's parameters into a network.
    fn fill(self, network: &mut Network) {
        let frame = network.frame.clone();
        for (id, parameters) in &mut network.parameters {
            let node = &frame.plan.nodes[*id].name;
            let (weight, bias) = (format!("{node}.weight"), format!("{node}.bias"));
            match parameters {
                Parameters::Dense(p) => {
                    // PyTorch's weights are outputs × inputs.
                    let transposed = self.tensor::<2>("parameters", &weight).transpose();
                    p.weight = Param::from_tensor(transposed).set_require_grad(true);
                    p.bias = p.bias.as_ref().map(|_| self.parameter(&bias));
                }
                Parameters::Conv2d(p) => {
                    // A shortcut's projection is a matrix or a kernel of 1×1.
                    p.weight = self.parameter(&weight);
                    p.bias = p.bias.as_ref().map(|_| self.parameter(&bias));
                }
                Parameters::BatchNorm(p) => {
                    p.gamma = self.parameter(&weight);
                    p.beta = self.parameter(&bias);
                    p.running_mean = self.statistics(&format!("{node}.running_mean"));
                    p.running_var = self.statistics(&format!("{node}.running_var"));
                }
                Parameters::LayerNorm(p) => {
                    p.gamma = self.parameter(&weight);
                    p.beta = self.parameter(&bias);
                }
            }
        }
    }
}

fn list<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter().collect()
}

/// Gradients by PyTorch's name and in PyTorch's layout.
fn gradients(network: &Network, all: &Gradients) -> Vec<(String, Vec<f64>)> {
    let mut found = Vec::new();
    for (id, parameters) in &network.parameters {
        let node = &network.plan().nodes[*id].name;
        let mut add = |what: &str, values| found.push((format!("{node}.{what}"), values));
        match parameters {
            Parameters::Dense(p) => {
                add(
                    "weight",
                    list(p.weight.val().grad(all).unwrap().transpose()),
                );
                if let Some(bias) = &p.bias {
                    add("bias", list(bias.val().grad(all).unwrap()));
                }
            }
            Parameters::Conv2d(p) => {
                add("weight", list(p.weight.val().grad(all).unwrap()));
                if let Some(bias) = &p.bias {
                    add("bias", list(bias.val().grad(all).unwrap()));
                }
            }
            Parameters::BatchNorm(p) => {
                add("weight", list(p.gamma.val().grad(all).unwrap()));
                add("bias", list(p.beta.val().grad(all).unwrap()));
            }
            Parameters::LayerNorm(p) => {
                add("weight", list(p.gamma.val().grad(all).unwrap()));
                add("bias", list(p.beta.val().grad(all).unwrap()));
            }
        }
    }
    found
}

/// What the targets of a case are to its loss.
fn targets(case: &Value, kind: LossKind, outputs: usize) -> (Task, TargetKind, Targets) {
    let values = numbers(&case["targets"]["values"]);
    if kind == LossKind::CrossEntropy {
        let labels = values.iter().map(|&x| x as u32).collect();
        let task = Task::Classification { classes: outputs };
        return (task, TargetKind::Index, Targets::Index(labels));
    }
    let width = shape(&case["targets"])[1];
    let values = values.iter().map(|&x| x as f32).collect();
    (
        Task::Regression { targets: width },
        TargetKind::Real,
        Targets::Real { values, width },
    )
}

/// Runs a case in one precision and says what is off.
fn compare(case: &Value, precision: &str, dtype: DType, tolerance: f64) -> Vec<String> {
    let expected = &case[precision];
    let text = case["description"].as_str().unwrap();
    let parsed = Document::parse(text, Path::new("case.toml"));
    let parsed = parsed.unwrap_or_else(|e| panic!("{text}{e}"));
    let spec = &parsed.description.train.loss;
    let input = shape(&case["inputs"]);
    let outputs = numbers(&expected["output"]).len() / input[0];
    let (task, target, targets) = targets(case, spec.kind, outputs);
    let data = DataShape {
        input: match input[1..] {
            [features] => Shape::Flat(features),
            [channels, height, width] => Shape::Image {
                channels,
                height,
                width,
            },
            ref other => panic!("{other:?}"),
        },
        task,
        examples: input[0],
    };
    let plan = parsed.plan(&data).unwrap_or_else(|e| panic!("{text}{e}"));
    let last = plan.chain.last().map(|&id| &plan.nodes[id].op);
    let loss = Loss::new(spec, resolve_output(spec.on, last), outputs, task, target).unwrap();

    let device = Device::flex().autodiff();
    let reader = Reader {
        case,
        device: &device,
        dtype,
    };
    let build = Build {
        dtype,
        ..Build::new(1, device.clone())
    };
    let mut network = build.network(&plan);
    reader.fill(&mut network);
    let rows = TensorData::new(
        numbers(&case["inputs"]["values"]),
        [input[0], data.input.elements()],
    );
    let x = Tensor::<2>::from_data(rows, (&device, dtype)).require_grad();
    let pass = if case["mode"] == "train" {
        Pass::train(1, 0)
    } else {
        Pass::evaluate()
    };
    let output = network.forward(x.clone(), &pass);
    let value = loss.evaluate(output.clone(), &targets).value;
    let all = value.backward();

    let mut results = vec![
        (
            "output".to_owned(),
            list(output.inner()),
            numbers(&expected["output"]),
        ),
        (
            "loss".to_owned(),
            list(value.inner()),
            numbers(&expected["loss"]),
        ),
    ];
    for (id, parameters) in &network.parameters {
        let Parameters::BatchNorm(p) = parameters else {
            continue;
        };
        let node = &plan.nodes[*id].name;
        let after = &expected["buffers_after"];
        let mean = format!("{node}.running_mean");
        if after[&mean].is_array() {
            results.push((
                mean.clone(),
                list(p.running_mean.value_sync()),
                numbers(&after[&mean]),
            ));
            let var = format!("{node}.running_var_unbiased");
            results.push((
                var.clone(),
                list(p.running_var.value_sync()),
                numbers(&after[&var]),
            ));
        }
    }
    let mut failures = Vec::new();
    let mut judge = |what: &str, got: &[f64], wanted: &[f64], floor: f64| {
        let scale = largest(wanted);
        let scale = if scale < ROUNDING * floor {
            floor
        } else {
            scale
        };
        let differences: Vec<f64> = got.iter().zip(wanted).map(|(a, b)| a - b).collect();
        let error = largest(&differences) / scale;
        // A NaN is an error too.
        if got.len() != wanted.len() || (error > tolerance || error.is_nan()) && scale > 0.0 {
            let name = case["name"].as_str().unwrap();
            failures.push(format!("{name} {precision}: {what} off by {error:.1e}"));
        }
    };
    for (what, got, wanted) in &results {
        judge(what, got, wanted, 0.0);
    }
    let given = expected["gradients"].as_object().unwrap();
    let mut got = gradients(&network, &all);
    assert_eq!(got.len(), given.len(), "{}: parameters", case["name"]);
    got.push(("input".to_owned(), list(x.grad(&all).unwrap())));
    let wanted = |name: &str| numbers(given.get(name).unwrap_or(&expected["input_gradient"]));
    let floor = got
        .iter()
        .fold(0.0, |m: f64, (name, _)| m.max(largest(&wanted(name))));
    for (name, values) in &got {
        judge(&format!("gradient of {name}"), values, &wanted(name), floor);
    }
    failures
}

#[test]
fn networks_and_their_gradients_are_those_of_pytorch() {
    let mut failures = Vec::new();
    let mut compared = 0;
    for (table, text) in TABLES {
        let document: Value = serde_json::from_str(text).unwrap();
        let cases = document["cases"].as_array().unwrap();
        assert!(!cases.is_empty(), "{table}");
        for case in cases {
            for (precision, dtype, tolerance) in TOLERANCES {
                if case[precision].is_object() {
                    compared += 1;
                    failures.extend(compare(case, precision, dtype, tolerance));
                }
            }
        }
    }
    assert!(compared > 100, "only {compared} comparisons");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_comparison_can_fail() {
    let mut document: Value = serde_json::from_str(TABLES[4].1).unwrap();
    let case = &mut document["cases"][0];
    assert!(compare(case, "f32", DType::F32, 1e-4).is_empty());
    let first = &mut case["f32"]["gradients"]["dense1.weight"][0];
    *first = Value::from(first.as_f64().unwrap() + 0.01);
    let failures = compare(case, "f32", DType::F32, 1e-4);
    assert!(
        failures.len() == 1 && failures[0].contains("dense1.weight"),
        "{failures:?}"
    );
}

#[test]
fn a_projection_is_built_where_shapes_differ() {
    let document: Value = serde_json::from_str(TABLES[4].1).unwrap();
    let case = document["cases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["name"] == "residual-image-projection")
        .unwrap();
    let parsed = Document::parse(
        case["description"].as_str().unwrap(),
        Path::new("case.toml"),
    );
    let input = shape(&case["inputs"]);
    let data = DataShape {
        input: Shape::Image {
            channels: input[1],
            height: input[2],
            width: input[3],
        },
        task: Task::Regression { targets: 2 },
        examples: input[0],
    };
    let plan = parsed.unwrap().plan(&data).unwrap();
    let shortcut = plan.node("residual1.shortcut").unwrap();
    assert!(matches!(
        shortcut.op,
        Op::Conv2d {
            kernel: [1, 1],
            stride: [2, 2],
            ..
        }
    ));
}
