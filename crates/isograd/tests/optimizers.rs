//! Twenty steps of every optimiser against PyTorch's (`reference/optimizers.py`).

#![allow(clippy::unwrap_used, missing_docs)]

use burn::tensor::{DType, Device, Tensor, TensorData};
use isograd::optim::{Optimizer, clip};
use isograd_core::describe::Document;
use serde_json::Value;
use std::path::Path;

/// Of the largest number of a parameter.
const TOLERANCES: [(&str, DType, f64); 2] = [("f32", DType::F32, 1e-5), ("f64", DType::F64, 1e-9)];

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap();
    list.iter().map(|x| x.as_f64().unwrap()).collect()
}

/// A JSON object of strings, numbers and booleans as an inline table of TOML.
fn inline(object: &Value) -> String {
    let entries = object.as_object().unwrap().iter();
    let entries: Vec<String> = entries
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    format!("{{ {} }}", entries.join(", "))
}

fn description(case: &Value) -> Document {
    let text = format!(
        "[data]\nsource = \"circles\"\n[network]\nlayers = [{{ dense = 1 }}]\n[train]\nloss = \"mse\"\n\
         optimizer = {}\nclip = {}\n",
        inline(&case["optimizer"]),
        inline(&case["clip"]),
    );
    Document::parse(&text, Path::new("case.toml")).unwrap_or_else(|e| panic!("{text}{e}"))
}

#[test]
fn trajectories_are_those_of_pytorch() {
    let document: Value = serde_json::from_str(include_str!("reference/optimizers.json")).unwrap();
    let paths = ["weight", "bias"];
    let mut failures = Vec::new();
    let mut compared = 0;
    for case in document["cases"].as_array().unwrap() {
        let train = description(case).description.train;
        for (precision, dtype, tolerance) in TOLERANCES {
            let tensor = |values: Vec<f64>| -> Tensor<1> {
                let shape = [values.len()];
                Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), dtype))
            };
            let mut optimizer = Optimizer::new(&train.optimizer);
            let mut now = paths.map(|path| tensor(numbers(&document["start"][path]["values"])));
            for step in 0..20 {
                let mut gradients = paths.map(|path| {
                    let all = numbers(&document["gradients"][path]["values"]);
                    let count = all.len() / 20;
                    tensor(all[step * count..(step + 1) * count].to_vec())
                });
                clip(&train.clip, &mut gradients);
                let lr = optimizer.advance();
                for ((path, w), g) in paths.into_iter().zip(&mut now).zip(gradients) {
                    let matrix = path == "weight";
                    w.inplace(|w| optimizer.step(path, w, g, matrix, lr, false).parameter);
                }
                for (path, w) in paths.iter().zip(&now) {
                    let expected = &case[precision][(step + 1).to_string()][path];
                    if expected.is_null() {
                        continue;
                    }
                    let expected = numbers(expected);
                    let got: Vec<f64> = w.to_data().iter().collect();
                    let largest = expected.iter().fold(0.0f64, |m, x| m.max(x.abs()));
                    let error = got
                        .iter()
                        .zip(&expected)
                        .fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
                    compared += 1;
                    if error > tolerance * largest {
                        failures.push(format!(
                            "{} {precision} step {}: {path} {got:?}, not {expected:?}",
                            case["name"],
                            step + 1
                        ));
                    }
                }
            }
        }
    }
    assert!(compared >= 16 * 24, "only {compared} compared");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
