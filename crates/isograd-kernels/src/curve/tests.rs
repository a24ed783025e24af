#![allow(clippy::unwrap_used)]

use super::double::{backward, value};
use super::*;
use crate::probe::tests::{Keep, watch};
use burn::tensor::{DType, Device, Int, TensorData, Tolerance, activation};
use std::sync::Arc;

type Composed = fn(Tensor<2>) -> Tensor<2>;

pub(crate) const CURVES: [Curve; 15] = [
    Curve::Tanh,
    Curve::ScaledTanh {
        output: 1.7159,
        input: 2.0 / 3.0,
    },
    Curve::Sigmoid,
    Curve::HardSigmoid,
    Curve::Relu,
    Curve::LeakyRelu { slope: 0.01 },
    Curve::LeakyRelu { slope: -0.5 },
    Curve::Elu {
        alpha: 1.673_263_242_354_377_2,
        scale: 1.050_700_987_355_480_5,
    },
    Curve::Celu { alpha: 0.7 },
    Curve::Gelu,
    Curve::Silu,
    Curve::Mish,
    Curve::Softplus,
    Curve::Softsign,
    Curve::Exponential,
];

#[test]
fn slopes_are_the_derivatives_of_the_values() {
    for curve in CURVES {
        for i in -60..60 {
            let (x, h) = (f64::from(i) * 0.11 + 0.013, 1e-5);
            let difference = (value(curve, x + h) - value(curve, x - h)) / (2.0 * h);
            let saved = if curve.keeps_output() {
                value(curve, x)
            } else {
                x
            };
            let mut d = [1.0];
            backward(curve, &[saved], &mut d);
            let error = (difference - d[0]).abs();
            assert!(error < 1e-9 * d[0].abs().max(1.0), "{curve:?} at {x}");
        }
    }
}

#[test]
fn agrees_with_composed_operations_of_any_layout() {
    let device = Device::flex().autodiff();
    let cases: [(Curve, Composed); 7] = [
        (Curve::Relu, activation::relu),
        (Curve::LeakyRelu { slope: 0.1 }, |x| {
            activation::leaky_relu(x, 0.1)
        }),
        (Curve::Softplus, |x| activation::softplus(x, 1.0)),
        (Curve::Softsign, activation::softsign),
        (Curve::HardSigmoid, |x| (x * 0.2 + 0.5).clamp(0.0, 1.0)),
        (Curve::Tanh, activation::tanh),
        (Curve::Exponential, Tensor::exp),
    ];
    let values: Vec<f32> = (0..300)
        .map(|i| (i as f32 * 0.37 + 0.1).sin() * 4.0)
        .collect();
    let weights: Vec<f32> = (0..11 * 19).map(|i| (i as f32 * 0.7).cos()).collect();
    let weights = TensorData::new(weights, [11, 19]);
    for (kind, composed) in cases {
        for dtype in [DType::F32, DType::F64] {
            let x = TensorData::new(values.clone(), [20, 15]).convert_dtype(dtype);
            let x = Tensor::<2>::from_data(x, (&device, dtype)).require_grad();
            let run = |f: &dyn Fn(Tensor<2>) -> Tensor<2>| {
                let y = f(x.clone().transpose().slice([2..13, 0..19]));
                let weights =
                    Tensor::from_data(weights.clone().convert_dtype(dtype), (&device, dtype));
                let gradients = (y.clone() * weights).sum().backward();
                (y.into_data(), x.grad(&gradients).unwrap().into_data())
            };
            let (y, d) = run(&|x| curve(kind, x));
            let (expected_y, expected_d) = run(&composed);
            y.assert_approx_eq::<f64>(&expected_y, Tolerance::rel_abs(1e-5, 1e-5));
            d.assert_approx_eq::<f64>(&expected_d, Tolerance::rel_abs(1e-5, 1e-3));
        }
    }
}

#[test]
fn a_watch_sees_the_output_and_the_gradient_that_arrives() {
    let device = Device::flex().autodiff();
    // Longer than one thread's share.
    for rows in [3, 5000] {
        let keep = Arc::new(Keep::default());
        let x = Tensor::<1, Int>::arange(0..(rows * 13), &device);
        let x = (x.float() * 0.37).sin().reshape([rows as usize, 13]);
        let x = x.detach().require_grad();
        let y = curve_watched(Curve::Tanh, x.clone(), Some(watch(&keep, 3)));
        let weights = (y.clone().detach() * 3.0).cos();
        let _ = (y.clone() * weights.clone()).sum().backward();
        let log = keep.0.lock().unwrap();
        for (seen, direction, expected) in [
            (&log[0], Direction::Forward, y),
            (&log[1], Direction::Backward, weights),
        ] {
            assert_eq!((seen.0, seen.1, seen.2), (3, direction, rows as usize));
            let squares: f64 = expected.clone().powi_scalar(2).sum().into_scalar::<f64>();
            assert!((seen.3.sum_squares / squares - 1.0).abs() < 1e-4);
            let values: Vec<f64> = expected.into_data().iter::<f64>().collect();
            assert_eq!(seen.4, values);
        }
    }
}
