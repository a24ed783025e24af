#![allow(clippy::unwrap_used)]

use super::tile::{Correlation, block, packed};
use super::{Windows, conv2d, conv2d_watched};
use crate::lanes::Wide;
use crate::probe::tests::{Keep, watch};
use crate::probe::{Direction, probe};
use crate::testing::{self, alike, cases, on_threads, slope_gap, spoilt, tensor, turned};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{DType, Device, Tensor, TensorData, module};
use proptest::prelude::*;
use std::sync::Arc;

/// max|a − b| ÷ max|b|.
fn error<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> f64 {
    testing::error(a, b, f64::MIN_POSITIVE)
}

/// Burn's own.
fn burns(x: Tensor<4>, w: Tensor<4>, b: Option<Tensor<1>>, windows: Windows) -> Tensor<4> {
    let pairs = [
        (windows.padding[0], windows.padding[1]),
        (windows.padding[2], windows.padding[3]),
    ];
    let options =
        ConvOptions::new_with_padding(windows.stride, pairs, windows.dilation, windows.groups);
    module::conv2d(x, w, b, options)
}

/// Sizes of images and kernels, and windows that fit.
fn convolutions(
    size: usize,
    batch: usize,
) -> impl Strategy<Value = ([usize; 4], [usize; 4], Windows)> {
    let counts = (1..=batch, 1usize..4, 1usize..4, 1usize..3);
    let sizes = ([1..=size, 1..=size], [1usize..4, 1usize..4]);
    let steps = ([1usize..4, 1usize..4], [1usize..3, 1usize..3]);
    let padding = [0usize..3, 0usize..3, 0usize..3, 0usize..3];
    let all = (counts, sizes, steps, padding).prop_map(
        |((batch, channels, filters, groups), (size, kernel), (stride, dilation), padding)| {
            let windows = Windows {
                stride,
                padding,
                dilation,
                groups,
            };
            (
                [batch, channels * groups, size[0], size[1]],
                [filters * groups, channels, kernel[0], kernel[1]],
                windows,
            )
        },
    );
    all.prop_filter("a window is larger than its image", |(x, w, windows)| {
        (0..2).all(|i| {
            let reach = (w[2 + i] - 1) * windows.dilation[i] + 1;
            reach <= x[2 + i] + windows.padding[2 * i] + windows.padding[2 * i + 1]
        })
    })
}

/// Largest error of the output and of the three gradients against Burn's own convolution.
fn against_burn(x: [usize; 4], weight: [usize; 4], windows: Windows, dtype: DType) -> f64 {
    let (x, w) = (tensor(x, 1, dtype), tensor(weight, 2, dtype));
    let b = tensor([weight[0]], 3, dtype);
    let views = [turned(x.clone()), turned(w.clone())];
    let [a, c] = views;
    let ours = conv2d(a, c, Some(b.clone()), windows);
    let theirs = burns(x.clone(), w.clone(), Some(b.clone()), windows);
    let weights = tensor(ours.dims(), 4, dtype).detach();
    let mut worst = error(&ours, &theirs);
    let ours = (ours * weights.clone()).sum().backward();
    let theirs = (theirs * weights).sum().backward();
    worst = worst.max(error(&x.grad(&ours).unwrap(), &x.grad(&theirs).unwrap()));
    worst = worst.max(error(&w.grad(&ours).unwrap(), &w.grad(&theirs).unwrap()));
    worst.max(error(&b.grad(&ours).unwrap(), &b.grad(&theirs).unwrap()))
}

proptest! {
    #![proptest_config(cases(120))]
    #[test]
    fn any_convolution_agrees_with_burn((x, weight, windows) in convolutions(8, 10)) {
        prop_assert!(against_burn(x, weight, windows, DType::F64) < 1e-12);
        prop_assert!(against_burn(x, weight, windows, DType::F32) < 1e-5);
    }
}

