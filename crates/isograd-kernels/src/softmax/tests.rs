#![allow(clippy::unwrap_used)]

use super::softmax;
use crate::testing::{self, alike, on_threads, slope_error, spoilt, values};
use burn::tensor::{DType, Device, Tensor, TensorData, activation};
use proptest::prelude::*;

fn tensor<const D: usize>(dims: [usize; D], seed: usize, dtype: DType) -> Tensor<D> {
    let count: usize = dims.iter().product();
    let values: Vec<f64> = (0..count)
        .map(|i| ((i * 7919 + seed * 104_729 + 13) % 1009) as f64 / 100.9 - 5.0)
        .collect();
    let device = Device::flex().autodiff();
    Tensor::from_data(TensorData::new(values, dims), (&device, dtype)).require_grad()
}

/// max|a − b| ÷ max|b|.
fn error<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> f64 {
    testing::error(a, b, f64::MIN_POSITIVE)
}

proptest! {
    #[test]
    fn any_softmax_agrees_with_burn(rows in 0usize..40, middle in 1usize..4, columns in 1usize..70, turned: bool) {
        for (dtype, tolerance) in [(DType::F64, 1e-13), (DType::F32, 2e-6)] {
            let x = if turned {
                tensor([rows, columns, middle], 1, dtype).swap_dims(1, 2)
            } else {
                tensor([rows, middle, columns], 1, dtype)
            };
            let x = x.detach().require_grad();
            let weights = tensor([rows, middle, columns], 2, dtype).detach();
            let (a, b) = (softmax(x.clone()), activation::softmax(x.clone(), 2));
            prop_assert!(error(&a, &b) < tolerance);
            let a = x.grad(&(a * weights.clone()).sum().backward()).unwrap();
            let b = x.grad(&(b * weights).sum().backward()).unwrap();
            prop_assert!(columns == 1 || error(&a, &b) < 10.0 * tolerance);
        }
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for dims in [[3, 5], [4, 1], [1, 40]] {
        let x = tensor(dims, 1, DType::F64);
        let slopes = tensor(dims, 2, DType::F64).detach();
        let worst = slope_error(&x, |x| (softmax(x) * slopes.clone()).sum());
        assert!(worst < 1e-8, "{dims:?}: {worst:e}");
    }
}

#[test]
fn gradients_of_rows_with_what_is_not_a_number_are_none() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for dtype in [DType::F32, DType::F64] {
            let plain = tensor([5, 23], 1, dtype);
            for (x, slopes) in [
                (spoilt(&plain, &[(50, bad)]), tensor([5, 23], 2, dtype)),
                (
                    plain.clone(),
                    spoilt(&tensor([5, 23], 2, dtype), &[(50, bad)]),
                ),
            ] {
                let run = |f: fn(Tensor<2>) -> Tensor<2>| {
                    let gradients = (f(x.clone()) * slopes.clone().detach()).sum().backward();
                    x.grad(&gradients).unwrap()
                };
                let (ours, theirs) = (run(softmax), run(|x| activation::softmax(x, 1)));
                assert!(alike(&ours, &theirs, 1e-5), "{bad}: {ours} {theirs}");
            }
        }
    }
}

#[test]
fn rows_with_what_is_not_a_number_are_none() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let rows = [
        [0.0, nan, 1.0],
        [-inf, -inf, -inf],
        [0.0, inf, 1.0],
        [-inf, 0.0, 0.0],
        [300.0, 300.0, -300.0],
    ];
    let x = Tensor::<2>::from_floats(rows, &Device::flex());
    let y = values(&softmax(x.clone()));
    let burn = values(&activation::softmax(x, 1));
    assert!(y[..9].iter().all(|v| v.is_nan()) && burn[..9].iter().all(|v| v.is_nan()));
    assert_eq!(y[9..], [0.0, 0.5, 0.5, 0.5, 0.5, 0.0]);
}

#[test]
fn the_result_does_not_depend_on_threads_or_processor() {
    let x = tensor([700, 65], 3, DType::F32);
    let bits = |threads: usize| {
        on_threads(threads, || {
            let y = softmax(x.clone());
            let gradients = (y.clone() * y.clone()).sum().backward();
            (y.to_data(), x.grad(&gradients).unwrap().to_data())
        })
    };
    let (one, three) = (bits(1), bits(3));
    one.0.assert_eq(&three.0, true);
    one.1.assert_eq(&three.1, true);
    super::rows::tests::every_form_gives_the_same_bits();
}
