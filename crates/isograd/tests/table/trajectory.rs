//! Twenty steps of an optimiser against PyTorch's (`reference/optimizers.py`).

use super::case::{case, numbers, table};
use super::item::{Bound, Item, Reading, relative};
use burn::tensor::{DType, Device, Tensor, TensorData};
use isograd::optim::{Gradient, Optimizer, Parameter, clip};
use isograd_core::describe::Document;
use serde_json::Value;
use std::path::Path;

const BOUND: Bound = Bound {
    single: 1e-5,
    double: 1e-9,
};

const STEPS: usize = 20;

/// The case `name` of `reference/optimizers.json`, which begins with the optimiser's word.
pub(crate) fn trajectory(name: &'static str) -> Item {
    let path = format!("optimizers/{name}");
    Item {
        family: "optimizer",
        name: name.to_owned(),
        source: format!("{} {path}", case(&path)["source"].as_str().unwrap()),
        bound: BOUND,
        describes: description(&case(&path)),
        check: Box::new(move || {
            let case = case(&path);
            let mut readings = run(&case, "f64", DType::F64)?;
            readings.extend(run(&case, "f32", DType::F32)?);
            Ok(readings)
        }),
    }
}

/// A JSON object of strings, numbers and booleans as an inline table of TOML.
fn inline(object: &Value) -> String {
    let entries = object.as_object().unwrap().iter();
    let entries: Vec<String> = entries
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    format!("{{ {} }}", entries.join(", "))
}

fn description(case: &Value) -> String {
    format!(
        "[data]\nsource = \"circles\"\n[network]\nlayers = [{{ dense = 1 }}]\n[train]\nloss = \"mse\"\n\
         optimizer = {}\nclip = {}\n",
        inline(&case["optimizer"]),
        inline(&case["clip"]),
    )
}

fn run(case: &Value, precision: &'static str, dtype: DType) -> Result<Vec<Reading>, String> {
    let text = description(case);
    let document =
        Document::parse(&text, Path::new("case.toml")).map_err(|e| format!("{text}{e}"))?;
    let train = document.description.train;
    let table = table("optimizers");
    let paths = ["weight", "bias"];
    // The matrix is outputs × inputs as PyTorch's: for Burn a kernel of one pixel.
    let parameters = [
        Parameter::new("weight", [3, 2, 1, 1]),
        Parameter::new("bias", [3]),
    ];
    let tensor = |values: Vec<f64>| -> Tensor<1> {
        let shape = [values.len()];
        Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), dtype))
    };
    let mut optimizer = Optimizer::new(&train.optimizer);
    let mut now = paths.map(|path| tensor(numbers(&table["start"][path])));
    let mut readings = Vec::new();
    for step in 0..STEPS {
        let mut gradients = [0, 1].map(|i| {
            let all = numbers(&table["gradients"][paths[i]]);
            let count = all.len() / STEPS;
            Gradient {
                parameter: parameters[i].clone(),
                weights: now[i].clone(),
                gradient: tensor(all[step * count..(step + 1) * count].to_vec()),
            }
        });
        clip(&train.clip, &mut gradients);
        let lr = optimizer.advance();
        for (w, one) in now.iter_mut().zip(gradients) {
            let Gradient {
                parameter,
                gradient,
                ..
            } = one;
            w.inplace(|w| optimizer.step(&parameter, w, gradient, lr, false).parameter);
        }
        for (path, w) in paths.iter().zip(&now) {
            let expected = &case[precision][(step + 1).to_string()][path];
            if expected.is_null() {
                continue;
            }
            let got: Vec<f64> = w.to_data().iter().collect();
            readings.push(Reading {
                at: format!("{path} after step {}", step + 1),
                precision,
                error: relative(&got, &numbers(expected)),
            });
        }
    }
    // Steps 1, 2, 3, 5, 10 and 20 of both parameters.
    if readings.len() < 12 {
        return Err(format!("only {} numbers to compare with", readings.len()));
    }
    Ok(readings)
}
