#![allow(clippy::unwrap_used)]

use super::{Rows, row_norm};
use crate::testing::{
    Keep, alike, cases, error, on_threads, same_records, slope_error, spoilt, tensor, values,
};
use crate::{Want, probe};
use burn::tensor::{DType, Device, Tensor};
use proptest::prelude::*;

/// Of `[batch, groups, units a group, positions]`.
fn how([_, groups, units, positions]: [usize; 4], centred: bool) -> Rows {
    Rows {
        elements: units * positions,
        groups,
        positions,
        centred,
        epsilon: 1e-3,
    }
}

/// The definition, made of Burn's operations.
fn composed(x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>, centred: bool) -> Tensor<4> {
    let [batch, groups, units, positions] = x.dims();
    let x = x.reshape([batch, groups, units * positions]);
    let x = if centred {
        x.clone() - x.mean_dim(2)
    } else {
        x
    };
    let square = x.clone().powi_scalar(2).mean_dim(2);
    let y = (x / (square + 1e-3).sqrt()).reshape([batch, groups, units, positions]);
    let each = |p: Tensor<1>| p.reshape([1, groups, units, 1]);
    y * each(gamma) + each(beta)
}

/// Largest error of the output and the three gradients against the definition.
fn against_composed(dims: [usize; 4], centred: bool, dtype: DType) -> f64 {
    let x = tensor(dims, 1, dtype);
    let units = [dims[1] * dims[2]];
    let (gamma, beta) = (tensor(units, 2, dtype), tensor(units, 3, dtype));
    let maps = (Some(gamma.clone()), Some(beta.clone()));
    let ours = row_norm(x.clone(), maps.0, maps.1, how(dims, centred), None);
    let theirs = composed(x.clone(), gamma.clone(), beta.clone(), centred);
    let weights = tensor(dims, 4, dtype).detach();
    let mut worst = error(&ours, &theirs, 1.0);
    let ours = (ours * weights.clone()).sum().backward();
    let theirs = (theirs * weights).sum().backward();
    worst = worst.max(error(
        &x.grad(&ours).unwrap(),
        &x.grad(&theirs).unwrap(),
        1.0,
    ));
    for p in [gamma, beta] {
        worst = worst.max(error(
            &p.grad(&ours).unwrap(),
            &p.grad(&theirs).unwrap(),
            1.0,
        ));
    }
    worst
}

proptest! {
    #![proptest_config(cases(80))]
    #[test]
    fn any_rows_agree_with_the_definition(
        batch in 1usize..20,
        groups in 1usize..4,
        units in 1usize..40,
        positions in 1usize..20,
        centred: bool,
    ) {
        for (dtype, bound) in [(DType::F64, 1e-11), (DType::F32, 3e-4)] {
            // A variance near ε magnifies what rounding leaves of the mean: 1/√ε.
            prop_assert!(against_composed([batch, groups, units, positions], centred, dtype) < bound);
            prop_assert!(against_composed([batch, 1, units, 1], centred, dtype) < bound);
        }
    }
}

#[test]
fn many_pieces_agree_with_the_definition() {
    for dims in [
        [900, 1, 131, 1],
        [3, 1, 50_000, 1],
        [40, 4, 8, 77],
        [2, 1, 3, 30_000],
    ] {
        for centred in [true, false] {
            assert!(
                against_composed(dims, centred, DType::F64) < 1e-10,
                "{dims:?}"
            );
            assert!(
                against_composed(dims, centred, DType::F32) < 1e-4,
                "{dims:?}"
            );
        }
    }
}

#[test]
fn layer_norm_is_burns() {
    let x = tensor([3, 7, 20], 1, DType::F32);
    let (gamma, beta) = (tensor([20], 2, DType::F32), tensor([20], 3, DType::F32));
    let ours = row_norm(
        x.clone(),
        Some(gamma.clone()),
        Some(beta.clone()),
        how([1, 1, 20, 1], true),
        None,
    );
    let theirs = burn::tensor::module::layer_norm(x, gamma, Some(beta), 1e-3);
    assert!(error(&ours, &theirs, 0.0) < 1e-5);
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for (dims, centred) in [
        ([3, 1, 5, 1], true),
        ([3, 1, 5, 1], false),
        ([2, 2, 2, 3], true),
    ] {
        let x = tensor(dims, 1, DType::F64);
        let units = [dims[1] * dims[2]];
        let (gamma, beta) = (tensor(units, 2, DType::F64), tensor(units, 3, DType::F64));
        let weights = tensor(dims, 4, DType::F64).detach();
        let loss = |x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>| {
            let y = row_norm(x, Some(gamma), Some(beta), how(dims, centred), None);
            (y.clone() * y * weights.clone()).sum()
        };
        let to_x = slope_error(&x, |x| loss(x, gamma.clone(), beta.clone()));
        let to_gamma = slope_error(&gamma, |g| loss(x.clone(), g, beta.clone()));
        let to_beta = slope_error(&beta, |b| loss(x.clone(), gamma.clone(), b));
        for worst in [to_x, to_gamma, to_beta] {
            assert!(worst < 1e-7, "{dims:?}: {worst:e}");
        }
    }
}

