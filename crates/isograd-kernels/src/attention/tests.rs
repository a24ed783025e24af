#![allow(clippy::unwrap_used)]

use super::{Looks, attend, attend_to_self};
use crate::testing::{self, alike, cases, on_threads, slope_error, spoilt, tensor, turned, values};
use burn::tensor::activation::softmax;
use burn::tensor::{DType, Device, Tensor, TensorData};
use proptest::prelude::*;

/// max|a − b| ÷ max|b|.
fn error<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> f64 {
    testing::error(a, b, f64::MIN_POSITIVE)
}

/// Of Burn's own operations.
fn composed(
    queries: Tensor<3>,
    memory: Tensor<3>,
    mask: Option<Tensor<4>>,
    looks: Looks,
) -> Tensor<3> {
    let [batch, steps, features] = queries.dims();
    let keys = memory.dims()[1];
    let width = features / looks.heads;
    let split = |x: Tensor<3>| {
        let length = x.dims()[1];
        x.reshape([batch, length, looks.heads, width])
            .swap_dims(1, 2)
    };
    let key = split(memory.clone().narrow(2, 0, features));
    let value = split(memory.narrow(2, features, features));
    let scaled = split(queries) * (width as f64).sqrt().recip();
    let mut scores = scaled.matmul(key.swap_dims(2, 3));
    if looks.causal {
        let hidden: Vec<f32> = (0..steps * keys)
            .map(|i| {
                if i % keys > i / keys {
                    f32::NEG_INFINITY
                } else {
                    0.0
                }
            })
            .collect();
        let hidden = TensorData::new(hidden, [1, 1, steps, keys]).convert_dtype(scores.dtype());
        scores = scores.clone() + Tensor::from_data(hidden, (&scores.device(), scores.dtype()));
    }
    let mut weights = softmax(scores, 3);
    if let Some(mask) = mask {
        weights = weights * mask;
    }
    weights
        .matmul(value)
        .swap_dims(1, 2)
        .reshape([batch, steps, features])
}

/// Largest error of the result and of both gradients.
fn against_composed(
    [batch, steps, keys, width]: [usize; 4],
    looks: Looks,
    dropout: bool,
    dtype: DType,
) -> f64 {
    let features = looks.heads * width;
    let (q, m) = (
        tensor([batch, steps, features], 1, dtype),
        tensor([batch, keys, 2 * features], 2, dtype),
    );
    let mask = dropout.then(|| {
        let mask = tensor([batch, looks.heads, steps, keys], 3, dtype).detach();
        mask.greater_elem(-0.4).float().cast(dtype) * 1.25
    });
    let slopes = tensor([batch, steps, features], 4, dtype).detach();
    let views = (turned(q.clone()), turned(m.clone()));
    let ours = attend(views.0, views.1, mask.clone().map(turned), looks);
    let theirs = composed(q.clone(), m.clone(), mask.clone(), looks);
    let mut worst = error(&ours, &theirs);
    let ours = (ours * slopes.clone()).sum().backward();
    let theirs = (theirs * slopes.clone()).sum().backward();
    let (dq, dm) = (q.grad(&theirs).unwrap(), m.grad(&theirs).unwrap());
    // With one key nothing depends on the queries.
    let size = if keys == 1 {
        0.0
    } else {
        error(&q.grad(&ours).unwrap(), &dq)
    };
    worst = worst.max(size).max(error(&m.grad(&ours).unwrap(), &dm));
    if steps == keys {
        let x = Tensor::cat(vec![q, m], 2).detach().require_grad();
        let y = attend_to_self(x.clone(), mask, looks);
        let gradients = (y * slopes).sum().backward();
        let dx = x.grad(&gradients).unwrap();
        worst = worst.max(error(&dx, &Tensor::cat(vec![dq, dm], 2)));
    }
    worst
}

proptest! {
    #![proptest_config(cases(150))]
    #[test]
    fn any_attention_agrees_with_the_composed_form(
        batch in 1usize..4,
        steps in 1usize..80,
        keys in 1usize..80,
        square: bool,
        heads in 1usize..4,
        width in 1usize..9,
        causal: bool,
        dropout: bool,
    ) {
        let sizes = [batch, steps, if square { steps } else { keys }, width];
        let looks = Looks { heads, causal };
        let error = against_composed(sizes, looks, dropout, DType::F64);
        prop_assert!(error < 1e-12, "{:e}", error);
        let error = against_composed(sizes, looks, dropout, DType::F32);
        prop_assert!(error < 2e-5, "{:e}", error);
    }
}

#[test]
fn large_enough_for_several_threads() {
    let looks = Looks {
        heads: 4,
        causal: true,
    };
    assert!(against_composed([5, 70, 70, 8], looks, true, DType::F64) < 1e-12);
}