proptest! {
    #![proptest_config(cases(30))]
    #[test]
    fn gradients_are_those_of_finite_differences((x, weight, windows) in convolutions(5, 3)) {
        let (x, w) = (tensor(x, 1, DType::F64), tensor(weight, 2, DType::F64));
        let b = tensor([weight[0]], 3, DType::F64);
        let run = |x: &Tensor<4>, w: &Tensor<4>, b: &Tensor<1>| {
            conv2d(x.clone(), w.clone(), Some(b.clone()), windows)
        };
        let y = run(&x, &w, &b);
        let slopes = tensor(y.dims(), 4, DType::F64).detach();
        let loss = |y: Tensor<4>| (y * slopes.clone()).sum();
        // L is linear in each of x, W and b: the quotient is exact but for rounding, whatever the step.
        // L has so many terms of at most 1.5³, is rounded at most so many times on the way to it, twice
        // in a quotient, and so is the gradient itself, over a step that is no smaller.
        let step = 0.5;
        let outputs = y.dims().iter().product::<usize>() as f64;
        let terms = 1.0 + weight[1..].iter().product::<usize>() as f64;
        let rounding = f64::EPSILON * outputs * terms * 1.5f64.powi(3) * (outputs + terms);
        let bound = 2.0 * rounding / step;
        let [to_x, _] = slope_gap(&x, step, |x| loss(run(&x, &w, &b)));
        let [to_w, _] = slope_gap(&w, step, |w| loss(run(&x, &w, &b)));
        let [to_b, _] = slope_gap(&b, step, |b| loss(run(&x, &w, &b)));
        for apart in [to_x, to_w, to_b] {
            prop_assert!(apart < bound, "{:e}, more than {:e}", apart, bound);
        }
    }
}

proptest! {
    #![proptest_config(cases(60))]
    #[test]
    fn what_is_not_a_number_goes_where_it_goes_in_burn(
        (x, weight, windows) in convolutions(6, 4),
        bad in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)],
        which in 0..4,
        at in any::<prop::sample::Index>(),
    ) {
        let spoil = |mine: i32| {
            let spot = (at.index(1 << 20), bad);
            if which == mine { vec![spot] } else { Vec::new() }
        };
        let x = spoilt(&tensor(x, 1, DType::F64), &spoil(0));
        let w = spoilt(&tensor(weight, 2, DType::F64), &spoil(1));
        let b = spoilt(&tensor([weight[0]], 3, DType::F64), &spoil(2));
        let run = |f: &dyn Fn(Tensor<4>, Tensor<4>, Option<Tensor<1>>, Windows) -> Tensor<4>| {
            let y = f(x.clone(), w.clone(), Some(b.clone()), windows);
            let slopes = spoilt(&tensor(y.dims(), 4, DType::F64), &spoil(3)).detach();
            let gradients = (y.clone() * slopes).sum().backward();
            (y, x.grad(&gradients).unwrap(), w.grad(&gradients).unwrap(), b.grad(&gradients).unwrap())
        };
        let (ours, theirs) = (run(&conv2d), run(&burns));
        prop_assert!(alike(&ours.0, &theirs.0, 1e-12), "output: {} {}", ours.0, theirs.0);
        prop_assert!(alike(&ours.1, &theirs.1, 1e-12), "to x: {} {}", ours.1, theirs.1);
        prop_assert!(alike(&ours.2, &theirs.2, 1e-12), "to W: {} {}", ours.2, theirs.2);
        prop_assert!(alike(&ours.3, &theirs.3, 1e-12), "to b: {} {}", ours.3, theirs.3);
    }
}

const PLAIN: Windows = Windows {
    stride: [1, 1],
    padding: [1; 4],
    dilation: [1, 1],
    groups: 1,
};

#[test]
fn windows_may_lie_in_the_padding_alone() {
    for (padding, stride) in [([0, 0, 0, 6], 1), ([0, 0, 6, 0], 1), ([6, 6, 6, 6], 3)] {
        let windows = Windows {
            stride: [stride; 2],
            padding,
            dilation: [1, 2],
            groups: 1,
        };
        let error = against_burn([2, 1, 2, 2], [3, 1, 1, 3], windows, DType::F64);
        assert!(error < 1e-12, "{windows:?}: {error:e}");
    }
}

#[test]
fn views_are_read_in_order_and_nothing_is_needed_for_no_images() {
    let x = tensor([2, 3, 5, 4], 1, DType::F32);
    let w = tensor([4, 3, 3, 3], 2, DType::F32);
    let turned = conv2d(
        x.clone().swap_dims(2, 3),
        w.clone().swap_dims(2, 3),
        None,
        PLAIN,
    );
    let straight = conv2d(x, w.clone(), None, PLAIN).swap_dims(2, 3);
    assert!(error(&turned, &straight) < 1e-6);
    let empty = Tensor::<4>::zeros([0, 3, 5, 4], &Device::flex().autodiff());
    assert_eq!(conv2d(empty, w, None, PLAIN).dims(), [0, 4, 5, 4]);
}

