#![allow(clippy::unwrap_used)]

use super::{Rule, State, Update, update};
use crate::Values;
use burn::tensor::{DType, Device, Tensor, TensorData};
use proptest::prelude::*;

/// The same made of tensor operations.
fn composed(
    by: &Update,
    weights: &Tensor<1>,
    gradient: &Tensor<1>,
    state: &mut [Option<Tensor<1>>],
) -> (Tensor<1>, Tensor<1>) {
    let gradient = gradient.clone().mul_scalar(by.factor) + weights.clone().mul_scalar(by.decay);
    let mut blend = |slot: usize, keep: f64, new: Tensor<1>| {
        let value = match state[slot].take() {
            Some(old) => old.mul_scalar(keep) + new,
            None => new,
        };
        state[slot] = Some(value.clone());
        value
    };
    let step = match by.rule {
        Rule::Plain => gradient.mul_scalar(by.rate),
        Rule::Momentum { momentum, nesterov } => {
            let velocity = blend(0, momentum, gradient.clone());
            let step = if nesterov {
                gradient + velocity.mul_scalar(momentum)
            } else {
                velocity
            };
            step.mul_scalar(by.rate)
        }
        Rule::Adam {
            beta1,
            beta2,
            epsilon,
            bias1,
            bias2,
        } => {
            let first = blend(0, beta1, gradient.clone().mul_scalar(1.0 - beta1));
            let square = gradient.mul_scalar((1.0 - beta2).sqrt()).square();
            let second = blend(1, beta2, square);
            let denominator = second.div_scalar(bias2).sqrt().add_scalar(epsilon);
            (first / denominator).mul_scalar(by.rate / bias1)
        }
    };
    (weights.clone().mul_scalar(by.keep) - step.clone(), step)
}

fn tensor(values: &[f64], dtype: DType) -> Tensor<1> {
    let data = TensorData::new(values.to_vec(), [values.len()]);
    Tensor::from_data(data, (&Device::flex(), dtype))
}

fn numbers(x: &Tensor<1>) -> Vec<f64> {
    x.to_data().iter::<f64>().collect()
}

fn rules() -> impl Strategy<Value = Rule> {
    prop_oneof![
        Just(Rule::Plain),
        (0.0..0.99, any::<bool>())
            .prop_map(|(momentum, nesterov)| Rule::Momentum { momentum, nesterov }),
        (0.0..0.99, 0.5..0.999, 1e-8..1e-3, 1..100i32).prop_map(|(beta1, beta2, epsilon, n)| {
            Rule::Adam {
                beta1,
                beta2,
                epsilon,
                bias1: 1.0 - f64::powi(beta1, n),
                bias2: 1.0 - f64::powi(beta2, n),
            }
        }),
    ]
}

fn updates() -> impl Strategy<Value = Update> {
    let factor = prop_oneof![Just(1.0), Just(-1.0), 0.01..1.0];
    let decay = prop_oneof![Just(0.0), 0.0..0.5];
    let keep = prop_oneof![Just(1.0), 0.5..1.0];
    (rules(), 1e-4..1.0, factor, decay, keep).prop_map(|(rule, rate, factor, decay, keep)| Update {
        rule,
        rate,
        factor,
        decay,
        keep,
    })
}

fn near(found: &[f64], expected: &[f64], share: f64) -> bool {
    near_beside(&[], found, expected, share)
}

/// The same where `terms` of this size may have cancelled.
fn near_beside(terms: &[f64], found: &[f64], expected: &[f64], share: f64) -> bool {
    let all = expected.iter().chain(terms);
    let largest = all.fold(0.0f64, |m, x| m.max(x.abs()));
    let pairs = found.iter().zip(expected);
    found.len() == expected.len()
        && pairs
            .into_iter()
            .all(|(a, b)| (a - b).abs() <= share * largest.max(1e-30))
}

