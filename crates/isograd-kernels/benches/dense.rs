//! A dense layer with tanh behind it, forward and backward: the kernel against Burn's own linear
//! layer and the kernel of the activation.
//!
//! Run with `cargo bench -p isograd-kernels --bench dense`.

#![allow(missing_docs)]

use burn::tensor::module::linear;
use burn::tensor::{Device, Int, Tensor};
use divan::{Bencher, black_box};
use isograd_kernels::{Curve, Dense, curve, dense};

fn main() {
    divan::main();
}

/// Rows, inputs, units.
const SHAPES: [(usize, usize, usize); 4] = [
    (32, 32, 32),
    (64, 64, 64),
    (128, 128, 128),
    (2048, 128, 512),
];

type Layer = fn(Tensor<2>, Tensor<2>, Tensor<1>) -> Tensor<2>;

fn step(bencher: Bencher, (rows, inputs, units): (usize, usize, usize), layer: Layer) {
    let device = Device::flex().autodiff();
    let values = |count: usize| {
        let x = Tensor::<1, Int>::arange(0..count as i64, &device).float();
        (x * 12.9898).sin() * 0.1
    };
    let x = values(rows * inputs).reshape([rows, inputs]);
    let weight = values(inputs * units).reshape([inputs, units]);
    let bias = values(units).detach().require_grad();
    let (x, weight) = (x.detach().require_grad(), weight.detach().require_grad());
    bencher.bench_local(|| {
        let y = layer(x.clone(), weight.clone(), bias.clone());
        black_box(y.sum().backward())
    });
}

#[divan::bench(args = SHAPES)]
fn kernel(bencher: Bencher, shape: (usize, usize, usize)) {
    step(bencher, shape, |x, weight, bias| {
        let layer = Dense {
            curve: Some(Curve::Tanh),
            ..Dense::default()
        };
        dense(x, weight, Some(bias), layer)
    });
}

#[divan::bench(args = SHAPES)]
fn composed(bencher: Bencher, shape: (usize, usize, usize)) {
    step(bencher, shape, |x, weight, bias| {
        curve(Curve::Tanh, linear(x, weight, Some(bias)))
    });
}
