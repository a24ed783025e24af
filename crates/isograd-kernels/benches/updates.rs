//! One step of AdamW: one pass in place against composed tensor operations, over 20,000 small
//! parameters and over one of a million numbers; what a new leaf of autodiff costs beside that; the
//! common norm of all gradients.
//!
//! Run with `cargo bench -p isograd-kernels --bench updates`.
#![allow(missing_docs)]

use burn::tensor::{Device, Tensor};
use divan::{Bencher, black_box};
use isograd_kernels::{Rule, State, Update, Values, change, moments, sums_of_squares, update};

/// Shapes of the parameters.
#[derive(Clone, Copy, Debug)]
enum Case {
    /// 10,000 matrices of 32×32 and as many vectors of 32.
    Many,
    /// One of a million.
    Large,
}

const CASES: [Case; 2] = [Case::Many, Case::Large];

const STEP: Update = Update {
    rule: Rule::Adam {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        bias1: 0.1,
        bias2: 0.001,
    },
    rate: 1e-3,
    factor: 1.0,
    decay: 0.0,
    keep: 0.9999,
};

fn main() {
    divan::main();
}

/// A parameter between two steps.
struct Parameter {
    weights: Tensor<1>,
    gradient: Tensor<1>,
    values: Values,
    slots: [Option<Tensor<1>>; 2],
    state: State,
}

fn parameters(case: Case) -> Vec<Parameter> {
    let sizes = match case {
        Case::Many => [1024, 32].repeat(10_000),
        Case::Large => vec![1_000_000],
    };
    let device = Device::flex();
    // Positive, as squares are.
    let numbers = |n: i64| Tensor::arange(1..n + 1, &device).float() / n as f64;
    let parameter = |n| {
        let slots = [0, 1].map(|_| Some(numbers(n)));
        Parameter {
            weights: numbers(n),
            gradient: numbers(n),
            values: Values::of(numbers(n)),
            state: State::of(&slots).unwrap_or_default(),
            slots,
        }
    };
    sizes.into_iter().map(parameter).collect()
}

/// Takes a tensor out, so that its handle is the only one.
fn inplace(weights: &mut Tensor<1>, f: impl FnOnce(Tensor<1>) -> Tensor<1>) {
    weights.inplace(f);
}

fn fused(one: &mut Parameter, measure: bool) {
    let Parameter {
        weights,
        values,
        state,
        ..
    } = one;
    inplace(weights, |w| {
        match update(&STEP, w, values, state, measure) {
            Ok((w, norms)) => {
                black_box(norms);
                w
            }
            Err(w) => w,
        }
    });
}

#[divan::bench(args = CASES)]
fn one_pass(bencher: Bencher<'_, '_>, case: Case) {
    let mut all = parameters(case);
    bencher.bench_local(|| all.iter_mut().for_each(|one| fused(one, false)));
}

#[divan::bench(args = CASES)]
fn one_pass_measured(bencher: Bencher<'_, '_>, case: Case) {
    let mut all = parameters(case);
    bencher.bench_local(|| all.iter_mut().for_each(|one| fused(one, true)));
}

#[divan::bench(args = CASES)]
fn composed(bencher: Bencher<'_, '_>, case: Case) {
    let mut all = parameters(case);
    bencher.bench_local(|| all.iter_mut().for_each(|one| step(one, false)));
}

#[divan::bench(args = CASES)]
fn composed_measured(bencher: Bencher<'_, '_>, case: Case) {
    let mut all = parameters(case);
    bencher.bench_local(|| all.iter_mut().for_each(|one| step(one, true)));
}

/// The step made of tensor operations.
fn step(one: &mut Parameter, measure: bool) {
    let blend = |slot: &mut Option<Tensor<1>>, keep: f64, new: Tensor<1>| {
        let value = match slot.take() {
            Some(old) => old.mul_scalar(keep) + new,
            None => new,
        };
        *slot = Some(value.clone());
        value
    };
    let Parameter {
        weights,
        gradient,
        slots: [first, second],
        ..
    } = one;
    let first = blend(first, 0.9, gradient.clone().mul_scalar(0.1));
    let square = gradient.clone().mul_scalar(0.001f64.sqrt()).square();
    let second = blend(second, 0.999, square);
    let denominator = second.sqrt().div_scalar(0.001f64.sqrt()).add_scalar(1e-8);
    let step = (first / denominator).mul_scalar(STEP.rate / 0.1);
    if measure {
        let moved = step.clone().neg();
        black_box([&*weights, gradient, &moved].map(moments));
    }
    inplace(weights, |w| w.mul_scalar(STEP.keep) - step);
}

#[divan::bench]
fn leaf_kept(bencher: Bencher<'_, '_>) {
    let mut all = leaves();
    bencher.bench_local(|| {
        for leaf in &mut all {
            inplace(leaf, |x| change(x, |x| (x, ())).0);
        }
    });
}

#[divan::bench]
fn leaf_anew(bencher: Bencher<'_, '_>) {
    let mut all = leaves();
    bencher.bench_local(|| {
        for leaf in &mut all {
            inplace(leaf, |x| Tensor::from_inner(x.inner()).require_grad());
        }
    });
}

fn leaves() -> Vec<Tensor<1>> {
    let all = parameters(Case::Many).into_iter();
    all.map(|one| one.weights.autodiff().require_grad())
        .collect()
}

#[divan::bench(args = CASES)]
fn norm(bencher: Bencher<'_, '_>, case: Case) {
    let all = parameters(case);
    let all: Vec<&Values> = all.iter().map(|one| &one.values).collect();
    bencher.bench_local(|| sums_of_squares(black_box(&all)));
}

#[divan::bench(args = CASES)]
fn norm_composed(bencher: Bencher<'_, '_>, case: Case) {
    let all = parameters(case);
    bencher.bench_local(|| {
        let squares = all.iter().map(|one| one.gradient.clone().square().sum());
        black_box(squares.map(Tensor::into_scalar::<f32>).sum::<f32>())
    });
}

#[divan::bench(args = CASES)]
fn norm_of_moments(bencher: Bencher<'_, '_>, case: Case) {
    let all = parameters(case);
    bencher.bench_local(|| {
        let squares = all.iter().map(|one| moments(&one.gradient).sum_squares);
        black_box(squares.sum::<f64>())
    });
}
