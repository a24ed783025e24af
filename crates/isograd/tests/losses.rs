//! Every loss of the reference table against PyTorch's (`reference/losses.py`), through the one dense
//! block before it.

#![allow(clippy::unwrap_used, missing_docs)]

use burn::tensor::activation::{sigmoid, softmax};
use burn::tensor::{DType, Device, Tensor, TensorData};
use isograd::data::Targets;
use isograd::train::loss::{Loss, resolve_output};
use isograd_core::describe::data::TargetKind;
use isograd_core::describe::train::LossKind;
use isograd_core::describe::{DataShape, Document, Op, Shape, Task};
use serde_json::Value;
use std::path::Path;

/// Of the largest number of a tensor. Targets are kept in single precision, which rounds the three
/// decimals of the reference by up to 6e-8.
const TOLERANCES: [(&str, DType, f64); 2] = [("f32", DType::F32, 1e-5), ("f64", DType::F64, 1e-7)];

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

fn apart(a: &TensorData, b: &Value) -> f64 {
    let (a, b): (Vec<f64>, _) = (a.iter().collect(), numbers(b));
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(0.0f64, |m, b| m.max(b.abs()));
    let difference = a
        .iter()
        .zip(&b)
        .fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
    if difference == 0.0 {
        0.0
    } else {
        difference / largest
    }
}

#[test]
fn losses_and_their_gradients_are_those_of_pytorch() {
    let document: Value = serde_json::from_str(include_str!("reference/losses.json")).unwrap();
    let cases = document["cases"].as_array().unwrap();
    assert!(cases.len() >= 21, "only {} cases", cases.len());
    let mut failures = Vec::new();
    for case in cases {
        let text = case["description"].as_str().unwrap();
        let parsed = Document::parse(text, Path::new("case.toml"));
        let parsed = parsed.unwrap_or_else(|e| panic!("{text}{e}"));
        let spec = &parsed.description.train.loss;

        let by_class = spec.kind == LossKind::CrossEntropy;
        let target_shape = shape(&case["targets"]);
        let values = numbers(&case["targets"]["values"]);
        let outputs = shape(&case["parameters"]["dense1.weight"])[0];
        let inputs = shape(&case["inputs"])[1];
        let (task, target, targets) = if by_class {
            let labels = values.iter().map(|&x| x as u32).collect();
            let task = Task::Classification { classes: outputs };
            (task, TargetKind::Index, Targets::Index(labels))
        } else {
            let width = target_shape[1];
            let values = values.iter().map(|&x| x as f32).collect();
            let task = Task::Regression { targets: width };
            (task, TargetKind::Real, Targets::Real { values, width })
        };
        let data = DataShape {
            input: Shape::Flat(inputs),
            task,
            examples: target_shape[0],
        };
        let plan = parsed.plan(&data).unwrap();
        let last = plan.chain.last().map(|&id| &plan.nodes[id].op);
        let loss = Loss::new(spec, resolve_output(spec.on, last), outputs, task, target).unwrap();

        for (precision, dtype, tolerance) in TOLERANCES {
            let device = Device::flex().autodiff();
            let read = |tensor: &Value| -> Tensor<2> {
                let mut shape = shape(tensor);
                if shape.len() == 1 {
                    shape.insert(0, 1);
                }
                let data = TensorData::new(numbers(&tensor["values"]), shape);
                Tensor::from_data(data, (&device, dtype)).require_grad()
            };
            let x = read(&case["inputs"]);
            let weight = read(&case["parameters"]["dense1.weight"]);
            let bias = read(&case["parameters"]["dense1.bias"]);
            let h = x.clone().matmul(weight.clone().transpose()) + bias.clone();
            let output = match last {
                Some(Op::Softmax { .. }) => softmax(h, 1),
                Some(Op::Activation(_)) => sigmoid(h),
                _ => h,
            };
            let value = loss.evaluate(output.clone(), &targets).value;
            let gradients = value.backward();
            let expected = &case[precision];
            let given = &expected["gradients"];
            for (what, got, wanted) in [
                ("output", output.inner().into_data(), &expected["output"]),
                ("loss", value.inner().into_data(), &expected["loss"]),
                (
                    "inputs",
                    x.grad(&gradients).unwrap().into_data(),
                    &expected["input_gradient"],
                ),
                (
                    "weight",
                    weight.grad(&gradients).unwrap().into_data(),
                    &given["dense1.weight"],
                ),
                (
                    "bias",
                    bias.grad(&gradients).unwrap().into_data(),
                    &given["dense1.bias"],
                ),
            ] {
                let error = apart(&got, wanted);
                if error > tolerance {
                    failures.push(format!(
                        "{} {precision}: {what} off by {error:e}",
                        case["name"]
                    ));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
