//! A backward pass that begins with the gradient of a tensor: the kernel against the sum of a product.
//!
//! Run with `cargo bench -p isograd-kernels --bench handed`.

#![allow(missing_docs)]

use burn::tensor::{Device, Tensor};
use divan::{Bencher, black_box};
use isograd_kernels::handed;

fn main() {
    divan::main();
}

/// A batch of 128 examples of so many units.
const UNITS: [usize; 2] = [64, 2048];

fn step(bencher: Bencher, units: usize, f: fn(Tensor<2>, Tensor<2>) -> Tensor<1>) {
    let leaf = |phase: f32| {
        let x = Tensor::arange(0..(128 * units) as i64, &Device::flex()).float();
        (x * 0.7 + phase).sin().reshape([128, units])
    };
    let y = Tensor::from_inner(leaf(0.0)).require_grad();
    let delta = leaf(0.3);
    bencher.bench_local(|| {
        let gradients = f(y.clone(), delta.clone()).backward();
        black_box(y.grad(&gradients))
    });
}

#[divan::bench(args = UNITS)]
fn kernel(bencher: Bencher, units: usize) {
    step(bencher, units, handed);
}

#[divan::bench(args = UNITS)]
fn composed(bencher: Bencher, units: usize) {
    step(bencher, units, |y, delta| {
        (y * Tensor::from_inner(delta)).sum()
    });
}
