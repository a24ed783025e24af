#![allow(clippy::unwrap_used)]

use super::*;
use crate::curve::curve;
use crate::curve::tests::CURVES;
use crate::probe::tests::{Keep, watch};
use crate::probe::{Direction, probe};
use crate::testing::{alike, cases, on_threads, spoilt};
use burn::tensor::module::linear;
use burn::tensor::{DType, Device, TensorData, Tolerance};
use proptest::prelude::*;
use std::sync::Arc;

/// Numbers that look random, of about unit size.
fn numbers(count: usize, phase: f64) -> Vec<f64> {
    (0..count)
        .map(|i| ((i as f64 + phase) * 12.9898).sin() * 1.5)
        .collect()
}

fn tensor<const D: usize>(dims: [usize; D], phase: f64, dtype: DType) -> Tensor<D> {
    let data = TensorData::new(numbers(dims.iter().product(), phase), dims).convert_dtype(dtype);
    Tensor::from_data(data, (&Device::flex().autodiff(), dtype)).require_grad()
}

/// Output and gradients of a layer, with weights on its outputs.
fn run(
    [x, weight]: [&Tensor<2>; 2],
    bias: Option<&Tensor<1>>,
    f: impl Fn(Tensor<2>, Tensor<2>, Option<Tensor<1>>) -> Tensor<2>,
) -> Vec<TensorData> {
    let y = f(x.clone(), weight.clone(), bias.cloned());
    let [rows, units] = y.dims();
    let weights = tensor([rows, units], 0.7, y.dtype()).detach();
    let gradients = (y.clone() * weights).sum().backward();
    let mut found = vec![
        y.into_data(),
        x.grad(&gradients).unwrap().into_data(),
        weight.grad(&gradients).unwrap().into_data(),
    ];
    found.extend(bias.map(|bias| bias.grad(&gradients).unwrap().into_data()));
    found
}

fn composed(kind: Option<Curve>) -> impl Fn(Tensor<2>, Tensor<2>, Option<Tensor<1>>) -> Tensor<2> {
    move |x, weight, bias| {
        let z = linear(x, weight, bias);
        match kind {
            Some(kind) => curve(kind, z),
            None => z,
        }
    }
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn agrees_with_composed_operations(
        rows in 0usize..40,
        inputs in 1usize..40,
        units in 1usize..40,
        which in 0..=CURVES.len(),
        biased: bool,
        double: bool,
        transposed: bool,
    ) {
        let dtype = if double { DType::F64 } else { DType::F32 };
        let kind = CURVES.get(which).copied();
        let x = tensor([rows, inputs], 0.0, dtype);
        let weight = tensor([inputs, units], 0.3, dtype);
        let bias = biased.then(|| tensor([units], 0.6, dtype));
        // A view of another layout, over numbers that stay the leaf.
        let turned = |x: Tensor<2>| if transposed {
            (x.transpose() * 1.0).transpose()
        } else {
            x
        };
        let found = run([&x, &weight], bias.as_ref(), |x, weight, bias| {
            let layer = Dense { curve: kind, ..Dense::default() };
            dense(turned(x), turned(weight), bias, layer)
        });
        let expected = run([&x, &weight], bias.as_ref(), |x, weight, bias| {
            composed(kind)(turned(x), weight, bias)
        });
        // Sums of 40 products of unit size.
        let tolerance = if double { Tolerance::rel_abs(1e-10, 1e-10) } else { Tolerance::rel_abs(1e-4, 2e-3) };
        for (found, expected) in found.iter().zip(&expected) {
            // Exponentials of large sums have no fixed absolute size.
            if kind != Some(Curve::Exponential) || double {
                found.assert_approx_eq::<f64>(expected, tolerance);
            }
        }
    }
}

/// Rows that are shared out, and some.
const MANY: usize = 2 * 2048 + 77;

#[test]
fn many_rows_agree_with_composed_operations() {
    for dtype in [DType::F32, DType::F64] {
        let x = tensor([MANY, 70], 0.0, dtype);
        let weight = tensor([70, 61], 0.3, dtype) * 0.1;
        let weight = weight.detach().require_grad();
        let bias = tensor([61], 0.6, dtype);
        for kind in [
            None,
            Some(Curve::Relu),
            Some(Curve::Tanh),
            Some(Curve::Gelu),
        ] {
            for biased in [false, true] {
                let bias = biased.then_some(&bias);
                let found = run([&x, &weight], bias, |x, weight, bias| {
                    let layer = Dense {
                        curve: kind,
                        ..Dense::default()
                    };
                    dense(x, weight, bias, layer)
                });
                let expected = run([&x, &weight], bias, composed(kind));
                let tolerance = match dtype {
                    DType::F32 => Tolerance::rel_abs(1e-4, 4e-3),
                    _ => Tolerance::rel_abs(1e-10, 1e-10),
                };
                for (found, expected) in found.iter().zip(&expected) {
                    found.assert_approx_eq::<f64>(expected, tolerance);
                }
            }
        }
    }
}