#[test]
fn gradients_are_finite_differences() {
    for (causal, dropout) in [(true, false), (false, true)] {
        let looks = Looks { heads: 2, causal };
        let x = tensor([2, 5, 18], 1, DType::F64);
        let slopes = tensor([2, 5, 6], 2, DType::F64).detach();
        let mask = |keys: usize| {
            let mask = tensor([2, 2, 5, keys], 3, DType::F64).detach();
            dropout.then_some(mask)
        };
        let alone = |x: Tensor<3>| (attend_to_self(x, mask(5), looks) * slopes.clone()).sum();
        let (q, m) = (
            tensor([2, 5, 6], 4, DType::F64),
            tensor([2, 7, 12], 5, DType::F64),
        );
        let other =
            |q: Tensor<3>, m: Tensor<3>| (attend(q, m, mask(7), looks) * slopes.clone()).sum();
        for worst in [
            slope_error(&x, alone),
            slope_error(&q, |q| other(q, m.clone())),
            slope_error(&m, |m| other(q.clone(), m)),
        ] {
            assert!(worst < 1e-8, "{looks:?}: {worst:e}");
        }
    }
}

#[test]
fn nothing_is_needed_for_nothing_and_views_are_read_in_order() {
    let looks = Looks {
        heads: 2,
        causal: false,
    };
    let device = Device::flex();
    for [batch, steps] in [[0, 3], [2, 0]] {
        let x = Tensor::<3>::zeros([batch, steps, 12], &device);
        assert_eq!(attend_to_self(x, None, looks).dims(), [batch, steps, 4]);
    }
    let none = attend(
        Tensor::ones([2, 3, 4], &device),
        Tensor::ones([2, 0, 8], &device),
        None,
        looks,
    );
    assert_eq!(values(&none), [0.0; 24]);
    let x = tensor([2, 12, 7], 1, DType::F64);
    let view = x.clone().swap_dims(1, 2);
    let straight = Tensor::<3>::from_data(view.to_data(), (&view.device(), DType::F64));
    let (a, b) = (
        attend_to_self(view, None, looks),
        attend_to_self(straight, None, looks),
    );
    assert_eq!(values(&a), values(&b));
    // A gradient of strides 0.
    assert_eq!(x.grad(&a.sum().backward()).unwrap().dims(), [2, 12, 7]);
}

#[test]
fn what_is_not_a_number_passes() {
    let looks = Looks {
        heads: 1,
        causal: true,
    };
    let device = Device::flex();
    let x = tensor([2, 4, 6], 1, DType::F32).inner();
    let bad = x.clone().slice_assign(
        [0..1, 1..2, 2..3],
        Tensor::full([1, 1, 1], f32::NAN, &device),
    );
    // The key of step 1: steps from there on see it.
    let y = values(&attend_to_self(bad, None, looks));
    let good = values(&attend_to_self(x, None, looks));
    assert_eq!(y[..2], good[..2]);
    assert!(y[2..8].iter().all(|v| v.is_nan()));
    assert_eq!(y[8..], good[8..]);
}

/// Of a causal attention the composed form adds −∞ to what is hidden, and keeps NaN there too.
#[test]
fn what_is_not_a_number_goes_where_it_goes_in_the_composed_form() {
    let looks = Looks {
        heads: 2,
        causal: false,
    };
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        // In a query, in a key, in a value, in a gradient.
        for which in 0..4 {
            let spoil = |mine: i32, at: usize| {
                if which == mine {
                    vec![(at, bad)]
                } else {
                    vec![]
                }
            };
            let q = spoilt(&tensor([2, 4, 6], 1, DType::F64), &spoil(0, 8));
            let m = tensor([2, 5, 12], 2, DType::F64);
            let m = spoilt(&spoilt(&m, &spoil(1, 14)), &spoil(2, 20));
            let slopes = spoilt(&tensor([2, 4, 6], 3, DType::F64), &spoil(3, 9)).detach();
            let run = |f: &dyn Fn(Tensor<3>, Tensor<3>) -> Tensor<3>| {
                let y = f(q.clone(), m.clone());
                let gradients = (y.clone() * slopes.clone()).sum().backward();
                [y, q.grad(&gradients).unwrap(), m.grad(&gradients).unwrap()]
            };
            let ours = run(&|q, m| attend(q, m, None, looks));
            let theirs = run(&|q, m| composed(q, m, None, looks));
            for (ours, theirs) in ours.iter().zip(&theirs) {
                assert!(
                    alike(ours, theirs, 1e-12),
                    "{bad}, {which}: {ours} {theirs}"
                );
            }
        }
    }
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let looks = Looks {
        heads: 4,
        causal: true,
    };
    let x = tensor([6, 50, 3 * 32], 1, DType::F32);
    let bits = |threads: usize| {
        on_threads(threads, || {
            let y = attend_to_self(x.clone(), None, looks);
            let gradients = (y.clone() * y.clone()).sum().backward();
            (y.to_data(), x.grad(&gradients).unwrap().to_data())
        })
    };
    let (one, three) = (bits(1), bits(3));
    one.0.assert_eq(&three.0, true);
    one.1.assert_eq(&three.1, true);
}
