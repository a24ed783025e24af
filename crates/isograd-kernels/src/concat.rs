//! Two tensors, one behind the other along the second dimension: example by example, on all threads.
//!
//! Burn 0.22's Flex copies on one, and the gradients of the parts are views that the next operation
//! copies.

use crate::real::{Real, by_type, slice};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Shape, Tensor, TensorData};
use rayon::prelude::*;
use std::ops::Range;

/// `x` and `f`, one behind the other.
///
/// # Shapes
///
/// - `x`: `[batch, a, …]`
/// - `f`: `[batch, b, …]`
/// - result: `[batch, a + b, …]`
///
/// # Panics
/// Where another dimension than the second differs.
pub fn concat<const D: usize>(x: Tensor<D>, f: Tensor<D>) -> Tensor<D> {
    let agree = (0..D).all(|i| i == 1 || x.dims()[i] == f.dims()[i]);
    assert!(agree, "{:?} and {:?}", x.dims(), f.dims());
    Tensor::from_dispatch(<Dispatch as ConcatBackend>::concat(
        x.into_dispatch(),
        f.into_dispatch(),
    ))
}

/// The same as backend operations; [`concat()`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait ConcatBackend: Backend {
    /// `x` and `f` along the second dimension.
    fn concat(x: FloatTensor<Self>, f: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The units `range` of `[batch, units, …]`.
    fn part(y: FloatTensor<Self>, range: Range<usize>) -> FloatTensor<Self>;
}

type FlexTensor = FloatTensor<Flex>;

/// Numbers below which threads cost more than they bring.
const GRAIN: usize = 1 << 15;

/// `count` numbers, `each` for an example: the two parts that `parts` gives of its position.
#[allow(unsafe_code)]
fn examples<'a, T: Real>(
    count: usize,
    each: usize,
    parts: impl Fn(usize) -> [&'a [T]; 2] + Sync,
) -> Vec<T> {
    let mut values = Vec::with_capacity(count);
    if count == 0 {
        return values;
    }
    let room = &mut values.spare_capacity_mut()[..count];
    room.par_chunks_mut(each)
        .with_min_len(GRAIN.div_ceil(each))
        .enumerate()
        .for_each(|(example, to)| {
            let [a, b] = parts(example);
            let (first, second) = to.split_at_mut(a.len());
            first.write_copy_of_slice(a);
            second.write_copy_of_slice(b);
        });
    // SAFETY: every example has been written, in two parts: a copy of another length panics.
    unsafe { values.set_len(count) };
    values
}

/// Numbers of an example.
fn per_example(shape: &Shape) -> usize {
    shape.iter().skip(1).product()
}

impl ConcatBackend for Flex {
    fn concat(x: FlexTensor, f: FlexTensor) -> FlexTensor {
        let (x, f) = (x.to_contiguous(), f.to_contiguous());
        let (a, b) = (per_example(&x.shape()), per_example(&f.shape()));
        let mut shape = x.shape().to_vec();
        shape[1] += f.shape()[1];
        let count = shape.iter().product();
        by_type!(x, T => {
            let (x, f) = (slice!(x, T), slice!(f, T));
            let y = examples(count, a + b, |i| [&x[i * a..][..a], &f[i * b..][..b]]);
            FlexTensor::from_data(TensorData::new(y, shape))
        })
    }

    fn part(y: FlexTensor, range: Range<usize>) -> FlexTensor {
        let y = y.to_contiguous();
        let mut shape = y.shape().to_vec();
        let all = per_example(&y.shape());
        let unit = all / shape[1].max(1);
        shape[1] = range.len();
        let (start, each) = (range.start * unit, range.len() * unit);
        let count = shape.iter().product();
        by_type!(y, T => {
            let y = slice!(y, T);
            let part = examples(count, each, |i| [&y[i * all + start..][..each], &[]]);
            FlexTensor::from_data(TensorData::new(part, shape))
        })
    }
}

impl<B: ConcatBackend, C: CheckpointStrategy> ConcatBackend for Autodiff<B, C> {
    fn concat(x: FloatTensor<Self>, f: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct ConcatBack;

        impl<B: ConcatBackend> Backward<B, 2> for ConcatBack {
            type State = [usize; 2];

            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = grads.consume::<B>(&ops.node);
                let [a, b] = ops.state;
                let [to_x, to_f] = ops.parents;
                if let Some(node) = to_x {
                    grads.register::<B>(node.id, B::part(gradient.clone(), 0..a));
                }
                if let Some(node) = to_f {
                    grads.register::<B>(node.id, B::part(gradient, a..a + b));
                }
            }
        }

