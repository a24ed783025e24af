//! The gate of a highway, forward and backward: the kernel against the operations it is made of.
//!
//! Run with `cargo bench -p isograd-kernels --bench gate`.

#![allow(missing_docs)]

use burn::tensor::{Device, Int, Tensor};
use divan::{Bencher, black_box};
use isograd_kernels::gate;

fn main() {
    divan::main();
}

type Mix = fn(Tensor<2>, Tensor<2>, Tensor<2>) -> Tensor<2>;

/// A batch of 128 examples of so many units.
const UNITS: [usize; 2] = [64, 512];

fn step(bencher: Bencher, units: usize, mix: Mix) {
    let device = Device::flex().autodiff();
    let leaf = |phase: f32| {
        let x = Tensor::<1, Int>::arange(0..(128 * units) as i64, &device).float();
        let x = (x * 0.7 + phase).sin().reshape([128, units]);
        x.detach().require_grad()
    };
    let (h, t, x) = (leaf(0.0), leaf(0.3), leaf(0.6));
    bencher.bench_local(|| black_box(mix(h.clone(), t.clone(), x.clone()).sum().backward()));
}

#[divan::bench(args = UNITS)]
fn kernel(bencher: Bencher, units: usize) {
    step(bencher, units, |h, t, x| gate(h, t, x, None));
}

#[divan::bench(args = UNITS)]
fn composed(bencher: Bencher, units: usize) {
    step(bencher, units, |h, t, x| x.clone() + t * (h - x));
}
