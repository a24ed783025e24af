//! Recurrent layers over all steps, forward and backward: the kernel against a loop of Burn's own
//! operations.
//!
//! Run with `cargo bench -p isograd-kernels --bench recurrence`.

#![allow(missing_docs)]

use burn::tensor::activation::{sigmoid, tanh};
use burn::tensor::{Device, Tensor};
use divan::{Bencher, black_box};
use isograd_kernels::{Cell, Recurrence, recur};

fn main() {
    divan::main();
}

const BATCH: usize = 32;
const STEPS: usize = 50;
const UNITS: usize = 64;

const CELLS: [Cell; 3] = [Cell::Tanh, Cell::Gru, Cell::Lstm];

fn waves<const D: usize>(dims: [usize; D], size: f32) -> Tensor<D> {
    let count: usize = dims.iter().product();
    let x = Tensor::arange(0..count as i64, &Device::flex().autodiff()).float() * 0.7;
    let x = x.sin() * size;
    x.reshape(dims).detach().require_grad()
}

/// `f` maps inputs and weights to the states of all steps; d of a GRU is 0 in both.
fn step(bencher: Bencher, cell: Cell, f: impl Fn(Tensor<4>, Tensor<3>) -> Tensor<4>) {
    let columns = cell.gates() * UNITS;
    let inputs = waves([BATCH, STEPS, 1, columns], 1.0);
    let weight = waves([1, UNITS, columns], 0.1);
    let slopes = waves([BATCH, STEPS, 1, UNITS], 1.0).detach();
    bencher.bench_local(|| {
        let y = f(inputs.clone(), weight.clone());
        let gradients = (y * slopes.clone()).sum().backward();
        black_box((inputs.grad(&gradients), weight.grad(&gradients)))
    });
}

#[divan::bench(args = CELLS)]
fn kernel(bencher: Bencher, cell: Cell) {
    let what = Recurrence {
        cell,
        normalised: false,
        truncate: None,
    };
    step(bencher, cell, |inputs, weight| {
        let extras = (cell == Cell::Gru).then(|| Tensor::zeros([1, UNITS], &inputs.device()));
        recur(inputs, weight, extras, what)
    });
}

#[divan::bench(args = CELLS)]
fn composed(bencher: Bencher, cell: Cell) {
    step(bencher, cell, |inputs, weight| {
        let weight = weight.squeeze_dim::<2>(0);
        let mut h = Tensor::<2>::zeros([BATCH, UNITS], &inputs.device());
        let mut c = h.clone();
        let inputs = inputs.reshape([BATCH, STEPS, cell.gates() * UNITS]);
        let states = steps(inputs).into_iter().map(|x| {
            let x = x.squeeze_dim::<2>(1);
            let product = h.clone().matmul(weight.clone());
            let part = |x: &Tensor<2>, at: usize| x.clone().narrow(1, at * UNITS, UNITS);
            h = match cell {
                Cell::Gru => {
                    let gate = |at: usize| sigmoid(part(&x, at) + part(&product, at));
                    let new = tanh(part(&x, 2) + gate(0) * part(&product, 2));
                    new.clone() + gate(1) * (h.clone() - new)
                }
                Cell::Lstm => {
                    let gates = x + product;
                    let gate = |at: usize| sigmoid(part(&gates, at));
                    c = gate(1) * c.clone() + gate(0) * tanh(part(&gates, 2));
                    gate(3) * tanh(c.clone())
                }
                _ => tanh(x + product),
            };
            h.clone()
        });
        let states: Tensor<3> = Tensor::stack(states.collect(), 1);
        states.reshape([BATCH, STEPS, 1, UNITS])
    });
}

/// The steps one by one, half by half: the gradient of a cut is as large as what it was cut from.
fn steps(x: Tensor<3>) -> Vec<Tensor<3>> {
    let count = x.dims()[1];
    if count == 1 {
        return vec![x];
    }
    let half = count / 2;
    let mut all = steps(x.clone().narrow(1, 0, half));
    all.extend(steps(x.narrow(1, half, count - half)));
    all
}