#[test]
fn of_many_rows_only_the_gradients_that_are_needed_are_made() {
    let x = tensor([MANY, 70], 0.0, DType::F64);
    let weight = tensor([70, 61], 0.3, DType::F64);
    let (fixed_x, fixed_weight) = (x.clone().detach(), weight.clone().detach());
    let loss = |x: &Tensor<2>, weight: &Tensor<2>| {
        let y = dense(x.clone(), weight.clone(), None, Dense::default());
        (y.clone() * y).sum().backward()
    };
    let all = loss(&x, &weight);
    let (dx, dw) = (x.grad(&all).unwrap(), weight.grad(&all).unwrap());
    let of_x = loss(&x, &fixed_weight);
    let of_weight = loss(&fixed_x, &weight);
    x.grad(&of_x)
        .unwrap()
        .into_data()
        .assert_eq(&dx.into_data(), true);
    let alone = weight.grad(&of_weight).unwrap().into_data();
    alone.assert_eq(&dw.into_data(), true);
}

#[test]
fn gradients_are_finite_differences() {
    let [rows, inputs, units] = [4, 3, 5];
    let x = tensor([rows, inputs], 0.1, DType::F64);
    let weight = tensor([inputs, units], 0.3, DType::F64);
    let bias = tensor([units], 0.6, DType::F64);
    let parts = [rows * inputs, inputs * units, units];
    let list = |data: TensorData| data.iter::<f64>().collect::<Vec<f64>>();
    let all = [
        list(x.clone().into_data()),
        list(weight.clone().into_data()),
        list(bias.clone().into_data()),
    ]
    .concat();
    let device = Device::flex();
    let matrix = |values: &[f64], dims: [usize; 2]| {
        Tensor::<2>::from_data(
            TensorData::new(values.to_vec(), dims),
            (&device, DType::F64),
        )
    };
    for kind in CURVES.into_iter().map(Some).chain([None]) {
        let layer = || Dense {
            curve: kind,
            ..Dense::default()
        };
        let found = run([&x, &weight], Some(&bias), |x, weight, bias| {
            dense(x, weight, bias, layer())
        });
        let gradient: Vec<f64> = found[1..].iter().flat_map(|d| d.iter::<f64>()).collect();
        let loss = |i: usize, by: f64| {
            let mut all = all.clone();
            all[i] += by;
            let (x, rest) = all.split_at(parts[0]);
            let (weight, bias) = rest.split_at(parts[1]);
            let bias = matrix(bias, [1, units]).squeeze_dim(0);
            let (x, weight) = (matrix(x, [rows, inputs]), matrix(weight, [inputs, units]));
            let y = dense(x, weight, Some(bias), layer());
            (y * matrix(&numbers(rows * units, 0.7), [rows, units]))
                .sum()
                .into_scalar::<f64>()
        };
        let h = 1e-6;
        for (i, gradient) in gradient.iter().enumerate() {
            let difference = (loss(i, h) - loss(i, -h)) / (2.0 * h);
            assert!(
                (difference - gradient).abs() < 1e-6 * gradient.abs().max(1.0),
                "{kind:?}, number {i}: {gradient}, not {difference}"
            );
        }
    }
}

#[test]
fn watches_see_what_probes_see() {
    for (rows, kind) in [
        (7, Some(Curve::Tanh)),
        (7, Some(Curve::Gelu)),
        (900, Some(Curve::Relu)),
        (900, None),
        (MANY, Some(Curve::Gelu)),
        (MANY, Some(Curve::Tanh)),
        (MANY, None),
    ] {
        let x = tensor([rows, 64], 0.1, DType::F32);
        let weight = tensor([64, 70], 0.3, DType::F32);
        let bias = tensor([70], 0.6, DType::F32);
        let fused = Arc::new(Keep::default());
        let layer = Dense {
            curve: kind,
            input: Some(watch(&fused, 0)),
            before: Some(watch(&fused, 1)),
            after: kind.map(|_| 2),
        };
        let y = dense(x.clone(), weight.clone(), Some(bias.clone()), layer);
        let _ = (y.clone() * y).sum().backward();
        let apart = Arc::new(Keep::default());
        let x = probe(x, watch(&apart, 0));
        let z = probe(linear(x, weight, Some(bias)), watch(&apart, 1));
        let y = match kind {
            Some(kind) => probe(curve(kind, z), watch(&apart, 2)),
            None => z,
        };
        let _ = (y.clone() * y).sum().backward();
        let (found, expected) = (fused.0.lock().unwrap(), apart.0.lock().unwrap());
        assert_eq!(found.len(), expected.len());
        assert_eq!(found.len(), if kind.is_some() { 6 } else { 4 });
        for (a, b) in found.iter().zip(&*expected) {
            assert_eq!((a.0, a.1, a.2), (b.0, b.1, b.2));
            assert!(
                (a.3.sum_squares / b.3.sum_squares - 1.0).abs() < 1e-4,
                "{a:?}"
            );
            let shape = [a.4.len()];
            TensorData::new(a.4.clone(), shape).assert_approx_eq::<f64>(
                &TensorData::new(b.4.clone(), shape),
                Tolerance::rel_abs(1e-4, 1e-2),
            );
        }
        assert_eq!(found[0].1, Direction::Forward);
    }
}

