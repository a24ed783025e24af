//! What a sample of a layer's values says: cosines between examples, squared slopes of the activation, the
//! course of a gradient. The kernels against Burn's own operations.
//!
//! Run with `cargo bench -p isograd-kernels --bench samples`.

#![allow(missing_docs)]

use burn::tensor::{Device, Tensor};
use divan::{Bencher, black_box};
use isograd_kernels::{Curve, FOLLOWED, Slice, Values, add_slope_squares, cosines};

fn main() {
    divan::main();
}

/// Examples that are compared.
const EXAMPLES: usize = 8;

/// Units of a layer.
const UNITS: [usize; 3] = [32, 128, 1024];

fn waves(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.7).sin()).collect()
}

fn tensor(units: usize) -> Tensor<2> {
    let x = Tensor::<1>::from_floats(&waves(EXAMPLES * units)[..], &Device::flex());
    x.reshape([EXAMPLES, units])
}

#[divan::bench(args = UNITS)]
fn cosines_kernel(bencher: Bencher, units: usize) {
    let x = waves(EXAMPLES * units);
    bencher.bench_local(|| cosines(Slice::F32(black_box(&x)), units));
}

#[divan::bench(args = UNITS)]
fn cosines_composed(bencher: Bencher, units: usize) {
    let x = tensor(units);
    bencher.bench_local(|| {
        let norms = x.clone().powi_scalar(2).sum_dim(1).sqrt();
        let sum = (x.clone() / norms).sum_dim(0);
        let square = sum.powi_scalar(2).sum().into_scalar::<f32>();
        black_box(square - EXAMPLES as f32)
    });
}

#[divan::bench(args = UNITS)]
fn slopes_kernel(bencher: Bencher, units: usize) {
    let x = waves(EXAMPLES * units);
    let mut sums = vec![0.0; units];
    bencher.bench_local(|| {
        add_slope_squares(Curve::Tanh, Slice::F32(black_box(&x)), 1, &mut sums);
        black_box(sums[0])
    });
}

#[divan::bench(args = UNITS)]
fn slopes_composed(bencher: Bencher, units: usize) {
    let x = tensor(units);
    let mut sums = Tensor::<2>::zeros([1, units], &Device::flex());
    bencher.bench_local(|| {
        let y = x.clone().tanh();
        let slopes = y.powi_scalar(2).neg() + 1.0;
        sums = sums.clone() + slopes.powi_scalar(2).sum_dim(0);
        black_box(&sums);
    });
}

#[divan::bench]
fn course_kernel(bencher: Bencher) {
    let gradient = Values::of(tensor(FOLLOWED));
    let mut mean = [0.0; FOLLOWED];
    bencher.bench_local(|| black_box(gradient.follow(&mut mean, 0.9)));
}

#[divan::bench]
fn course_composed(bencher: Bencher) {
    let gradient = tensor(FOLLOWED).slice([0..1, 0..FOLLOWED]);
    let mut mean = gradient.zeros_like();
    bencher.bench_local(|| {
        mean = mean.clone() * 0.9 + gradient.clone() * 0.1;
        let now = gradient.clone().powi_scalar(2).sum().into_scalar::<f32>();
        black_box((now, mean.clone().powi_scalar(2).sum().into_scalar::<f32>()))
    });
}
