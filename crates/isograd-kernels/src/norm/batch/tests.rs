#![allow(clippy::unwrap_used)]

use super::{BatchNormalisation, BatchNormalised, batch_norm};
use crate::testing::{
    Keep, alike, cases, error, on_threads, same_records, slope_error, spoilt, tensor, values,
};
use crate::{Curve, Want, curve, probe};
use burn::tensor::module::batch_norm_train;
use burn::tensor::{DType, Device, Tensor};
use proptest::prelude::*;

fn how(axis: usize) -> BatchNormalisation {
    BatchNormalisation {
        axis,
        epsilon: 1e-3,
        curve: None,
        before: None,
        after: None,
    }
}

/// Largest error of the output, the statistics and the three gradients against Burn's own.
fn against_burn<const D: usize>(dims: [usize; D], axis: usize, dtype: DType) -> f64 {
    let x = tensor(dims, 1, dtype);
    let (gamma, beta) = (
        tensor([dims[axis]], 2, dtype),
        tensor([dims[axis]], 3, dtype),
    );
    let ours = batch_norm(x.clone(), gamma.clone(), beta.clone(), how(axis));
    let theirs = batch_norm_train(
        x.clone().swap_dims(1, axis),
        gamma.clone(),
        beta.clone(),
        1e-3,
    );
    let their_output = theirs.output.swap_dims(1, axis);
    let weights = tensor(dims, 4, dtype).detach();
    let mut worst = error(&ours.output, &their_output, 1.0);
    worst = worst.max(error(&ours.mean, &theirs.mean, 1.0));
    worst = worst.max(error(&ours.variance, &theirs.variance, 1.0));
    let ours = (ours.output * weights.clone()).sum().backward();
    let theirs = (their_output * weights).sum().backward();
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
    #![proptest_config(cases(60))]
    #[test]
    fn any_batch_agrees_with_burn(
        batch in 1usize..40,
        units in 1usize..40,
        size in [1usize..9, 1usize..9],
    ) {
        for (dtype, bound) in [(DType::F64, 1e-11), (DType::F32, 3e-4)] {
            // A variance near ε magnifies what rounding leaves of the mean: 1/√ε.
            prop_assert!(against_burn([batch, units], 1, dtype) < bound);
            prop_assert!(against_burn([batch, units, size[0]], 1, dtype) < bound);
            prop_assert!(against_burn([batch, size[0], units], 2, dtype) < bound);
            prop_assert!(against_burn([batch, units, size[0], size[1]], 1, dtype) < bound);
        }
    }
}

#[test]
fn batches_of_many_pieces_agree_with_burn() {
    for dims in [[40, 16, 13, 17], [3, 2, 181, 191], [70, 90, 1, 11]] {
        assert!(against_burn(dims, 1, DType::F64) < 1e-11, "{dims:?}");
        assert!(against_burn(dims, 1, DType::F32) < 3e-5, "{dims:?}");
    }
    assert!(against_burn([700, 70], 1, DType::F32) < 3e-5);
    assert!(against_burn([20, 50, 70], 2, DType::F32) < 3e-5);
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let dims = [3, 2, 2, 3];
    let x = tensor(dims, 1, DType::F64);
    let (gamma, beta) = (tensor([2], 2, DType::F64), tensor([2], 3, DType::F64));
    let weights = tensor(dims, 4, DType::F64).detach();
    let loss = |x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>| {
        let y = batch_norm(x, gamma, beta, how(1)).output;
        (y.clone() * y * weights.clone()).sum()
    };
    let to_x = slope_error(&x, |x| loss(x, gamma.clone(), beta.clone()));
    let to_gamma = slope_error(&gamma, |g| loss(x.clone(), g, beta.clone()));
    let to_beta = slope_error(&beta, |b| loss(x.clone(), gamma.clone(), b));
    for worst in [to_x, to_gamma, to_beta] {
        assert!(worst < 1e-7, "{worst:e}");
    }
}

#[test]
fn views_are_read_in_order_and_shared_gradients_are_left_alone() {
    let x = tensor([6, 5, 4, 3], 1, DType::F32);
    let (gamma, beta) = (tensor([5], 2, DType::F32), tensor([5], 3, DType::F32));
    let normal = |x: Tensor<4>| batch_norm(x, gamma.clone(), beta.clone(), how(1)).output;
    let turned = normal(x.clone().swap_dims(2, 3)).swap_dims(2, 3);
    assert!(error(&turned, &normal(x.clone()), 1.0) < 1e-6);
    // The gradient of a sum of two goes to both.
    let other = tensor([6, 5, 4, 3], 7, DType::F32);
    let sum = normal(x.clone()) + other.clone();
    let weights = tensor([6, 5, 4, 3], 4, DType::F32).detach();
    let gradients = (sum * weights.clone()).sum().backward();
    assert_eq!(values(&other.grad(&gradients).unwrap()), values(&weights));
    let alone = (normal(x.clone()) * weights).sum().backward();
    let (a, b) = (x.grad(&gradients).unwrap(), x.grad(&alone).unwrap());
    assert_eq!(values(&a), values(&b));
}

