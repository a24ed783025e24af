//! Normalisations, forward and backward: the kernels against Burn's own operations.
//!
//! Run with `cargo bench --workspace --bench norms`.

#![allow(missing_docs)]

use burn::tensor::module::{batch_norm_train, layer_norm};
use burn::tensor::{Device, Tensor, activation};
use divan::{Bencher, black_box};
use isograd_kernels::{BatchNormalisation, Curve, Rows, batch_norm, row_norm};

fn main() {
    divan::main();
}

/// Batch, units, rows and columns of an image: a layer of a small residual network, one of a narrow
/// deep network.
const BATCHES: [[usize; 4]; 2] = [[64, 16, 28, 28], [128, 128, 1, 1]];

/// Rows and their length: a small Transformer, a recurrent network.
const ROWS: [[usize; 2]; 2] = [[2048, 128], [32, 64]];

fn waves<const D: usize>(dims: [usize; D]) -> Tensor<D> {
    let device = Device::flex().autodiff();
    let count: usize = dims.iter().product();
    let x = Tensor::arange(0..count as i64, &device).float() * 0.7;
    x.sin().reshape(dims).detach().require_grad()
}

fn step<const D: usize>(
    bencher: Bencher,
    dims: [usize; D],
    units: usize,
    f: impl Fn(Tensor<D>, Tensor<1>, Tensor<1>) -> Tensor<D>,
) {
    let (x, gamma, beta) = (waves(dims), waves([units]), waves([units]));
    // The gradient of a layer is no constant.
    let weights = waves(dims).detach();
    bencher.bench_local(|| {
        let y = f(x.clone(), gamma.clone(), beta.clone());
        let gradients = (y * weights.clone()).sum().backward();
        black_box((
            x.grad(&gradients),
            gamma.grad(&gradients),
            beta.grad(&gradients),
        ))
    });
}

/// What the sum and the product around the normalisation cost by themselves.
#[divan::bench(args = BATCHES)]
fn around(bencher: Bencher, dims: [usize; 4]) {
    step(bencher, dims, dims[1], |x, _, _| x);
}

#[divan::bench(args = BATCHES)]
fn batch_kernel(bencher: Bencher, dims: [usize; 4]) {
    step(bencher, dims, dims[1], |x, gamma, beta| {
        let how = BatchNormalisation {
            axis: 1,
            epsilon: 1e-5,
            curve: None,
            before: None,
            after: None,
        };
        batch_norm(x, gamma, beta, how).output
    });
}

#[divan::bench(args = BATCHES)]
fn batch_composed(bencher: Bencher, dims: [usize; 4]) {
    step(bencher, dims, dims[1], |x, gamma, beta| {
        batch_norm_train(x, gamma, beta, 1e-5).output
    });
}

#[divan::bench(args = BATCHES)]
fn batch_relu_kernel(bencher: Bencher, dims: [usize; 4]) {
    step(bencher, dims, dims[1], |x, gamma, beta| {
        let how = BatchNormalisation {
            axis: 1,
            epsilon: 1e-5,
            curve: Some(Curve::Relu),
            before: None,
            after: None,
        };
        batch_norm(x, gamma, beta, how).output
    });
}

#[divan::bench(args = BATCHES)]
fn batch_relu_composed(bencher: Bencher, dims: [usize; 4]) {
    step(bencher, dims, dims[1], |x, gamma, beta| {
        activation::relu(batch_norm_train(x, gamma, beta, 1e-5).output)
    });
}

#[divan::bench(args = ROWS)]
fn layer_kernel(bencher: Bencher, dims: [usize; 2]) {
    step(bencher, dims, dims[1], |x, gamma, beta| {
        let how = Rows {
            elements: dims[1],
            groups: 1,
            positions: 1,
            centred: true,
            epsilon: 1e-5,
        };
        row_norm(x, Some(gamma), Some(beta), how, None)
    });
}

#[divan::bench(args = ROWS)]
fn layer_composed(bencher: Bencher, dims: [usize; 2]) {
    step(bencher, dims, dims[1], |x, gamma, beta| {
        layer_norm(x, gamma, Some(beta), 1e-5)
    });
}
