#![allow(clippy::unwrap_used)]

use super::*;
use crate::probe::probe;
use crate::probe::tests::{Keep, watch};
use crate::testing::{alike, cases, on_threads, slope_error, spoilt, tensor};
use burn::tensor::{DType, Device, TensorData, Tolerance};
use proptest::prelude::*;
use std::sync::Arc;

fn leaf(dims: [usize; 2], phase: f64, dtype: DType) -> Tensor<2> {
    let count = dims[0] * dims[1];
    let values: Vec<f64> = (0..count)
        .map(|i| ((i as f64 + phase) * 12.9898).sin())
        .collect();
    let data = TensorData::new(values, dims).convert_dtype(dtype);
    Tensor::from_data(data, (&Device::flex().autodiff(), dtype)).require_grad()
}

type Mix = dyn Fn(Tensor<2>, Tensor<2>, Tensor<2>) -> Tensor<2>;

/// Output and gradients; `turned` takes views of another layout.
fn run(leaves: &[Tensor<2>; 3], turned: bool, mix: &Mix) -> Vec<TensorData> {
    let [h, t, x] = leaves
        .clone()
        .map(|x| if turned { x.flip([1]).transpose() } else { x });
    let y = mix(h, t, x);
    let gradients = (y.clone() * (y.clone().detach() * 3.0).cos())
        .sum()
        .backward();
    let mut found = vec![y.into_data()];
    found.extend(
        leaves
            .iter()
            .map(|x| x.grad(&gradients).unwrap().into_data()),
    );
    found
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn what_is_not_a_number_goes_where_it_goes_in_composed_operations(
        rows in 1usize..5,
        columns in 1usize..30,
        spots in prop::array::uniform3(prop::option::of((any::<prop::sample::Index>(), bad()))),
    ) {
        let leaves = [0, 1, 2].map(|i| {
            let spots: Vec<_> = spots[i].iter().map(|(at, bad)| (at.index(1 << 20), *bad)).collect();
            spoilt(&tensor([rows, columns], i, DType::F64), &spots)
        });
        let found = |mix: &Mix| {
            let [h, t, x] = leaves.clone();
            let y = mix(h, t, x);
            let slopes = tensor([rows, columns], 4, DType::F64).detach();
            let gradients = (y.clone() * slopes).sum().backward();
            let [h, t, x] = leaves.each_ref().map(|x| x.grad(&gradients).unwrap());
            [y, h, t, x]
        };
        let ours = found(&|h, t, x| gate(h, t, x, None));
        let theirs = found(&|h, t, x| x.clone() + t * (h - x));
        for (ours, theirs) in ours.iter().zip(&theirs) {
            prop_assert!(alike(ours, theirs, 1e-14), "{ours} {theirs}");
        }
    }
}

fn bad() -> impl Strategy<Value = f64> {
    prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)]
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn agrees_with_composed_operations(
        rows in 1usize..9,
        columns in prop_oneof![1usize..40, 29_000usize..29_100],
        double: bool,
        turned: bool,
    ) {
        let dtype = if double { DType::F64 } else { DType::F32 };
        let leaves = [0.0, 0.3, 0.6].map(|phase| leaf([rows, columns], phase, dtype));
        let found = run(&leaves, turned, &|h, t, x| gate(h, t, x, None));
        let composed = run(&leaves, turned, &|h, t, x| t.clone() * h + (-t + 1.0) * x);
        for (found, composed) in found.iter().zip(&composed) {
            found.assert_approx_eq::<f64>(composed, Tolerance::rel_abs(1e-5, 1e-5));
        }
    }
}

#[test]
fn a_watch_sees_what_a_probe_sees() {
    for columns in [7, 30_000] {
        let leaves = [0.0, 0.3, 0.6].map(|phase| leaf([5, columns], phase, DType::F32));
        let (fused, apart) = (Arc::new(Keep::default()), Arc::new(Keep::default()));
        let at = watch(&fused, 2);
        run(&leaves, false, &move |h, t, x| {
            gate(h, t, x, Some(at.clone()))
        });
        let at = watch(&apart, 2);
        run(&leaves, false, &move |h, t, x| {
            probe(gate(h, t, x, None), at.clone())
        });
        let (found, expected) = (fused.0.lock().unwrap(), apart.0.lock().unwrap());
        assert_eq!((found.len(), expected.len()), (2, 2));
        for (a, b) in found.iter().zip(&*expected) {
            assert_eq!((a.0, a.1, a.2, &a.4), (b.0, b.1, b.2, &b.4));
            assert!((a.3.sum_squares / b.3.sum_squares - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn numbers_that_are_none_pass_and_nothing_is_nothing() {
    let device = Device::flex();
    let none = Tensor::<2>::zeros([0, 3], &device);
    let y = gate(none.clone(), none.clone(), none, None);
    assert_eq!(y.dims(), [0, 3]);
    let row = |values: [f32; 3]| Tensor::<2>::from_floats([values], &device);
    let y = gate(
        row([1.0, f32::NAN, 1.0]),
        row([0.5, 0.5, 0.0]),
        row([f32::INFINITY, 1.0, 2.0]),
        None,
    );
    let y: Vec<f32> = y.into_data().iter::<f32>().collect();
    assert!(y[0].is_nan() && y[1].is_nan(), "∞ + ½(1 − ∞) is no number");
    assert_eq!(y[2], 2.0);
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let [h, t, x] = [1, 2, 3].map(|seed| tensor([3, 5], seed, DType::F64));
    let loss = |h: Tensor<2>, t: Tensor<2>, x: Tensor<2>| {
        let y = gate(h, t, x, None);
        (y.clone() * y).sum()
    };
    let to_h = slope_error(&h, |h| loss(h, t.clone(), x.clone()));
    let to_t = slope_error(&t, |t| loss(h.clone(), t, x.clone()));
    let to_x = slope_error(&x, |x| loss(h.clone(), t.clone(), x));
    for worst in [to_h, to_t, to_x] {
        assert!(worst < 1e-9, "{worst:e}");
    }
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let leaves = [0.0, 0.3, 0.6].map(|phase| leaf([5, 60_000], phase, DType::F32));
    let seen = |threads: usize| {
        let keep = Arc::new(Keep::default());
        let at = watch(&keep, 2);
        let found = on_threads(threads, || {
            run(&leaves, false, &move |h, t, x| {
                gate(h, t, x, Some(at.clone()))
            })
        });
        let moments: Vec<_> = keep.0.lock().unwrap().iter().map(|seen| seen.3).collect();
        (found, moments)
    };
    let ((one, seen_by_one), (three, seen_by_three)) = (seen(1), seen(3));
    for (a, b) in one.iter().zip(&three) {
        a.assert_eq(b, true);
    }
    assert_eq!(seen_by_one, seen_by_three);
}
