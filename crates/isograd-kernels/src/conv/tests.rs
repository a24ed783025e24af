#![allow(clippy::unwrap_used)]

use super::{Windows, conv2d};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{DType, Device, Tensor, TensorData, module};
use proptest::prelude::*;

/// Numbers that look random and are the same every time.
fn tensor<const D: usize>(dims: [usize; D], seed: usize, dtype: DType) -> Tensor<D> {
    let count: usize = dims.iter().product();
    let values: Vec<f64> = (0..count)
        .map(|i| ((i * 7919 + seed * 104_729 + 13) % 1009) as f64 / 504.5 - 1.0)
        .collect();
    let device = Device::flex().autodiff();
    Tensor::from_data(TensorData::new(values, dims), (&device, dtype)).require_grad()
}

/// max|a − b| ÷ max|b|.
fn error<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> f64 {
    assert_eq!(a.dims(), b.dims());
    let values = |t: &Tensor<D>| -> Vec<f64> { t.to_data().iter::<f64>().collect() };
    let (a, b) = (values(a), values(b));
    let largest = b.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
    let apart = a
        .iter()
        .zip(&b)
        .fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
    apart / largest
}

/// Largest error of the output and of the three gradients against Burn's own convolution.
fn against_burn(x: [usize; 4], weight: [usize; 4], windows: Windows, dtype: DType) -> f64 {
    let (x, w) = (tensor(x, 1, dtype), tensor(weight, 2, dtype));
    let b = tensor([weight[0]], 3, dtype);
    let pairs = [
        (windows.padding[0], windows.padding[1]),
        (windows.padding[2], windows.padding[3]),
    ];
    let options =
        ConvOptions::new_with_padding(windows.stride, pairs, windows.dilation, windows.groups);
    let ours = conv2d(x.clone(), w.clone(), Some(b.clone()), windows);
    let theirs = module::conv2d(x.clone(), w.clone(), Some(b.clone()), options);
    let weights = tensor(ours.dims(), 4, dtype).detach();
    let mut worst = error(&ours, &theirs);
    let ours = (ours * weights.clone()).sum().backward();
    let theirs = (theirs * weights).sum().backward();
    worst = worst.max(error(&x.grad(&ours).unwrap(), &x.grad(&theirs).unwrap()));
    worst = worst.max(error(&w.grad(&ours).unwrap(), &w.grad(&theirs).unwrap()));
    worst.max(error(&b.grad(&ours).unwrap(), &b.grad(&theirs).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn any_convolution_agrees_with_burn(
        batch in 1usize..11,
        channels in 1usize..4,
        filters in 1usize..4,
        groups in 1usize..3,
        size in [1usize..9, 1usize..9],
        kernel in [1usize..4, 1usize..4],
        stride in [1usize..4, 1usize..4],
        padding in [0usize..3, 0usize..3, 0usize..3, 0usize..3],
        dilation in [1usize..3, 1usize..3],
    ) {
        let reach = |i: usize| (kernel[i] - 1) * dilation[i] + 1;
        prop_assume!((0..2).all(|i| reach(i) <= size[i] + padding[2 * i] + padding[2 * i + 1]));
        let x = [batch, channels * groups, size[0], size[1]];
        let weight = [filters * groups, channels, kernel[0], kernel[1]];
        let windows = Windows { stride, padding, dilation, groups };
        prop_assert!(against_burn(x, weight, windows, DType::F64) < 1e-12);
        prop_assert!(against_burn(x, weight, windows, DType::F32) < 1e-5);
    }
}

const PLAIN: Windows = Windows {
    stride: [1, 1],
    padding: [1; 4],
    dilation: [1, 1],
    groups: 1,
};

#[test]
fn windows_may_lie_in_the_padding_alone() {
    for (padding, stride) in [([0, 0, 0, 6], 1), ([0, 0, 6, 0], 1), ([6, 6, 6, 6], 3)] {
        let windows = Windows {
            stride: [stride; 2],
            padding,
            dilation: [1, 2],
            groups: 1,
        };
        let error = against_burn([2, 1, 2, 2], [3, 1, 1, 3], windows, DType::F64);
        assert!(error < 1e-12, "{windows:?}: {error:e}");
    }
}

#[test]
fn views_are_read_in_order_and_nothing_is_needed_for_no_images() {
    let x = tensor([2, 3, 5, 4], 1, DType::F32);
    let w = tensor([4, 3, 3, 3], 2, DType::F32);
    let turned = conv2d(
        x.clone().swap_dims(2, 3),
        w.clone().swap_dims(2, 3),
        None,
        PLAIN,
    );
    let straight = conv2d(x, w.clone(), None, PLAIN).swap_dims(2, 3);
    assert!(error(&turned, &straight) < 1e-6);
    let empty = Tensor::<4>::zeros([0, 3, 5, 4], &Device::flex().autodiff());
    assert_eq!(conv2d(empty, w, None, PLAIN).dims(), [0, 4, 5, 4]);
}

#[test]
fn what_is_not_a_number_passes_into_its_windows_only() {
    let mut values = vec![1.0f32; 25];
    values[12] = f32::NAN;
    let device = Device::flex();
    let x = Tensor::<4>::from_data(TensorData::new(values, [1, 1, 5, 5]), &device);
    let y = conv2d(x, Tensor::ones([1, 1, 3, 3], &device), None, PLAIN);
    let y: Vec<f32> = y.to_data().iter().collect();
    let bad: Vec<usize> = (0..25).filter(|&i| y[i].is_nan()).collect();
    assert_eq!(bad, [6, 7, 8, 11, 12, 13, 16, 17, 18]);
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let bits = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let (x, w) = (
                tensor([37, 3, 9, 9], 1, DType::F32),
                tensor([5, 3, 3, 3], 2, DType::F32),
            );
            let y = conv2d(x, w.clone(), None, PLAIN);
            let gradients = (y.clone() * y).sum().backward();
            w.grad(&gradients).unwrap().to_data()
        })
    };
    bits(1).assert_eq(&bits(3), true);
}
