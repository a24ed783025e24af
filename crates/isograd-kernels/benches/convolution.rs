//! A convolution, forward and both backward passes: the kernel against Burn's own.
//!
//! Run with `cargo bench -p isograd-kernels --bench convolution`.

#![allow(missing_docs)]

use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, module};
use divan::{Bencher, black_box};
use isograd_kernels::{Windows, conv2d};

fn main() {
    divan::main();
}

/// Batch, channels, size, filters, kernel, stride: layers of a ResNet-20 and of a DenseNet-40.
const LAYERS: [[usize; 6]; 9] = [
    [64, 1, 28, 16, 3, 1],
    [64, 16, 28, 16, 3, 1],
    [64, 16, 28, 32, 3, 2],
    [64, 32, 14, 32, 3, 1],
    [64, 64, 7, 64, 3, 1],
    [32, 148, 32, 12, 3, 1],
    [32, 304, 16, 12, 3, 1],
    [32, 444, 8, 12, 3, 1],
    [32, 304, 16, 304, 1, 1],
];

fn waves<const D: usize>(dims: [usize; D], device: &Device) -> Tensor<D> {
    let count: usize = dims.iter().product();
    let x = Tensor::arange(0..count as i64, device).float() * 0.7;
    x.sin().reshape(dims).detach().require_grad()
}

fn step(
    bencher: Bencher,
    [batch, channels, size, filters, kernel, _]: [usize; 6],
    f: impl Fn(Tensor<4>, Tensor<4>) -> Tensor<4>,
) {
    let device = Device::flex().autodiff();
    let x = waves([batch, channels, size, size], &device);
    let w = waves([filters, channels, kernel, kernel], &device);
    bencher.bench_local(|| {
        let gradients = f(x.clone(), w.clone()).sum().backward();
        black_box((x.grad(&gradients), w.grad(&gradients)))
    });
}

#[divan::bench(args = LAYERS)]
fn kernel(bencher: Bencher, layer: [usize; 6]) {
    let windows = Windows {
        stride: [layer[5]; 2],
        padding: [layer[4] / 2; 4],
        dilation: [1, 1],
        groups: 1,
    };
    step(bencher, layer, |x, w| conv2d(x, w, None, windows));
}

#[divan::bench(args = LAYERS)]
fn burn(bencher: Bencher, layer: [usize; 6]) {
    let options = ConvOptions::new([layer[5]; 2], [layer[4] / 2; 2], [1, 1], 1);
    step(bencher, layer, |x, w| {
        module::conv2d(x, w, None, options.clone())
    });
}
