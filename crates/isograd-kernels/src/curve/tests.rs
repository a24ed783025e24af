#![allow(clippy::unwrap_used)]

use super::double::{backward, value};
use super::*;
use crate::probe::tests::{Keep, watch};
use crate::testing::{
    alike, cases, error, on_threads, slope_error, spoilt, tensor, turned, values,
};
use burn::tensor::{DType, Device, Int, Tensor, activation};
use proptest::prelude::*;
use std::sync::Arc;

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

/// Of Burn's own operations.
fn composed(kind: Curve, x: Tensor<2>) -> Tensor<2> {
    let below = |x: &Tensor<2>| activation::relu(x.clone().neg()).neg();
    match kind {
        Curve::Tanh => x.tanh(),
        Curve::ScaledTanh { output, input } => (x * input).tanh() * output,
        Curve::Sigmoid => activation::sigmoid(x),
        Curve::HardSigmoid => (x * 0.2 + 0.5).clamp(0.0, 1.0),
        Curve::Relu => activation::relu(x),
        Curve::LeakyRelu { slope } => activation::leaky_relu(x, slope),
        Curve::Elu { alpha, scale } => {
            let low = (below(&x).exp() - 1.0) * alpha;
            (activation::relu(x) + low) * scale
        }
        Curve::Celu { alpha } => {
            // Not divided by it: Burn's gradient of that has single precision.
            let low = ((below(&x) * alpha.recip()).exp() - 1.0) * alpha;
            activation::relu(x) + low
        }
        Curve::Gelu => activation::gelu(x),
        Curve::Silu => activation::silu(x),
        Curve::Mish => activation::mish(x),
        Curve::Softplus => activation::softplus(x, 1.0),
        Curve::Softsign => activation::softsign(x),
        Curve::Exponential => x.exp(),
    }
}

/// φ(4x) and its gradient.
fn run(x: &Tensor<2>, f: impl Fn(Tensor<2>) -> Tensor<2>) -> [Tensor<2>; 2] {
    let y = f(x.clone() * 4.0);
    let slopes = tensor(y.dims(), 7, y.dtype()).detach();
    let gradients = (y.clone() * slopes).sum().backward();
    [y, x.grad(&gradients).unwrap()]
}

proptest! {
    #![proptest_config(cases(200))]
    #[test]
    fn agrees_with_composed_operations_of_any_shape_and_layout(
        rows in prop_oneof![0usize..20, 300usize..310],
        columns in prop_oneof![1usize..20, 300usize..310],
        which in 0..CURVES.len(),
        view: bool,
    ) {
        let kind = CURVES[which];
        for (dtype, bound) in [(DType::F32, 1e-5), (DType::F64, 1e-13)] {
            let x = tensor([rows, columns], 1, dtype);
            let seen = |x: Tensor<2>| if view { turned(x) } else { x };
            let ours = run(&x, |x| curve(kind, seen(x)));
            let theirs = run(&x, |x| composed(kind, seen(x)));
            for (ours, theirs) in ours.iter().zip(&theirs) {
                let error = error(ours, theirs, 1.0);
                prop_assert!(error < bound, "{:?}: {:e}", kind, error);
            }
        }
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for kind in CURVES {
        let x = tensor([5, 7], 1, DType::F64);
        let worst = slope_error(&x, |x| (curve(kind, x * 4.0) * 3.0).sum());
        // h² = 1e-10, times 4² of the factor in front.
        assert!(worst < 2e-8, "{kind:?}: {worst:e}");
    }
}

#[test]
fn what_is_not_a_number_stays_in_its_place() {
    for kind in CURVES {
        for dtype in [DType::F32, DType::F64] {
            let plain = tensor([3, 9], 1, dtype);
            let x = spoilt(&plain, &[(11, f64::NAN), (25, f64::NAN)]);
            let [y, d] = run(&x, |x| curve(kind, x));
            let [straight, slopes] = run(&plain, |x| curve(kind, x));
            let pairs = values(&y).into_iter().zip(values(&straight));
            for (i, (y, straight)) in pairs.enumerate() {
                let bad = i == 11 || i == 25;
                assert!(
                    if bad { y.is_nan() } else { y == straight },
                    "{kind:?}: {i}"
                );
            }
            for (i, (d, slope)) in values(&d).into_iter().zip(values(&slopes)).enumerate() {
                assert!(i == 11 || i == 25 || d == slope, "{kind:?}′: {i}");
            }
            // Infinities go where they go in the composed form.
            for bad in [f64::INFINITY, f64::NEG_INFINITY] {
                let x = spoilt(&plain, &[(11, bad), (25, bad)]);
                let (ours, theirs) = (run(&x, |x| curve(kind, x)), run(&x, |x| composed(kind, x)));
                assert!(
                    alike(&ours[0], &theirs[0], 1e-5),
                    "{kind:?} of {bad}: {} {}",
                    ours[0],
                    theirs[0]
                );
                // The limit of a slope, where the composed form may not find it.
                for (ours, theirs) in values(&ours[1]).into_iter().zip(values(&theirs[1])) {
                    let near = (ours - theirs).abs() < 1e-5;
                    assert!(
                        near || !theirs.is_finite(),
                        "{kind:?}′ of {bad}: {ours}, not {theirs}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let x = tensor([300, 501], 1, DType::F32);
    for kind in CURVES {
        let bits = |threads: usize| {
            let keep = Arc::new(Keep::default());
            let watched = |x| curve_watched(kind, x, Some(watch(&keep, 3)));
            let found = on_threads(threads, || run(&x, watched).map(|x| values(&x)));
            let moments: Vec<_> = keep.0.lock().unwrap().iter().map(|seen| seen.3).collect();
            (found, moments)
        };
        assert!(bits(1) == bits(3), "{kind:?}");
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
