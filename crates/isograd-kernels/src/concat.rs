//! Two tensors, one behind the other along the second dimension: example by example, on all threads.
//!
//! Burn 0.22's Flex copies on one, and the gradients of the parts are views that the next operation
//! copies.

use crate::Moments;
use crate::pieces::{BLOCK, merged};
use crate::probe::{Direction, Want, Watch, show, want};
use crate::real::{Real, by_type, slice};
use crate::threads::wake;
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Shape, Tensor, TensorData};
use rayon::prelude::*;
use std::mem::MaybeUninit;

/// `x` and `f`, one behind the other, which `watch` sees, and later their gradient.
///
/// # Shapes
///
/// - `x`: `[batch, a, …]`
/// - `f`: `[batch, b, …]`
/// - result: `[batch, a + b, …]`
///
/// # Panics
/// Where another dimension than the second differs.
pub fn concat<const D: usize>(x: Tensor<D>, f: Tensor<D>, watch: Option<Watch>) -> Tensor<D> {
    let agree = (0..D).all(|i| i == 1 || x.dims()[i] == f.dims()[i]);
    assert!(agree, "{:?} and {:?}", x.dims(), f.dims());
    Tensor::from_dispatch(<Dispatch as ConcatBackend>::concat(
        x.into_dispatch(),
        f.into_dispatch(),
        watch,
    ))
}

