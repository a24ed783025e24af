#![allow(clippy::unwrap_used)]

use super::{Classes, cross_entropy};
use crate::testing::{error, on_threads, slope_error, values};
use burn::tensor::activation::log_softmax;
use burn::tensor::{DType, Device, Tensor, TensorData};
use proptest::prelude::*;
use std::sync::Arc;

fn logits(dims: [usize; 2], size: f64, dtype: DType) -> Tensor<2> {
    let values: Vec<f64> = (0..dims[0] * dims[1])
        .map(|i| size * (((i * 7919 + 13) % 1009) as f64 / 504.5 - 1.0))
        .collect();
    let device = Device::flex().autodiff();
    Tensor::from_data(TensorData::new(values, dims), (&device, dtype)).require_grad()
}

fn some_classes(rows: usize, columns: usize, weights: &[f64], smoothing: f64) -> Classes {
    Classes {
        of_rows: (0..rows).map(|i| (i * 31 % columns) as u32).collect(),
        weights: weights.into(),
        smoothing,
    }
}

/// −Σ wₖ tₖ ln softmax(x)ₖ of Burn's own operations.
fn composed(x: Tensor<2>, classes: &Classes) -> Tensor<2> {
    let [rows, columns] = x.dims();
    let targets: Vec<f64> = (0..rows * columns)
        .map(|i| classes.target(classes.of_rows[i / columns] as usize, i % columns, columns))
        .collect();
    let options = (&x.device(), x.dtype());
    let targets = Tensor::<2>::from_data(TensorData::new(targets, [rows, columns]), options);
    (log_softmax(x, 1) * targets).sum_dim(1).neg()
}

proptest! {
    #[test]
    fn any_cross_entropy_agrees_with_the_composed_form(
        rows in 0usize..50,
        columns in 1usize..70,
        size in 0.1f64..30.0,
        weights in proptest::collection::vec(0.0f64..3.0, 0..5),
        smooth: bool,
        turned: bool,
    ) {
        let weights = &weights[..weights.len().min(columns)];
        let classes = some_classes(rows, columns, weights, if smooth { 0.3 } else { 0.0 });
        for (dtype, tolerance) in [(DType::F64, 1e-13), (DType::F32, 3e-6)] {
            let x = if turned {
                logits([columns, rows], size, dtype).transpose().detach().require_grad()
            } else {
                logits([rows, columns], size, dtype)
            };
            let slopes = logits([rows, 1], 1.0, dtype).detach();
            let (a, b) = (cross_entropy(x.clone(), classes.clone()), composed(x.clone(), &classes));
            prop_assert!(error(&a, &b, 1.0) < tolerance);
            let a = x.grad(&(a * slopes.clone()).sum().backward()).unwrap();
            let b = x.grad(&(b * slopes).sum().backward()).unwrap();
            prop_assert!(error(&a, &b, 0.1) < tolerance);
        }
    }
}

#[test]
fn gradients_are_finite_differences() {
    for smoothing in [0.0, 0.1] {
        let classes = some_classes(4, 5, &[0.5, 2.0], smoothing);
        let x = logits([4, 5], 2.0, DType::F64);
        let slopes = logits([4, 1], 1.0, DType::F64).detach();
        let loss = |x: Tensor<2>| (cross_entropy(x, classes.clone()) * slopes.clone()).sum();
        let worst = slope_error(&x, loss);
        assert!(worst < 1e-9, "{smoothing}: {worst:e}");
    }
}

#[test]
fn ends_are_those_of_the_composed_form() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let rows = [
        [0.0, nan, 1.0],
        [-inf, 0.0, 0.0],
        [0.0, -inf, 0.0],
        [inf, 0.0, 0.0],
        [1e4, 0.0, 0.0],
    ];
    let x = Tensor::<2>::from_floats(rows, &Device::flex().autodiff()).require_grad();
    let classes = Classes {
        of_rows: Arc::new([0, 0, 0, 1, 1]),
        ..Classes::default()
    };
    let y = cross_entropy(x.clone(), classes);
    let losses = values(&y);
    assert!(losses[0].is_nan() && losses[3].is_nan());
    assert_eq!(losses[1], f64::INFINITY);
    assert!((losses[2] - 2f64.ln()).abs() < 1e-6);
    assert_eq!(losses[4], 1e4);
    let slopes = values(&x.grad(&y.sum().backward()).unwrap());
    assert!(slopes[..3].iter().all(|v| v.is_nan()));
    assert_eq!(slopes[3..9], [-1.0, 0.5, 0.5, -0.5, 0.0, 0.5]);
    assert_eq!(slopes[12..], [1.0, -1.0, 0.0]);
}

#[test]
#[should_panic(expected = "a class for every row")]
fn every_row_needs_a_class() {
    let x = Tensor::<2>::ones([2, 3], &Device::flex());
    let _ = cross_entropy(x, Classes::default());
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let x = logits([900, 65], 5.0, DType::F32);
    let bits = |threads: usize| {
        on_threads(threads, || {
            let y = cross_entropy(x.clone(), some_classes(900, 65, &[], 0.0));
            let gradients = y.clone().sum().backward();
            (y.to_data(), x.grad(&gradients).unwrap().to_data())
        })
    };
    let (one, three) = (bits(1), bits(3));
    one.0.assert_eq(&three.0, true);
    one.1.assert_eq(&three.1, true);
}