proptest! {
    #[test]
    fn fused_steps_are_composed_ones(
        by in updates(),
        values in prop::collection::vec((-2.0f64..2.0, -2.0f64..2.0), 0..70),
        double in any::<bool>(),
    ) {
        let (dtype, share) = if double { (DType::F64, 1e-13) } else { (DType::F32, 2e-6) };
        let (weights, gradient): (Vec<f64>, Vec<f64>) = values.into_iter().unzip();
        let mut fused = tensor(&weights, dtype);
        let mut plain = fused.clone();
        let (mut state, mut plain_state) = (State::default(), [None, None]);
        for step in 0..3 {
            let gradient: Vec<f64> = gradient.iter().map(|g| g * (1.0 - 0.7 * f64::from(step))).collect();
            let gradient = tensor(&gradient, dtype);
            let before = numbers(&fused);
            let measure = step != 1;
            let (next, norms) = update(&by, fused, &Values::of(gradient.clone()), &mut state, measure).unwrap();
            fused = next;
            let (next, moved) = composed(&by, &plain, &gradient, &mut plain_state);
            plain = next;
            let (found, expected) = (numbers(&fused), numbers(&plain));
            prop_assert!(near_beside(&before, &found, &expected, share), "{fused} {plain}");
            for (a, b) in state.tensors(by.rule.slots()).iter().zip(&plain_state) {
                let (a, b) = (numbers(a), numbers(b.as_ref().unwrap()));
                prop_assert!(near(&a, &b, share), "{:?} {:?}", a, b);
            }
            prop_assert_eq!(norms.is_some(), measure);
            if let Some(norms) = norms {
                let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
                let found = [norms.weights, norms.moved, norms.gradient];
                let expected = [&before, &numbers(&moved), &numbers(&gradient)].map(|x| norm(x));
                prop_assert!(near(&found, &expected, 10.0 * share), "{:?} {:?}", found, expected);
            }
        }
    }
}

const ADAM: Update = Update {
    rule: Rule::Adam {
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        bias1: 0.1,
        bias2: 0.01,
    },
    rate: 0.1,
    factor: 1.0,
    decay: 0.0,
    keep: 0.9,
};

#[test]
fn long_tensors_are_stepped_in_parts_that_do_not_depend_on_the_threads() {
    let count: u32 = 5 * (1 << 15) + 77;
    let values: Vec<f64> = (0..count)
        .map(|i| f64::from((i * 37) % 1013) / 506.0 - 1.0)
        .collect();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let (w, g) = (
                tensor(&values, DType::F32),
                tensor(&values, DType::F32).neg(),
            );
            let mut state = State::default();
            let (w, norms) = update(&ADAM, w, &Values::of(g), &mut state, true).unwrap();
            let kept: Vec<_> = state.tensors(2).iter().map(numbers).collect();
            (numbers(&w), kept, norms)
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
    // The parts meet.
    let part = |values: &[f64]| tensor(values, DType::F32);
    let (w, g) = (
        part(&values[32_700..32_800]),
        part(&values[32_700..32_800]).neg(),
    );
    let (w, _) = update(&ADAM, w, &Values::of(g), &mut State::default(), false).unwrap();
    assert_eq!(numbers(&w), one.0[32_700..32_800]);
}

#[test]
fn it_works_in_place_and_leaves_other_handles_alone() {
    let (w, g) = (
        tensor(&[1.0; 40], DType::F32),
        tensor(&[2.0; 40], DType::F32),
    );
    let other = w.clone();
    let (w, _) = update(
        &ADAM,
        w,
        &Values::of(g.clone()),
        &mut State::default(),
        false,
    )
    .unwrap();
    assert_eq!(numbers(&other), [1.0; 40]);
    assert!((numbers(&w)[39] - 0.8).abs() < 1e-6);
    assert_eq!(numbers(&g), [2.0; 40]);
}

#[test]
fn views_are_read_in_their_order_and_other_shapes_kept() {
    let device = Device::flex();
    let by = Update {
        rule: Rule::Plain,
        rate: 1.0,
        keep: 1.0,
        ..ADAM
    };
    let w = Tensor::<2>::zeros([3, 2], &device);
    let g = Tensor::<2>::from_floats([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &device).transpose();
    let (w, _) = update(&by, w, &Values::of(g), &mut State::default(), false).unwrap();
    assert_eq!(
        w.to_data().try_to_vec::<f32>().unwrap(),
        [-1.0, -4.0, -2.0, -5.0, -3.0, -6.0]
    );
    // A part of a larger tensor, and one that is turned round.
    let whole = Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], &device);
    for (part, expected) in [
        (whole.clone().slice([1..2, 0..2]), [2.0, 3.0]),
        (whole.clone().slice([0..2, 1..2]).transpose(), [1.0, 3.0]),
    ] {
        let g = Tensor::<1>::ones([2], &device);
        let (w, _) = update(&by, part, &Values::of(g), &mut State::default(), false).unwrap();
        assert_eq!(w.to_data().try_to_vec::<f32>().unwrap(), expected);
    }
    assert_eq!(
        whole.to_data().try_to_vec::<f32>().unwrap(),
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    );
}

