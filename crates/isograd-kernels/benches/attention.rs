//! Attention, softmax and cross-entropy, forward and backward: the kernels against Burn's own
//! operations.
//!
//! Run with `cargo bench -p isograd-kernels --bench attention`.

#![allow(missing_docs)]

use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use divan::{Bencher, black_box};
use isograd_kernels::{Classes, Looks, attend_to_self, cross_entropy};

fn main() {
    divan::main();
}

const HEADS: usize = 4;

fn waves<const D: usize>(dims: [usize; D]) -> Tensor<D> {
    let count: usize = dims.iter().product();
    let x = Tensor::arange(0..count as i64, &Device::flex().autodiff()).float() * 0.7;
    x.sin().reshape(dims).detach().require_grad()
}

fn step<const D: usize, const E: usize>(
    bencher: Bencher,
    x: &Tensor<D>,
    f: impl Fn(Tensor<D>) -> Tensor<E>,
) {
    // The sum's own gradient is a view of strides 0; what stands behind a layer is not.
    let slopes = f(x.clone()).detach();
    bencher.bench_local(|| {
        let gradients = (f(x.clone()) * slopes.clone()).sum().backward();
        black_box(x.grad(&gradients))
    });
}

#[divan::bench(args = [false, true])]
fn attention_kernel(bencher: Bencher, causal: bool) {
    let looks = Looks {
        heads: HEADS,
        causal,
    };
    step(bencher, &waves([32, 64, 3 * 128]), |x| {
        attend_to_self(x, None, looks)
    });
}

#[divan::bench(args = [false, true])]
fn attention_composed(bencher: Bencher, causal: bool) {
    step(bencher, &waves([32, 64, 3 * 128]), |x| {
        let [batch, steps, _] = x.dims();
        let part = |i: usize| {
            let x = x.clone().narrow(2, i * 128, 128);
            x.reshape([batch, steps, HEADS, 128 / HEADS])
                .swap_dims(1, 2)
        };
        let scale = (HEADS as f64 / 128.0).sqrt();
        let mut scores = (part(0) * scale).matmul(part(1).swap_dims(2, 3));
        if causal {
            let hidden: Vec<f32> = (0..steps * steps)
                .map(|i| {
                    if i % steps > i / steps {
                        f32::NEG_INFINITY
                    } else {
                        0.0
                    }
                })
                .collect();
            let hidden = TensorData::new(hidden, [1, 1, steps, steps]);
            scores = scores.clone() + Tensor::from_data(hidden, &scores.device());
        }
        let mixed = activation::softmax(scores, 3).matmul(part(2));
        mixed.swap_dims(1, 2).reshape([batch, steps, 128])
    });
}

#[divan::bench]
fn softmax_kernel(bencher: Bencher) {
    step(bencher, &waves([8192, 64]), isograd_kernels::softmax);
}

#[divan::bench]
fn softmax_composed(bencher: Bencher) {
    step(bencher, &waves([8192, 64]), |x| activation::softmax(x, 1));
}

const ROWS: usize = 2048;
const CLASSES: usize = 65;

fn classes() -> Vec<u32> {
    (0..ROWS).map(|i| (i * 31 % CLASSES) as u32).collect()
}

#[divan::bench]
fn cross_entropy_kernel(bencher: Bencher) {
    let classes = Classes {
        of_rows: classes().into(),
        ..Classes::default()
    };
    step(bencher, &waves([ROWS, CLASSES]), |x| {
        cross_entropy(x, classes.clone()).sum() / ROWS as f64
    });
}

#[divan::bench]
fn cross_entropy_composed(bencher: Bencher) {
    let classes: Vec<i64> = classes().into_iter().map(i64::from).collect();
    let device = Device::flex().autodiff();
    let classes = Tensor::<2, Int>::from_data(TensorData::new(classes, [ROWS, 1]), &device);
    step(bencher, &waves([ROWS, CLASSES]), |x| {
        activation::log_softmax(x, 1)
            .gather(1, classes.clone())
            .neg()
            .sum()
            / ROWS as f64
    });
}