        let nodes = [x.node(), f.node()];
        let (x, f) = (x.into_primitive(), f.into_primitive());
        let units = [x.shape()[1], f.shape()[1]];
        match ConcatBack.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(units, B::concat(x, f)),
            OpsKind::UnTracked(prep) => prep.finish(B::concat(x, f)),
        }
    }

    // Gradients of gradients are not taken of a fused operation.

    fn part(y: FloatTensor<Self>, range: Range<usize>) -> FloatTensor<Self> {
        <Self as burn::backend::AutodiffBackend>::from_inner(B::part(y.into_primitive(), range))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::concat;
    use crate::testing::{on_threads, slope_error, spoilt, tensor, values};
    use burn::tensor::{DType, Device, Tensor};
    use proptest::prelude::*;

    fn numbers(dims: [usize; 3], transposed: bool, device: &Device) -> Tensor<3> {
        let count: usize = dims.iter().product();
        let x = Tensor::arange(0..count as i64, device).float();
        let [a, b, c] = dims;
        let x = if transposed {
            x.reshape([a, c, b]).swap_dims(1, 2)
        } else {
            x.reshape(dims)
        };
        x.detach().require_grad()
    }

    proptest! {
        #[test]
        fn it_is_burns_and_so_are_the_gradients(
            batch in 1usize..5, a in 1usize..4, b in 1usize..4, rest in 1usize..40, transposed: bool,
        ) {
            let device = Device::flex().autodiff();
            let x = numbers([batch, a, rest * 500], transposed, &device);
            let f = numbers([batch, b, rest * 500], !transposed, &device).mul_scalar(-1.0).detach().require_grad();
            let ours = concat(x.clone(), f.clone());
            let theirs = Tensor::cat(vec![x.clone(), f.clone()], 1);
            ours.to_data().assert_eq(&theirs.to_data(), true);
            let slopes = |y: Tensor<3>| {
                let gradients = (y.clone() * y).sum().backward();
                [x.grad(&gradients).unwrap().to_data(), f.grad(&gradients).unwrap().to_data()]
            };
            for (a, b) in slopes(ours).iter().zip(&slopes(theirs)) {
                a.assert_eq(b, true);
            }
        }
    }

    #[test]
    fn nothing_behind_something_is_that() {
        let device = Device::flex();
        let x = Tensor::<3>::ones([2, 3, 4], &device);
        let none = Tensor::<3>::zeros([2, 0, 4], &device);
        let y = concat(none, x.clone());
        y.to_data().assert_eq(&x.to_data(), true);
        let empty = Tensor::<3>::zeros([0, 3, 4], &device);
        assert_eq!(concat(empty.clone(), empty).dims(), [0, 6, 4]);
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let (x, f) = (
            tensor([2, 3, 2], 1, DType::F64),
            tensor([2, 1, 2], 2, DType::F64),
        );
        let loss = |x: Tensor<3>, f: Tensor<3>| concat(x, f).powi_scalar(2).sum();
        assert!(slope_error(&x, |x| loss(x, f.clone())) < 1e-9);
        assert!(slope_error(&f, |f| loss(x.clone(), f)) < 1e-9);
    }

    #[test]
    fn every_number_passes_on_any_number_of_threads() {
        let bad = [(0, f64::NAN), (70_000, f64::INFINITY), (99_999, -0.0)];
        let x = spoilt(&tensor([50, 4, 500], 1, DType::F32), &bad);
        let f = tensor([50, 3, 500], 2, DType::F32);
        let bits = |threads: usize| {
            on_threads(threads, || {
                let y = concat(x.clone(), f.clone());
                // A view, so that gradients are cut from one too.
                let gradients = y.clone().swap_dims(1, 2).powi_scalar(3).sum().backward();
                let parts = [&x, &f].map(|leaf| leaf.grad(&gradients).unwrap());
                [y, parts[0].clone(), parts[1].clone()]
                    .map(|x| values(&x).into_iter().map(f64::to_bits).collect::<Vec<_>>())
            })
        };
        let (one, three) = (bits(1), bits(3));
        assert!(one == three);
        let theirs = values(&Tensor::cat(vec![x.clone(), f.clone()], 1));
        assert!(one[0].iter().zip(&theirs).all(|(a, b)| *a == b.to_bits()));
    }
}
