#![allow(clippy::unwrap_used)]

use super::{Cell, Recurrence, recur};
use crate::testing::{
    alike, cases, error, on_threads, slope_error, spoilt, tensor, turned, values,
};
use crate::{Curve, curve};
use burn::tensor::activation::{sigmoid, tanh};
use burn::tensor::module::layer_norm;
use burn::tensor::{DType, Tensor};
use proptest::prelude::*;

const CELLS: [Cell; 4] = [Cell::Tanh, Cell::Relu, Cell::Gru, Cell::Lstm];

/// Sizes of a recurrence.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    batch: usize,
    steps: usize,
    directions: usize,
    units: usize,
}

const SOME: Sizes = Sizes {
    batch: 2,
    steps: 4,
    directions: 2,
    units: 3,
};

/// Inputs, weights, extras.
type Leaves = (Tensor<4>, Tensor<3>, Option<Tensor<2>>);

fn leaves(sizes: Sizes, what: Recurrence, dtype: DType) -> Leaves {
    let Sizes {
        batch,
        steps,
        directions,
        units,
    } = sizes;
    let columns = what.cell.gates() * units;
    let extras = match (what.cell, what.normalised) {
        (Cell::Tanh | Cell::Relu | Cell::Lstm, false) => 0,
        (Cell::Gru, false) => 1,
        (Cell::Tanh | Cell::Relu, true) => 2,
        (Cell::Gru, true) => 4,
        (Cell::Lstm, true) => 6,
    };
    (
        tensor([batch, steps, directions, columns], 1, dtype),
        tensor([directions, units, columns], 2, dtype),
        (extras > 0).then(|| tensor([directions, extras * units], 3, dtype)),
    )
}

/// The definition, made of Burn's operations, step by step.
fn composed(
    inputs: &Tensor<4>,
    weight: &Tensor<3>,
    extras: Option<&Tensor<2>>,
    what: Recurrence,
) -> Tensor<4> {
    let [batch, steps, directions, columns] = inputs.dims();
    let all = (0..directions).map(|direction| {
        let weight = weight.clone().narrow(0, direction, 1).squeeze_dim(0);
        let extras = extras.map(|extras| extras.clone().narrow(0, direction, 1));
        let [units, _] = Tensor::<2>::dims(&weight);
        let zeros = Tensor::<2>::zeros([batch, units], (&inputs.device(), inputs.dtype()));
        let mut state = [zeros.clone(), zeros];
        let mut states: Vec<Tensor<2>> = (0..steps)
            .map(|at| {
                if at > 0 && what.truncate.is_some_and(|every| at % every == 0) {
                    state = state.clone().map(Tensor::detach);
                }
                let time = if direction == 0 { at } else { steps - 1 - at };
                let x = inputs.clone().narrow(1, time, 1).narrow(2, direction, 1);
                let x = x.reshape([batch, columns]);
                state = step(x, &weight, extras.as_ref(), state.clone(), what);
                state[0].clone()
            })
            .collect();
        if direction == 1 {
            states.reverse();
        }
        let states: Tensor<3> = Tensor::stack(states, 1);
        states.unsqueeze_dim(2)
    });
    Tensor::cat(all.collect(), 2)
}

/// State and cell behind a step.
fn step(
    x: Tensor<2>,
    weight: &Tensor<2>,
    extras: Option<&Tensor<2>>,
    [h, c]: [Tensor<2>; 2],
    what: Recurrence,
) -> [Tensor<2>; 2] {
    let [units, columns] = weight.dims();
    let part = |x: &Tensor<2>, at: usize| x.clone().narrow(1, at * units, units);
    let extra = |at: usize, count: usize| {
        let extras = extras.unwrap().clone();
        extras.narrow(1, at * units, count * units)
    };
    let product = h.clone().matmul(weight.clone());
    let normal = |x: Tensor<2>| {
        let ones = Tensor::ones([x.dims()[1]], (&x.device(), x.dtype()));
        layer_norm(x, ones, None, 1e-5)
    };
    match (what.cell, what.normalised) {
        (Cell::Tanh | Cell::Relu, normalised) => {
            let mut sum = x + product;
            if normalised {
                sum = normal(sum) * extra(0, 1) + extra(1, 1);
            }
            let h = if what.cell == Cell::Tanh {
                tanh(sum)
            } else {
                curve(Curve::Relu, sum)
            };
            [h, c]
        }
        (Cell::Gru, normalised) => {
            let product = if normalised {
                let gates = normal(product.clone().narrow(1, 0, 2 * units));
                let new = normal(part(&product, 2));
                Tensor::cat(vec![gates, new], 1) * extra(1, 3)
            } else {
                product
            };
            let gate = |at: usize| sigmoid(part(&x, at) + part(&product, at));
            let inner = part(&product, 2) + extra(0, 1);
            let new = tanh(part(&x, 2) + gate(0) * inner);
            [new.clone() + gate(1) * (h - new), c]
        }
        (Cell::Lstm, normalised) => {
            let product = if normalised {
                normal(product) * extra(0, columns / units)
            } else {
                product
            };
            let gates = x + product;
            let gate = |at: usize| sigmoid(part(&gates, at));
            let c = gate(1) * c + gate(0) * tanh(part(&gates, 2));
            let seen = if normalised {
                normal(c.clone()) * extra(4, 1) + extra(5, 1)
            } else {
                c.clone()
            };
            [gate(3) * tanh(seen), c]
        }
    }
}