/// The same as backend operations; [`concat()`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait ConcatBackend: Backend {
    /// `x` and `f` along the second dimension.
    fn concat(
        x: FloatTensor<Self>,
        f: FloatTensor<Self>,
        watch: Option<Watch>,
    ) -> FloatTensor<Self>;

    /// The first `units` of `[batch, units, …]`, and the others.
    fn parts(
        y: FloatTensor<Self>,
        units: usize,
        watch: Option<Watch>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

type FlexTensor = FloatTensor<Flex>;

/// Numbers below which threads cost more than they bring.
const GRAIN: usize = 1 << 15;

/// Copies examples, and says what it sees of them.
#[derive(Clone, Copy)]
struct Copying<T> {
    /// The moments that are wanted, if any.
    moments: Option<fn(&[T]) -> Moments>,
}

impl<T: Real> Copying<T> {
    fn new(want: Want, direction: Direction) -> Self {
        let moments: fn(&[T]) -> Moments = match direction {
            Direction::Forward => T::moments,
            Direction::Backward => T::sizes,
        };
        Self {
            moments: (want != Want::Nothing).then_some(moments),
        }
    }

    fn part(self, from: &[T], to: &mut [MaybeUninit<T>]) -> Moments {
        let Some(moments) = self.moments else {
            to.write_copy_of_slice(from);
            return Moments::default();
        };
        assert_eq!(from.len(), to.len(), "a copy of another length");
        merged(
            from.chunks(BLOCK)
                .zip(to.chunks_mut(BLOCK))
                .map(|(from, to)| {
                    to.write_copy_of_slice(from);
                    moments(from)
                }),
        )
    }

    /// `count` numbers, `each` for an example: the two parts that `parts` gives of its position.
    #[allow(unsafe_code)]
    fn examples<'a>(
        self,
        count: usize,
        each: usize,
        parts: impl Fn(usize) -> [&'a [T]; 2] + Sync,
    ) -> (Vec<T>, Moments) {
        let mut values = Vec::with_capacity(count);
        if count == 0 {
            return (values, Moments::default());
        }
        let room = &mut values.spare_capacity_mut()[..count];
        wake();
        let seen: Vec<Moments> = room
            .par_chunks_mut(each)
            .with_min_len(GRAIN.div_ceil(each))
            .enumerate()
            .map(|(example, to)| {
                let [a, b] = parts(example);
                let (first, second) = to.split_at_mut(a.len());
                self.part(a, first).merged(self.part(b, second))
            })
            .collect();
        // SAFETY: every example has been written, in two parts: a copy of another length panics.
        unsafe { values.set_len(count) };
        (values, merged(seen))
    }
}

/// Numbers of an example.
fn per_example(shape: &Shape) -> usize {
    shape.iter().skip(1).product()
}

impl ConcatBackend for Flex {
    fn concat(x: FlexTensor, f: FlexTensor, watch: Option<Watch>) -> FlexTensor {
        let (x, f) = (x.to_contiguous(), f.to_contiguous());
        let (a, b) = (per_example(&x.shape()), per_example(&f.shape()));
        let mut shape = x.shape();
        shape[1] += f.shape()[1];
        let (count, direction) = (shape.num_elements(), Direction::Forward);
        let want = want(watch.as_ref(), direction);
        by_type!(x, T => {
            let (x, f) = (slice!(x, T), slice!(f, T));
            let parts = |i| [&x[i * a..][..a], &f[i * b..][..b]];
            let (y, seen) = Copying::<T>::new(want, direction).examples(count, a + b, parts);
            show(watch.as_ref(), direction, &shape, seen, &y, want);
            FlexTensor::from_data(TensorData::new(y, shape))
        })
    }

    fn parts(y: FlexTensor, units: usize, watch: Option<Watch>) -> (FlexTensor, FlexTensor) {
        let y = y.to_contiguous();
        let (shape, direction) = (y.shape(), Direction::Backward);
        let all = per_example(&shape);
        let first = all / shape[1].max(1) * units;
        let want = want(watch.as_ref(), direction);
        let mut shapes = [shape.clone(), shape.clone()];
        (shapes[0][1], shapes[1][1]) = (units, shape[1] - units);
        let [a, b] = shapes;
        by_type!(y, T => {
            let y = slice!(y, T);
            let copying = Copying::<T>::new(want, direction);
            let part = |count, start: usize, end: usize| {
                let part = |i| [&y[i * all + start..i * all + end], &[] as &[T]];
                copying.examples(count, end - start, part)
            };
            let (x, seen) = part(a.num_elements(), 0, first);
            let (f, more) = part(b.num_elements(), first, all);
            show(watch.as_ref(), direction, &shape, seen.merged(more), y, want);
            (
                FlexTensor::from_data(TensorData::new(x, a)),
                FlexTensor::from_data(TensorData::new(f, b)),
            )
        })
    }
}

impl<B: ConcatBackend, C: CheckpointStrategy> ConcatBackend for Autodiff<B, C> {
    fn concat(
        x: FloatTensor<Self>,
        f: FloatTensor<Self>,
        watch: Option<Watch>,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct ConcatBack;

        impl<B: ConcatBackend> Backward<B, 2> for ConcatBack {
            type State = (usize, Option<Watch>);

            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = grads.consume::<B>(&ops.node);
                let (units, watch) = ops.state;
                let (dx, df) = B::parts(gradient, units, watch);
                for (node, gradient) in ops.parents.into_iter().zip([dx, df]) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, gradient);
                    }
                }
            }
        }

        let nodes = [x.node(), f.node()];
        let (x, f) = (x.into_primitive(), f.into_primitive());
        let state = (x.shape()[1], watch.clone());
        match ConcatBack.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, B::concat(x, f, watch)),
            OpsKind::UnTracked(prep) => prep.finish(B::concat(x, f, watch)),
        }
    }

    // Gradients of gradients are not taken of a fused operation.

    fn parts(
        y: FloatTensor<Self>,
        units: usize,
        watch: Option<Watch>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (x, f) = B::parts(y.into_primitive(), units, watch);
        let outer = <Self as burn::backend::AutodiffBackend>::from_inner;
        (outer(x), outer(f))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::concat;
    use crate::probe::probe;
    use crate::probe::tests::{Keep, watch};
    use crate::testing::{on_threads, slope_error, spoilt, tensor, values};
    use burn::tensor::{DType, Device, Tensor};
    use proptest::prelude::*;
    use std::sync::Arc;

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
            let ours = concat(x.clone(), f.clone(), None);
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
        let y = concat(none, x.clone(), None);
        y.to_data().assert_eq(&x.to_data(), true);
        let empty = Tensor::<3>::zeros([0, 3, 4], &device);
        assert_eq!(concat(empty.clone(), empty, None).dims(), [0, 6, 4]);
    }

    #[test]
    fn a_watch_sees_what_a_probe_sees() {
        for rest in [3, 9_000] {
            let device = Device::flex().autodiff();
            let (fused, apart) = (Arc::new(Keep::default()), Arc::new(Keep::default()));
            let run = |join: &dyn Fn(Tensor<3>, Tensor<3>) -> Tensor<3>| {
                let x = numbers([5, 2, rest], false, &device);
                let f = numbers([5, 1, rest], true, &device);
                join(x, f).powi_scalar(3).sum().backward();
            };
            run(&|x, f| concat(x, f, Some(watch(&fused, 2))));
            run(&|x, f| probe(concat(x, f, None), watch(&apart, 2)));
            let (found, expected) = (fused.0.lock().unwrap(), apart.0.lock().unwrap());
            assert_eq!((found.len(), expected.len()), (2, 2));
            for (a, b) in found.iter().zip(&*expected) {
                assert_eq!((a.0, a.1, a.2, &a.4), (b.0, b.1, b.2, &b.4));
                assert_eq!((a.3.count, a.3.max_abs), (b.3.count, b.3.max_abs));
                assert!((a.3.sum_squares / b.3.sum_squares - 1.0).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let (x, f) = (
            tensor([2, 3, 2], 1, DType::F64),
            tensor([2, 1, 2], 2, DType::F64),
        );
        let loss = |x: Tensor<3>, f: Tensor<3>| concat(x, f, None).powi_scalar(2).sum();
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
                let y = concat(x.clone(), f.clone(), None);
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
