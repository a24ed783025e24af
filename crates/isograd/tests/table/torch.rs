//! A small network against PyTorch's numbers (`reference/networks.py`): output, loss, the gradient of
//! every parameter and of the input, running statistics.

use super::case::{case, numbers, shape};
use super::fill::{Collect, Fill};
use super::item::{Bound, Item, Reading, above, largest, relative};
use burn::module::Module as _;
use burn::tensor::{DType, Device, Tensor, TensorData};
use isograd::data::Targets;
use isograd::nn::{Build, Pass};
use isograd::train::loss::{Loss, resolve_output};
use isograd_core::describe::data::TargetKind;
use isograd_core::describe::train::LossKind;
use isograd_core::describe::{DataShape, Document, Shape, Task};
use serde_json::Value;
use std::path::Path;

/// The reference gives ten digits in double precision, seven in single, where about one more is lost
/// on the way through several layers.
const BOUND: Bound = Bound {
    single: 1e-5,
    double: 1e-8,
};

/// A gradient below this share of the network's largest is compared with the largest: that of a bias
/// before a batch normalisation is zero but for rounding.
const ROUNDING: f64 = 1e-6;

/// The case `table/name` of `tests/reference`.
pub(crate) fn torch(family: &'static str, name: &str, path: &str) -> Item {
    let path = path.to_owned();
    let describes = case(&path)["description"].as_str().unwrap().to_owned();
    Item {
        family,
        name: name.to_owned(),
        source: format!("PyTorch {path}"),
        bound: BOUND,
        describes,
        check: Box::new(move || {
            let case = case(&path);
            let mut readings = compare(&case, "f64", DType::F64)?;
            readings.extend(compare(&case, "f32", DType::F32)?);
            Ok(readings)
        }),
    }
}

/// What the targets of a case are to its loss.
fn targets(case: &Value, kind: LossKind, outputs: usize) -> (Task, TargetKind, Targets) {
    let values = numbers(&case["targets"]);
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

/// The shape of one example.
fn example(dims: &[usize]) -> Result<Shape, String> {
    Ok(match *dims {
        [features] => Shape::Flat(features),
        [steps, features] => Shape::Sequence { steps, features },
        [channels, height, width] => Shape::Image {
            channels,
            height,
            width,
        },
        _ => return Err(format!("no example has the shape {dims:?}")),
    })
}

/// Runs a case in one precision and measures every tensor.
fn compare(case: &Value, precision: &'static str, dtype: DType) -> Result<Vec<Reading>, String> {
    let expected = &case[precision];
    if !expected.is_object() {
        return Err(format!("the case has no numbers in {precision}"));
    }
    let text = case["description"].as_str().unwrap();
    let parsed = Document::parse(text, Path::new("case.toml")).map_err(|e| format!("{text}{e}"))?;
    let spec = &parsed.description.train.loss;
    let input = shape(&case["inputs"]);
    let outputs = numbers(&expected["output"]).len() / input[0];
    let (task, target, targets) = targets(case, spec.kind, outputs);
    let data = DataShape {
        input: example(&input[1..])?,
        task,
        examples: input[0],
    };
    let plan = parsed.plan(&data).map_err(|e| format!("{text}{e}"))?;
    let last = plan.chain.last().map(|&id| &plan.nodes[id].op);
    let loss = Loss::new(spec, resolve_output(spec.on, last), outputs, task, target)
        .map_err(|e| format!("{text}{e}"))?;

    let device = Device::flex().autodiff();
    let build = Build {
        dtype,
        ..Build::new(1, device.clone())
    };
    let mut fill = Fill::new(case, &device, dtype);
    let network = build.network(&plan).map(&mut fill);
    fill.finish()?;
    let rows = TensorData::new(numbers(&case["inputs"]), [input[0], data.input.elements()]);
    let x = Tensor::<2>::from_data(rows, (&device, dtype)).require_grad();
    let pass = if case["mode"] == "train" {
        Pass::train(1, 0)
    } else {
        Pass::evaluate()
    };
    let output = network.forward(x.clone(), &pass);
    let value = loss.evaluate(output.clone(), &targets).value;
    let all = value.backward();

    let list = |tensor: TensorData| tensor.iter::<f64>().collect::<Vec<f64>>();
    let mut readings = Vec::new();
    let mut judge = |at: String, error: f64| {
        readings.push(Reading {
            at,
            precision,
            error,
        });
    };
    let output = list(output.inner().into_data());
    judge(
        "output".into(),
        relative(&output, &numbers(&expected["output"])),
    );
    let value = list(value.inner().into_data());
    judge("loss".into(), relative(&value, &numbers(&expected["loss"])));

    let after = &expected["buffers_after"];
    let mut collect = Collect::values(case, after);
    // Running statistics are brought together by this.
    network.valid().visit(&mut collect);
    for (key, got) in &collect.found {
        let unbiased = &after[&format!("{key}_unbiased")];
        let wanted = if unbiased.is_null() {
            &after[key]
        } else {
            unbiased
        };
        judge(key.clone(), relative(got, &numbers(wanted)));
    }

    let given = &expected["gradients"];
    let mut collect = Collect::gradients(case, given, &all);
    network.visit(&mut collect);
    let mut got = collect.found;
    if let Some(gradient) = x.grad(&all) {
        got.insert("the input".into(), list(gradient.into_data()));
    }
    let mut wanted: Vec<(&str, Vec<f64>)> = given
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, values)| (name.as_str(), numbers(values)))
        .collect();
    // Ids have no gradient.
    if !expected["input_gradient"].is_null() {
        wanted.push(("the input", numbers(&expected["input_gradient"])));
    }
    let floor = wanted.iter().fold(0.0, |m: f64, (_, v)| m.max(largest(v)));
    for (name, wanted) in &wanted {
        let scale = if largest(wanted) < ROUNDING * floor {
            floor
        } else {
            0.0
        };
        let got = got.remove(*name).unwrap_or_default();
        judge(format!("gradient of {name}"), above(&got, wanted, scale));
    }
    match got.keys().next() {
        Some(name) => Err(format!("{name} has a gradient that the case does not have")),
        None => Ok(readings),
    }
}

/// A number of the case that is changed is found, and nothing else is.
pub(crate) fn a_wrong_number_is_found() {
    let mut case = case("composition/residual-identity");
    let off = |case: &Value| -> Vec<String> {
        let readings = compare(case, "f64", DType::F64).unwrap();
        let wrong = readings.into_iter().filter(|r| r.error > BOUND.double);
        wrong.map(|r| r.at).collect()
    };
    assert!(off(&case).is_empty());
    let first = &mut case["f64"]["gradients"]["dense1.weight"][0];
    *first = Value::from(first.as_f64().unwrap() + 0.01);
    assert_eq!(off(&case), ["gradient of dense1.weight"]);
    case["parameters"]
        .as_object_mut()
        .unwrap()
        .remove("dense2.bias");
    let error = compare(&case, "f64", DType::F64).unwrap_err();
    assert_eq!(error, "dense2.bias is not in the case");
}