/// The states and the gradients with respect to inputs, weights and extras (or zeros).
fn run(
    (inputs, weight, extras): &Leaves,
    f: impl Fn(&Tensor<4>, &Tensor<3>, Option<&Tensor<2>>) -> Tensor<4>,
) -> (Tensor<4>, Tensor<4>, Tensor<3>, Tensor<2>) {
    let y = f(inputs, weight, extras.as_ref());
    let slopes = tensor(y.dims(), 4, y.dtype()).detach();
    let gradients = (y.clone() * slopes).sum().backward();
    let to_extras = extras
        .as_ref()
        .map(|extras| extras.grad(&gradients).unwrap());
    (
        y,
        inputs.grad(&gradients).unwrap(),
        weight.grad(&gradients).unwrap(),
        to_extras.unwrap_or_else(|| Tensor::zeros([1, 1], &weight.device().inner())),
    )
}

fn fused(what: Recurrence) -> impl Fn(&Tensor<4>, &Tensor<3>, Option<&Tensor<2>>) -> Tensor<4> {
    move |x, w, e| recur(x.clone(), w.clone(), e.cloned(), what)
}

/// Largest error of the states and the gradients against the definition.
fn against_composed(sizes: Sizes, what: Recurrence, view: bool, dtype: DType) -> f64 {
    let leaves = leaves(sizes, what, dtype);
    let ours = run(&leaves, |x, w, e| {
        if view {
            let e = e.map(|e| turned(e.clone()));
            recur(turned(x.clone()), turned(w.clone()), e, what)
        } else {
            fused(what)(x, w, e)
        }
    });
    let theirs = run(&leaves, |x, w, e| composed(x, w, e, what));
    [
        error(&ours.0, &theirs.0, 1.0),
        error(&ours.1, &theirs.1, 1.0),
        error(&ours.2, &theirs.2, 1.0),
        error(&ours.3, &theirs.3, 1.0),
    ]
    .into_iter()
    .fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(cases(100))]
    #[test]
    fn any_recurrence_agrees_with_the_definition(
        batch in 1usize..12,
        steps in 1usize..9,
        directions in 1usize..3,
        units in 1usize..20,
        which in 0..CELLS.len(),
        normalised: bool,
        truncate in prop::option::of(1usize..5),
        view: bool,
    ) {
        let sizes = Sizes { batch, steps, directions, units };
        let what = Recurrence { cell: CELLS[which], normalised, truncate };
        // Normalisation multiplies rounding by up to 1/√ε, at every step anew.
        let bounds = if normalised { [1e-9, 5e-2] } else { [1e-12, 3e-5] };
        for (dtype, bound) in [DType::F64, DType::F32].into_iter().zip(bounds) {
            let error = against_composed(sizes, what, view, dtype);
            prop_assert!(error < bound, "{:?}: {:e}", dtype, error);
        }
    }
}

fn all() -> impl Iterator<Item = Recurrence> {
    CELLS.into_iter().flat_map(|cell| {
        [false, true].map(|normalised| Recurrence {
            cell,
            normalised,
            truncate: None,
        })
    })
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for what in all() {
        let (x, w, e) = leaves(SOME, what, DType::F64);
        let loss = |x: &Tensor<4>, w: &Tensor<3>, e: Option<&Tensor<2>>| {
            let y = recur(x.clone(), w.clone(), e.cloned(), what);
            let slopes = tensor(y.dims(), 4, DType::F64).detach();
            (y.clone() * y * slopes).sum()
        };
        let mut worst = slope_error(&x, |x| loss(&x, &w, e.as_ref()));
        worst = worst.max(slope_error(&w, |w| loss(&x, &w, e.as_ref())));
        if let Some(e) = &e {
            worst = worst.max(slope_error(e, |e| loss(&x, &w, Some(&e))));
        }
        // h² = 1e-10 of a third derivative, which normalisations make large.
        let bound = if what.normalised { 1e-6 } else { 1e-8 };
        assert!(worst < bound, "{what:?}: {worst:e}");
    }
}

#[test]
fn nothing_is_needed_for_no_sequences() {
    for what in all() {
        for (batch, steps) in [(0, 3), (2, 0)] {
            let sizes = Sizes {
                batch,
                steps,
                ..SOME
            };
            let (y, dx, dw, _) = run(&leaves(sizes, what, DType::F32), fused(what));
            assert_eq!(y.dims(), [batch, steps, 2, 3]);
            assert_eq!(dx.dims()[..2], [batch, steps]);
            assert!(values(&dw).iter().all(|&v| v == 0.0));
        }
    }
}

#[test]
fn what_is_not_a_number_goes_where_it_goes_in_the_definition() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for what in all() {
            let (x, w, e) = leaves(SOME, what, DType::F64);
            let same = |leaves: &Leaves, where_: &str| {
                let ours = run(leaves, fused(what));
                let theirs = run(leaves, |x, w, e| composed(x, w, e, what));
                assert!(
                    alike(&ours.0, &theirs.0, 1e-9),
                    "{bad} in {where_}, {what:?}: {} {}",
                    ours.0,
                    theirs.0
                );
                assert!(
                    alike(&ours.1, &theirs.1, 1e-9),
                    "{bad} in {where_}, {what:?}, to inputs: {} {}",
                    ours.1,
                    theirs.1
                );
            };
            same(&(spoilt(&x, &[(40, bad)]), w.clone(), e.clone()), "inputs");
            same(&(x.clone(), spoilt(&w, &[(7, bad)]), e.clone()), "weights");
        }
    }
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let sizes = Sizes {
        batch: 37,
        steps: 23,
        directions: 2,
        units: 9,
    };
    for what in all() {
        let bits = |threads: usize| {
            on_threads(threads, || {
                let found = run(&leaves(sizes, what, DType::F32), fused(what));
                (
                    values(&found.0),
                    values(&found.1),
                    values(&found.2),
                    values(&found.3),
                )
            })
        };
        assert!(bits(1) == bits(3), "{what:?}");
    }
}