#[test]
fn nothing_is_needed_for_no_examples() {
    let x = Tensor::<2>::zeros([0, 3], &Device::flex().autodiff());
    let ones = Tensor::ones([3], &Device::flex().autodiff()).require_grad();
    let made = batch_norm(x, ones.clone(), ones.clone(), how(1));
    assert_eq!(made.output.dims(), [0, 3]);
    assert!(values(&made.mean).iter().all(|m| m.is_nan()));
    let gradients = made.output.sum().backward();
    assert_eq!(values(&ones.grad(&gradients).unwrap()), [0.0; 3]);
}

#[test]
fn what_is_not_a_number_stays_in_its_unit() {
    for bad in [f32::NAN, f32::INFINITY] {
        let x = tensor([4, 3, 5], 1, DType::F32);
        let device = x.device();
        let spot = Tensor::<3>::from_data([[[bad]]], &device);
        let x = x.slice_assign([2..3, 1..2, 4..5], spot);
        let ones = Tensor::ones([3], &device);
        let y = batch_norm(x, ones.clone(), ones, how(1)).output;
        for (i, y) in values(&y).into_iter().enumerate() {
            assert_eq!(y.is_nan(), i / 5 % 3 == 1, "{i}");
        }
    }
}

#[test]
fn gradients_that_are_no_numbers_are_where_burns_are() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        // In x, in γ, in the gradient.
        for which in 0..3 {
            let spoil = |mine: i32| {
                if which == mine {
                    vec![(4, bad)]
                } else {
                    vec![]
                }
            };
            let x = spoilt(&tensor([4, 5, 3], 1, DType::F64), &spoil(0));
            let gamma = spoilt(&tensor([5], 2, DType::F64), &spoil(1));
            let beta = tensor([5], 3, DType::F64);
            let slopes = spoilt(&tensor([4, 5, 3], 4, DType::F64), &spoil(2)).detach();
            let run = |y: Tensor<3>| {
                let gradients = (y * slopes.clone()).sum().backward();
                let to = [&gamma, &beta].map(|p| p.grad(&gradients).unwrap());
                (x.grad(&gradients).unwrap(), Tensor::cat(to.to_vec(), 0))
            };
            let ours = batch_norm(x.clone(), gamma.clone(), beta.clone(), how(1)).output;
            let theirs = batch_norm_train(x.clone(), gamma.clone(), beta.clone(), 1e-3).output;
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
fn a_mean_far_from_zero_costs_no_digits() {
    let x = tensor([64, 3, 50], 1, DType::F32);
    let ones = Tensor::ones([3], &x.device());
    let zeros = Tensor::zeros([3], &x.device());
    // Multiples of 1/64 are exact at both places.
    let x = (x * 64.0).round() / 64.0;
    let near = batch_norm(x.clone(), ones.clone(), zeros.clone(), how(1));
    let far = batch_norm(x + 65_536.0, ones, zeros, how(1));
    assert!(error(&far.variance, &near.variance, 0.0) < 1e-6);
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let bits = |threads: usize, dims: [usize; 3]| {
        on_threads(threads, || {
            let x = tensor(dims, 1, DType::F32);
            let gamma = tensor([dims[1]], 2, DType::F32);
            let y = batch_norm(x.clone(), gamma.clone(), gamma.clone(), how(1)).output;
            let gradients = (y.clone() * y.clone()).sum().backward();
            let (dx, dg) = (x.grad(&gradients).unwrap(), gamma.grad(&gradients).unwrap());
            (values(&y), values(&dx), values(&dg))
        })
    };
    for dims in [[37, 30, 111], [4000, 37, 1]] {
        assert_eq!(bits(1, dims), bits(3, dims));
    }
}

#[test]
fn the_watch_sees_what_a_probe_behind_it_sees() {
    for (dims, dtype) in [([5, 4, 3], DType::F64), ([50, 12, 131], DType::F32)] {
        for want in [Want::Nothing, Want::Moments, Want::Values] {
            let keep = Keep::new(want);
            let records = |inside: bool| {
                let x = tensor(dims, 1, dtype);
                let gamma = tensor([dims[1]], 2, dtype);
                let how = BatchNormalisation {
                    before: inside.then(|| keep.watch(3)),
                    ..how(1)
                };
                let BatchNormalised { output, .. } = batch_norm(x, gamma.clone(), gamma, how);
                let y = if inside {
                    output
                } else {
                    probe(output, keep.watch(3))
                };
                (y.clone() * y).sum().backward();
                keep.take()
            };
            same_records(&records(true), &records(false), 1e-5);
        }
    }
}

const CURVES: [Curve; 5] = [
    Curve::Relu,
    Curve::LeakyRelu { slope: 0.1 },
    Curve::Tanh,
    Curve::Gelu,
    Curve::Elu {
        alpha: 0.7,
        scale: 1.0,
    },
];

/// Largest error of the output and the three gradients against the activation by itself.
fn against_two<const D: usize>(dims: [usize; D], axis: usize, phi: Curve, dtype: DType) -> f64 {
    let x = tensor(dims, 1, dtype);
    let (gamma, beta) = (
        tensor([dims[axis]], 2, dtype),
        tensor([dims[axis]], 3, dtype),
    );
    let normal = |phi: Option<Curve>| {
        let how = BatchNormalisation {
            curve: phi,
            ..how(axis)
        };
        batch_norm(x.clone(), gamma.clone(), beta.clone(), how).output
    };
    let (ours, theirs) = (normal(Some(phi)), curve(phi, normal(None)));
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
    #![proptest_config(cases(40))]
    #[test]
    fn an_activation_behind_it_is_the_activation(
        batch in 1usize..40,
        units in 1usize..40,
        size in 1usize..30,
        which in 0..CURVES.len(),
    ) {
        let phi = CURVES[which];
        for (dtype, bound) in [(DType::F64, 1e-13), (DType::F32, 1e-6)] {
            prop_assert!(against_two([batch, units], 1, phi, dtype) < bound);
            prop_assert!(against_two([batch, units, size], 1, phi, dtype) < bound);
            prop_assert!(against_two([batch, size, units], 2, phi, dtype) < bound);
        }
    }
}

#[test]
fn an_activation_behind_many_pieces_is_the_activation() {
    for phi in CURVES {
        assert!(against_two([40, 16, 13, 17], 1, phi, DType::F32) < 1e-6);
        assert!(against_two([700, 70], 1, phi, DType::F32) < 1e-6);
    }
}

#[test]
fn gradients_through_an_activation_are_those_of_finite_differences() {
    let dims = [3, 2, 5];
    for phi in CURVES {
        let x = tensor(dims, 1, DType::F64);
        let (gamma, beta) = (tensor([2], 2, DType::F64), tensor([2], 3, DType::F64));
        let weights = tensor(dims, 4, DType::F64).detach();
        let loss = |x: Tensor<3>, gamma: Tensor<1>, beta: Tensor<1>| {
            let how = BatchNormalisation {
                curve: Some(phi),
                ..how(1)
            };
            let y = batch_norm(x, gamma, beta, how).output;
            (y.clone() * y * weights.clone()).sum()
        };
        let to_x = slope_error(&x, |x| loss(x, gamma.clone(), beta.clone()));
        let to_gamma = slope_error(&gamma, |g| loss(x.clone(), g, beta.clone()));
        let to_beta = slope_error(&beta, |b| loss(x.clone(), gamma.clone(), b));
        for worst in [to_x, to_gamma, to_beta] {
            assert!(worst < 1e-7, "{phi:?}: {worst:e}");
        }
    }
}

#[test]
fn what_is_not_a_number_passes_through_an_activation_in_its_unit() {
    let x = tensor([4, 3, 5], 1, DType::F32);
    let device = x.device();
    let spot = Tensor::<3>::from_data([[[f32::NAN]]], &device);
    let x = x.slice_assign([2..3, 1..2, 4..5], spot);
    let ones = Tensor::ones([3], &device);
    let how = BatchNormalisation {
        curve: Some(Curve::Relu),
        ..how(1)
    };
    let y = batch_norm(x, ones.clone(), ones, how).output;
    for (i, y) in values(&y).into_iter().enumerate() {
        assert_eq!(y.is_nan(), i / 5 % 3 == 1, "{i}");
    }
}

#[test]
fn both_watches_see_what_probes_in_their_places_see() {
    for (dims, dtype) in [([5, 4, 3], DType::F64), ([50, 12, 131], DType::F32)] {
        for (phi, shared) in [(Curve::Relu, false), (Curve::Gelu, true)] {
            for want in [Want::Nothing, Want::Moments, Want::Values] {
                let keep = Keep::new(want);
                let records = |inside: bool| {
                    let x = tensor(dims, 1, dtype);
                    let gamma = tensor([dims[1]], 2, dtype);
                    let how = BatchNormalisation {
                        curve: inside.then_some(phi),
                        before: inside.then(|| keep.watch(3)),
                        after: inside.then(|| keep.watch(4)),
                        ..how(1)
                    };
                    let y = batch_norm(x.clone(), gamma.clone(), gamma, how).output;
                    let y = if inside {
                        y
                    } else {
                        probe(curve(phi, probe(y, keep.watch(3))), keep.watch(4))
                    };
                    // The gradient of a sum of two goes to both.
                    let y = if shared { y + x } else { y };
                    (y.clone() * y).sum().backward();
                    keep.take()
                };
                same_records(&records(true), &records(false), 1e-5);
            }
        }
    }
}
