//! Two tensors one behind the other, forward and backward: the kernel against Burn's own.
//!
//! Run with `cargo bench -p isograd-kernels --bench concat`.

#![allow(missing_docs)]

use burn::tensor::{Device, Tensor};
use divan::{Bencher, black_box};
use isograd_kernels::{Curve, concat, curve};

fn main() {
    divan::main();
}

/// Batch, channels before, channels behind, size: early, middle and late layers of a DenseNet-40.
const LAYERS: [[usize; 4]; 3] = [[32, 148, 12, 32], [32, 304, 12, 16], [32, 444, 12, 8]];

fn step(bencher: Bencher, layer: [usize; 4], f: fn(Tensor<4>, Tensor<4>) -> Tensor<4>) {
    let [batch, before, behind, size] = layer;
    let leaf = |channels: usize| {
        let count = batch * channels * size * size;
        let x = Tensor::arange(0..count as i64, &Device::flex().autodiff()).float() * 0.7;
        let x = x.sin().reshape([batch, channels, size, size]);
        x.detach().require_grad()
    };
    let (x, new) = (leaf(before), leaf(behind));
    let slopes = f(x.clone(), new.clone()).cos().detach();
    // What stands in front reads the gradients of both, whatever their layout.
    let in_front = |x: &Tensor<4>| curve(Curve::Relu, x.clone());
    bencher.bench_local(|| {
        let y = f(in_front(&x), in_front(&new));
        let gradients = (y * slopes.clone()).sum().backward();
        black_box((x.grad(&gradients), new.grad(&gradients)))
    });
}

/// What the sum and the product behind it and the activations in front cost by themselves.
#[divan::bench(args = LAYERS)]
fn around(bencher: Bencher, layer: [usize; 4]) {
    let [batch, before, behind, size] = layer;
    step(bencher, [batch, before + behind, 1, size], |x, _| x);
}

#[divan::bench(args = LAYERS)]
fn kernel(bencher: Bencher, layer: [usize; 4]) {
    step(bencher, layer, |x, new| concat(x, new, None));
}

#[divan::bench(args = LAYERS)]
fn composed(bencher: Bencher, layer: [usize; 4]) {
    step(bencher, layer, |x, new| Tensor::cat(vec![x, new], 1));
}
