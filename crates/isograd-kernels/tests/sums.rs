//! Moments and sums of squares against Burn's operations: any shape, any layout, any type, whatever the
//! number of threads.
#![allow(clippy::unwrap_used, missing_docs)]

use burn::tensor::{DType, Device, Tensor, TensorData};
use isograd_kernels::{Values, moments, sums_of_squares};
use proptest::prelude::*;

/// Numbers that look random, as a view of another layout where it is asked for.
fn tensor(dims: [usize; 3], view: bool, dtype: DType) -> Tensor<3> {
    let count: usize = dims.iter().product();
    let values: Vec<f64> = (0..count)
        .map(|i| ((i * 7919 + 13) % 1009) as f64 / 504.5 - 1.0)
        .collect();
    let x = |dims| {
        let data = TensorData::new(values.clone(), dims);
        Tensor::<3>::from_data(data, (&Device::flex(), dtype))
    };
    if view {
        let [a, b, c] = dims;
        x([c, b, a]).swap_dims(0, 2)
    } else {
        x(dims)
    }
}

fn number(x: Tensor<1>) -> f64 {
    x.into_scalar::<f64>()
}

proptest! {
    #[test]
    fn they_are_those_of_composed_operations(
        dims in [0usize..6, 1usize..9, 1usize..40],
        view: bool,
        double: bool,
        bad in prop::option::of(prop_oneof![Just(f64::NAN), Just(f64::INFINITY)]),
    ) {
        let dtype = if double { DType::F64 } else { DType::F32 };
        let mut x = tensor(dims, view, dtype);
        let count: usize = dims.iter().product();
        if let (Some(bad), true) = (bad, count > 0) {
            let spot = Tensor::full([1, 1, 1], bad, (&Device::flex(), dtype));
            x = x.slice_assign([0..1, 0..1, 0..1], spot);
        }
        let found = moments(&x);
        let squares = sums_of_squares(&[&Values::of(x.clone())])[0];
        prop_assert_eq!(found.count, count as u64);
        if count == 0 {
            prop_assert_eq!((found.sum, found.sum_squares, found.max_abs), (0.0, 0.0, 0.0));
            return Ok(());
        }
        // Burn adds singles up in single precision, and the kernels some of them.
        let share = if double { 1e-13 } else { 1e-5 };
        let near = |a: f64, b: f64| {
            if b.is_finite() { (a - b).abs() <= share * count as f64 } else { !a.is_finite() }
        };
        prop_assert!(near(found.sum, number(x.clone().sum())));
        let theirs = number(x.clone().powi_scalar(2).sum());
        prop_assert!(near(squares, theirs) && near(found.sum_squares, theirs));
        if bad.is_none() {
            prop_assert!(near(found.max_abs, number(x.abs().max())));
        }
        prop_assert_eq!(found.non_finite, u64::from(bad.is_some()));
    }
}

#[test]
fn they_do_not_depend_on_the_number_of_threads() {
    let many: Vec<Tensor<3>> = (0..300)
        .map(|i| tensor([1, 1, 1 + i * 7 % 31], false, DType::F32))
        .chain([tensor([20, 100, 300], false, DType::F32)])
        .chain([tensor([20, 100, 300], true, DType::F64)])
        .collect();
    let values: Vec<Values> = many.iter().cloned().map(Values::of).collect();
    let values: Vec<&Values> = values.iter().collect();
    let bits = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let moments: Vec<_> = many.iter().map(moments).collect();
            (sums_of_squares(&values), moments)
        })
    };
    let one = bits(1);
    assert!(one == bits(2) && one == bits(5));
}
