//! Activations, forward and backward: the kernel against Burn's own operations.
//!
//! Run with `cargo bench -p isograd-kernels --bench curves`.

#![allow(missing_docs)]

use burn::tensor::{Device, Tensor, activation};
use divan::{Bencher, black_box};
use isograd_kernels::{Curve, curve};

fn main() {
    divan::main();
}

const NAMES: [&str; 7] = [
    "tanh", "sigmoid", "gelu", "silu", "relu", "softplus", "softsign",
];

/// A batch of 128 examples of 256 units, forward and back.
fn step(bencher: Bencher, f: impl Fn(Tensor<2>) -> Tensor<2>) {
    let device = Device::flex().autodiff();
    let x = Tensor::arange(0..128 * 256, &device)
        .float()
        .reshape([128, 256]);
    let x = (x * 0.7).sin().mul_scalar(3.0).detach().require_grad();
    bencher.bench_local(|| {
        let gradients = f(x.clone()).sum().backward();
        black_box(x.grad(&gradients))
    });
}

#[divan::bench(args = NAMES)]
fn kernel(bencher: Bencher, name: &str) {
    let kind = match name {
        "tanh" => Curve::Tanh,
        "sigmoid" => Curve::Sigmoid,
        "gelu" => Curve::Gelu,
        "relu" => Curve::Relu,
        "softplus" => Curve::Softplus,
        "softsign" => Curve::Softsign,
        _ => Curve::Silu,
    };
    step(bencher, move |x| curve(kind, x));
}

#[divan::bench(args = NAMES)]
fn composed(bencher: Bencher, name: &str) {
    match name {
        "tanh" => step(bencher, activation::tanh),
        "sigmoid" => step(bencher, activation::sigmoid),
        "gelu" => step(bencher, activation::gelu),
        "relu" => step(bencher, activation::relu),
        "softplus" => step(bencher, |x| activation::softplus(x, 1.0)),
        "softsign" => step(bencher, activation::softsign),
        _ => step(bencher, activation::silu),
    }
}
