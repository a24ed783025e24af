//! Moments of a tensor: one pass against the four passes of ordinary tensor operations.
//!
//! Run with `cargo bench -p isograd-kernels --bench moments`.
#![allow(missing_docs)]

use burn::tensor::{Device, Tensor};
use divan::{Bencher, black_box};
use isograd_kernels::moments;

const SIZES: [usize; 3] = [1 << 10, 1 << 14, 1 << 20];

fn main() {
    divan::main();
}

fn tensor(elements: usize) -> Tensor<1> {
    Tensor::arange(0..elements as i64, &Device::flex()).float() / elements as f64
}

#[divan::bench(args = SIZES)]
fn one_pass(bencher: Bencher<'_, '_>, elements: usize) {
    let x = tensor(elements);
    bencher.bench_local(|| moments(black_box(&x)));
}

#[divan::bench(args = SIZES)]
fn composed(bencher: Bencher<'_, '_>, elements: usize) {
    let x = tensor(elements);
    bencher.bench_local(|| {
        let x = black_box(&x);
        let sums = [
            x.clone().sum(),
            x.clone().powi_scalar(2).sum(),
            x.clone().abs().max(),
            x.clone().is_nan().int().float().sum(),
        ];
        sums.map(Tensor::into_data)
    });
}