#[test]
fn norms_are_there_where_single_precision_lacks_the_squares() {
    let sizes = [1e-30, 1e25, 0.0, 1.0];
    let counts = [3, 100, 70_000];
    for (size, count) in sizes.into_iter().flat_map(|s| counts.map(|c| (s, c))) {
        let by = Update {
            rule: Rule::Plain,
            rate: 0.5,
            ..ADAM
        };
        let numbers = || tensor(&vec![size; count], DType::F32);
        let gradient = Values::of(numbers());
        let (_, norms) = update(&by, numbers(), &gradient, &mut State::default(), true).unwrap();
        let (norms, expected) = (norms.unwrap(), size * (count as f64).sqrt());
        for (found, expected) in [
            (norms.weights, expected),
            (norms.gradient, expected),
            (norms.moved, 0.5 * expected),
        ] {
            assert!(
                (found - expected).abs() <= 1e-5 * expected,
                "{norms:?} {expected:e}"
            );
        }
    }
}

#[test]
fn nan_and_infinity_stay_where_they_are() {
    let g = tensor(&[1.0, f64::NAN, f64::INFINITY, 0.0], DType::F32);
    let mut state = State::default();
    let (w, norms) = update(
        &ADAM,
        tensor(&[1.0; 4], DType::F32),
        &Values::of(g),
        &mut state,
        true,
    )
    .unwrap();
    let w = numbers(&w);
    assert!(
        (w[0] - 0.8).abs() < 1e-6 && (w[3] - 0.9).abs() < 1e-6,
        "{w:?}"
    );
    // ∞/√∞², as composed.
    assert!(w[1].is_nan() && w[2].is_nan(), "{w:?}");
    let norms = norms.unwrap();
    assert!(norms.moved.is_nan() && norms.gradient.is_nan());
    let second = numbers(&state.tensors(2)[1]);
    assert!(second[1].is_nan() && second[2] == f64::INFINITY);
    let w = tensor(&[f64::INFINITY], DType::F32);
    for rule in [
        Rule::Plain,
        Rule::Momentum {
            momentum: 0.9,
            nesterov: false,
        },
    ] {
        let by = Update { rule, ..ADAM };
        let g = tensor(&[1.0], DType::F32);
        let (w, _) = update(&by, w.clone(), &Values::of(g), &mut State::default(), false).unwrap();
        assert_eq!(numbers(&w), [f64::INFINITY]);
    }
}

#[test]
fn what_it_cannot_step_comes_back() {
    let w = tensor(&[1.0, 2.0], DType::F32).autodiff();
    let g = tensor(&[1.0, 2.0], DType::F32);
    let w = update(&ADAM, w, &Values::of(g), &mut State::default(), false).unwrap_err();
    assert!(w.is_autodiff());
    let (w, g) = (tensor(&[1.0], DType::F32), tensor(&[1.0], DType::F64));
    assert!(update(&ADAM, w, &Values::of(g), &mut State::default(), false).is_err());
}

#[test]
fn a_state_is_made_of_tensors_and_gives_them_back() {
    let slots = [Some(tensor(&[1.0, 2.0], DType::F64)), None];
    let state = State::of(&slots).unwrap();
    let kept: Vec<_> = state.tensors(2).iter().map(numbers).collect();
    assert_eq!(kept, [[1.0, 2.0], [0.0, 0.0]]);
    assert!(State::of(&[None, None]).unwrap().tensors(2).is_empty());
    let uneven = [2, 3].map(|n| Some(tensor(&vec![1.0; n], DType::F32)));
    assert!(State::of(&uneven).is_none());
}