#[test]
fn what_is_not_a_number_passes_into_its_windows_only() {
    let mut values = vec![1.0f32; 25];
    values[12] = f32::NAN;
    let device = Device::flex();
    let x = Tensor::<4>::from_data(TensorData::new(values, [1, 1, 5, 5]), &device);
    let y = conv2d(x, Tensor::ones([1, 1, 3, 3], &device), None, PLAIN);
    let y: Vec<f32> = y.to_data().iter().collect();
    let bad: Vec<usize> = (0..25).filter(|&i| y[i].is_nan()).collect();
    assert_eq!(bad, [6, 7, 8, 11, 12, 13, 16, 17, 18]);
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let bits = |threads: usize| {
        on_threads(threads, || {
            let (x, w) = (
                tensor([37, 3, 9, 9], 1, DType::F32),
                tensor([5, 3, 3, 3], 2, DType::F32),
            );
            let y = conv2d(x, w.clone(), None, PLAIN);
            let gradients = (y.clone() * y).sum().backward();
            w.grad(&gradients).unwrap().to_data()
        })
    };
    bits(1).assert_eq(&bits(3), true);
}

#[test]
fn a_watch_sees_what_a_probe_behind_sees() {
    for (x, w, padding) in [
        ([11, 3, 6, 5], [4, 3, 3, 3], [1; 4]),
        ([5, 8, 4, 4], [6, 8, 1, 1], [0; 4]),
        ([5, 3, 4, 4], [6, 3, 1, 1], [1; 4]),
    ] {
        let windows = Windows { padding, ..PLAIN };
        for frozen in [false, true] {
            let keep = Arc::new(Keep::default());
            let (x, w) = (tensor(x, 1, DType::F32), tensor(w, 2, DType::F32));
            let w = w.set_require_grad(!frozen);
            let seen = conv2d_watched(x.clone(), w.clone(), None, windows, Some(watch(&keep, 1)));
            let behind = probe(conv2d(x, w, None, windows), watch(&keep, 2));
            let _ = (seen.clone() * seen).sum().backward();
            let _ = (behind.clone() * behind).sum().backward();
            let log = keep.0.lock().unwrap();
            let of = |site: usize, direction: Direction| {
                let found = log.iter().find(|s| s.0 == site && s.1 == direction);
                let (_, _, batch, moments, values) = found.unwrap();
                (*batch, *moments, values.clone())
            };
            for direction in [Direction::Forward, Direction::Backward] {
                let (a, b) = (of(1, direction), of(2, direction));
                assert_eq!((a.0, &a.2), (b.0, &b.2));
                assert_eq!((a.1.count, a.1.max_abs), (b.1.count, b.1.max_abs));
                assert!((a.1.sum_squares / b.1.sum_squares - 1.0).abs() < 1e-5);
            }
        }
    }
}

/// Every kind of register that is there computes the same, for every size of block.
#[test]
fn the_portable_form_agrees_with_the_widest() {
    fn sums<T: Wide + From<f32> + Into<f64>>(filters: usize, portable: bool) -> Vec<f64> {
        let value = |i: usize| T::from(((i * 37) % 101) as f32 / 50.0 - 1.0);
        let x: Vec<T> = (0..700).map(value).collect();
        let offsets: Vec<usize> = (0..300).map(|i| (i * 7) % 500).collect();
        let weights = packed(filters, offsets.len(), |f, t| value(f * 11 + t));
        let (positions, room) = (100, 192);
        let start: Vec<T> = (0..filters.next_multiple_of(block(filters)))
            .map(value)
            .collect();
        let mut sums = vec![T::default(); start.len() * room];
        let correlation = Correlation {
            x: &x,
            offsets: &offsets,
            weights: &weights,
            start: &start,
            block: block(filters),
            positions,
            sums: &mut sums,
            room,
        };
        if portable {
            T::narrowest(correlation);
        } else {
            T::widest(correlation);
        }
        let lines = sums.chunks(room).take(filters);
        lines
            .flat_map(|line| line[..positions].iter().map(|&x| x.into()))
            .collect()
    }
    for filters in [1, 4, 5, 8, 12, 16, 23] {
        let (a, b) = (sums::<f32>(filters, true), sums::<f32>(filters, false));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4));
        let (a, b) = (sums::<f64>(filters, true), sums::<f64>(filters, false));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}