#[test]
fn numbers_that_are_none_pass_and_sequences_are_rows() {
    let device = Device::flex().autodiff();
    let x = Tensor::<3>::from_floats([[[1.0, f32::NAN], [f32::INFINITY, 0.0]]], &device);
    let weight = Tensor::<2>::from_floats([[1.0, -1.0, 2.0], [1.0, 1.0, 1.0]], &device);
    for kind in CURVES.into_iter().map(Some).chain([None]) {
        let layer = Dense {
            curve: kind,
            ..Dense::default()
        };
        let y = dense(x.clone(), weight.clone(), None, layer);
        assert_eq!(y.dims(), [1, 2, 3]);
        let z = linear(x.clone(), weight.clone(), None);
        let expected = match kind {
            Some(kind) => curve(kind, z),
            None => z,
        };
        let (y, expected) = (y.into_data(), expected.into_data());
        for (a, b) in y.iter::<f32>().zip(expected.iter::<f32>()) {
            assert!(
                a == b || (a.is_nan() && b.is_nan()),
                "{kind:?}: {a}, not {b}"
            );
        }
    }
}

#[test]
fn gradients_that_are_no_numbers_go_where_those_of_composed_operations_go() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for kind in [None, Some(Curve::Tanh), Some(Curve::Gelu)] {
            // In x, in the weights, in the bias.
            for which in 0..3 {
                let spoil = |mine: i32| {
                    if which == mine {
                        vec![(4, bad)]
                    } else {
                        vec![]
                    }
                };
                let x = spoilt(&tensor([3, 4], 0.1, DType::F64), &spoil(0));
                let weight = spoilt(&tensor([4, 5], 0.3, DType::F64), &spoil(1));
                let bias = spoilt(&tensor([5], 0.6, DType::F64), &spoil(2));
                let device = x.device();
                let all = |found: Vec<TensorData>| {
                    let flat = found.iter().flat_map(|d| d.iter::<f64>());
                    let flat: Vec<f64> = flat.collect();
                    let count = flat.len();
                    let data = TensorData::new(flat, [count]);
                    Tensor::<1>::from_data(data, (&device, DType::F64))
                };
                let ours = all(run([&x, &weight], Some(&bias), |x, weight, bias| {
                    let layer = Dense {
                        curve: kind,
                        ..Dense::default()
                    };
                    dense(x, weight, bias, layer)
                }));
                let theirs = all(run([&x, &weight], Some(&bias), composed(kind)));
                assert!(
                    alike(&ours, &theirs, 1e-12),
                    "{bad}, {which}: {ours} {theirs}"
                );
            }
        }
    }
}

#[test]
fn layers_of_nothing_are_their_bias_or_nothing() {
    for [rows, inputs, units] in [[3, 0, 4], [3, 4, 0], [0, 4, 2]] {
        let (x, weight) = (
            tensor([rows, inputs], 0.1, DType::F32),
            tensor([inputs, units], 0.3, DType::F32),
        );
        let bias = tensor([units], 0.6, DType::F32);
        let found = run([&x, &weight], Some(&bias), |x, weight, bias| {
            dense(x, weight, bias, Dense::default())
        });
        let numbers = |data: &TensorData| data.iter::<f32>().collect::<Vec<f32>>();
        let (y, bias) = (numbers(&found[0]), numbers(&bias.into_data()));
        assert_eq!(y, bias.repeat(rows));
        assert_eq!(y.len(), rows * units);
        assert_eq!(found[1].num_elements(), rows * inputs);
        assert_eq!(found[2].num_elements(), inputs * units);
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    for [rows, inputs, units] in [[700, 300, 200], [MANY, 70, 61]] {
        let x = tensor([rows, inputs], 0.1, DType::F32);
        let weight = tensor([inputs, units], 0.3, DType::F32);
        let bias = tensor([units], 0.6, DType::F32);
        let with = |threads: usize| {
            on_threads(threads, || {
                run([&x, &weight], Some(&bias), |x, weight, bias| {
                    let layer = Dense {
                        curve: Some(Curve::Tanh),
                        ..Dense::default()
                    };
                    dense(x, weight, bias, layer)
                })
            })
        };
        for (a, b) in with(1).iter().zip(&with(3)) {
            a.assert_eq(b, true);
        }
    }
}
