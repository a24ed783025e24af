//! The sum of two paths, forward and backward: the kernel against Burn's own.
//!
//! Run with `cargo bench -p isograd-kernels --bench plus`.

#![allow(missing_docs)]

use burn::tensor::{Device, Tensor};
use divan::{Bencher, black_box};
use isograd_kernels::{Curve, curve, plus};

fn main() {
    divan::main();
}

/// Batch, channels, rows and columns: the stages of a ResNet-20, and a Transformer's block.
const BLOCKS: [[usize; 4]; 4] = [
    [64, 16, 28, 28],
    [64, 32, 14, 14],
    [64, 64, 7, 7],
    [32, 64, 128, 1],
];

fn step(bencher: Bencher, block: [usize; 4], f: fn(Tensor<4>, Tensor<4>) -> Tensor<4>) {
    let count: usize = block.iter().product();
    let leaf = |phase: f32| {
        let x = Tensor::arange(0..count as i64, &Device::flex().autodiff()).float() * 0.7;
        (x + phase).sin().reshape(block).detach().require_grad()
    };
    let (x, other) = (leaf(0.0), leaf(0.4));
    // What stands in front makes a tensor that nobody else has, as a block does.
    let in_front = |x: &Tensor<4>| curve(Curve::LeakyRelu { slope: -0.1 }, x.clone());
    bencher.bench_local(|| {
        let gradients = f(x.clone(), in_front(&other)).sum().backward();
        black_box((x.grad(&gradients), other.grad(&gradients)))
    });
}

/// What the activation in front and the sum behind cost by themselves.
#[divan::bench(args = BLOCKS)]
fn around(bencher: Bencher, block: [usize; 4]) {
    step(bencher, block, |_, f| f);
}

#[divan::bench(args = BLOCKS)]
fn kernel(bencher: Bencher, block: [usize; 4]) {
    step(bencher, block, |x, f| plus(x, f, None));
}

#[divan::bench(args = BLOCKS)]
fn composed(bencher: Bencher, block: [usize; 4]) {
    step(bencher, block, |x, f| x + f);
}
