//! Dropout in front of batch normalisation: the variance that it keeps in training is that of
//! evaluation over the share of units kept (Li et al. 2018, equation 8).
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use burn::tensor::{Device, Tensor, TensorData};
use isograd::nn::{Build, Parameters, Pass};
use isograd_core::describe::{DataShape, Document, Shape, Task};
use isograd_core::random::{Purpose, stream};
use rand::RngExt as _;
use std::path::Path;

const ROWS: usize = 20_000;
const UNITS: usize = 8;

/// Running variance after one step that keeps nothing of the old, over the variance of the inputs.
fn ratio(rate: f64) -> f64 {
    let text = format!(
        "data.source = \"blobs\"\n[network]\nlayers = [{{ dropout = {rate} }}, {{ batch_norm = true, \
         momentum = 0.0 }}]\n[train]\nloss = \"mse\"\noptimizer = \"sgd\"\n"
    );
    let document = Document::parse(&text, Path::new("shift.toml")).unwrap();
    let data = DataShape {
        input: Shape::Flat(UNITS),
        task: Task::Regression { targets: UNITS },
        examples: ROWS,
    };
    let device = Device::flex();
    let network = Build::new(1, device.clone()).network(&document.plan(&data).unwrap());
    let mut random = stream(1, Purpose::Generate, "variance shift", 0);
    let x: Vec<f32> = (0..ROWS * UNITS)
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    let variance = x.iter().map(|x| f64::from(x * x)).sum::<f64>() / x.len() as f64;
    let x = Tensor::<2>::from_data(TensorData::new(x, [ROWS, UNITS]), &device);
    let _ = network.forward(x, &Pass::train(1, 0));
    let (_, Parameters::BatchNorm(norm)) = &network.parameters[0] else {
        unreachable!("the network has one batch normalisation")
    };
    let kept: Vec<f64> = norm.running_var.value_sync().into_data().iter().collect();
    kept.iter().sum::<f64>() / kept.len() as f64 / variance
}

#[test]
fn the_variance_shifts_by_the_share_of_units_kept() {
    for rate in [0.0, 0.3, 0.5] {
        let got = ratio(rate);
        println!("dropout {rate}: {got:.4} times the variance of evaluation");
        assert!((got * (1.0 - rate) - 1.0).abs() < 0.01, "{rate}: {got}");
    }
}