#[test]
fn scales_and_shifts_may_be_missing_and_views_are_read_in_order() {
    let x = tensor([4, 1, 6, 1], 1, DType::F32);
    let bare = row_norm(x.clone(), None, None, how([4, 1, 6, 1], true), None);
    let ones = Tensor::ones([6], &x.device());
    let zeros = Tensor::zeros([6], &x.device());
    assert!(error(&bare, &composed(x.clone(), ones, zeros, true), 0.0) < 1e-5);
    let turned = x.reshape([6, 4]).transpose();
    let straight = turned.clone() * 1.0;
    let normal = |x: Tensor<2>| row_norm(x, None, None, how([4, 1, 6, 1], false), None);
    assert!(error(&normal(turned), &normal(straight), 0.0) < 1e-6);
    let none = Tensor::<2>::zeros([0, 6], &Device::flex().autodiff());
    assert_eq!(normal(none).dims(), [0, 6]);
}

#[test]
fn what_is_not_a_number_stays_in_its_row() {
    for bad in [f32::NAN, f32::INFINITY] {
        let x = tensor([4, 7], 1, DType::F32);
        let spot = Tensor::<2>::from_data([[bad]], &x.device());
        let x = x.slice_assign([2..3, 0..1], spot);
        let y = row_norm(x, None, None, how([4, 1, 7, 1], true), None);
        for (i, y) in values(&y).into_iter().enumerate() {
            assert_eq!(y.is_nan(), i / 7 == 2, "{i}");
        }
    }
}

#[test]
fn gradients_that_are_no_numbers_are_where_those_of_the_definition_are() {
    let dims = [4, 2, 3, 3];
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        // In x, in γ, in the gradient.
        for which in 0..3 {
            let spoil = |mine: i32| {
                if which == mine {
                    vec![(22, bad)]
                } else {
                    vec![]
                }
            };
            let x = spoilt(&tensor(dims, 1, DType::F64), &spoil(0));
            let gamma = spoilt(&tensor([6], 2, DType::F64), &spoil(1));
            let beta = tensor([6], 3, DType::F64);
            let slopes = spoilt(&tensor(dims, 4, DType::F64), &spoil(2)).detach();
            let run = |y: Tensor<4>| {
                let gradients = (y * slopes.clone()).sum().backward();
                let to = [&gamma, &beta].map(|p| p.grad(&gradients).unwrap());
                (x.grad(&gradients).unwrap(), Tensor::cat(to.to_vec(), 0))
            };
            let maps = (Some(gamma.clone()), Some(beta.clone()));
            let ours = row_norm(x.clone(), maps.0, maps.1, how(dims, true), None);
            let theirs = composed(x.clone(), gamma.clone(), beta.clone(), true);
            let (ours, theirs) = (run(ours), run(theirs));
            assert!(
                alike(&ours.0, &theirs.0, 1e-11),
                "{bad}, {which}: {} {}",
                ours.0,
                theirs.0
            );
            assert!(
                alike(&ours.1, &theirs.1, 1e-11),
                "{bad}, {which}: {} {}",
                ours.1,
                theirs.1
            );
        }
    }
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let bits = |threads: usize, dims: [usize; 4]| {
        on_threads(threads, || {
            let x = tensor(dims, 1, DType::F32);
            let gamma = tensor([dims[1] * dims[2]], 2, DType::F32);
            let maps = (Some(gamma.clone()), Some(gamma.clone()));
            let y = row_norm(x.clone(), maps.0, maps.1, how(dims, true), None);
            let gradients = (y.clone() * y.clone()).sum().backward();
            let (dx, dg) = (x.grad(&gradients).unwrap(), gamma.grad(&gradients).unwrap());
            (values(&y), values(&dx), values(&dg))
        })
    };
    for dims in [[3000, 1, 37, 1], [50, 2, 9, 101]] {
        assert_eq!(bits(1, dims), bits(3, dims));
    }
}

#[test]
fn the_watch_sees_what_a_probe_behind_it_sees() {
    for (dims, dtype) in [([5, 1, 4, 1], DType::F64), ([50, 2, 12, 131], DType::F32)] {
        for want in [Want::Nothing, Want::Moments, Want::Values] {
            let keep = Keep::new(want);
            let records = |inside: bool| {
                let x = tensor(dims, 1, dtype);
                let watch = inside.then(|| keep.watch(3));
                let y = row_norm(x, None, None, how(dims, true), watch);
                let y = if inside { y } else { probe(y, keep.watch(3)) };
                (y.clone() * y).sum().backward();
                keep.take()
            };
            same_records(&records(true), &records(false), 1e-5);
        }
    }
}
