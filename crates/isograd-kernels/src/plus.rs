//! Where two paths meet: x + f in one pass on all threads, with the telemetry of the sum in it.
//!
//! Burn 0.22's Flex adds on one.

use crate::Moments;
use crate::curve::Curved;
use crate::handle::{from_vec, writable};
use crate::pieces::{BLOCK, PIECE, each, made, merged};
use crate::probe::{Direction, ProbeBackend, Want, Watch, show, want};
use crate::real::{by_type, slice};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;

/// `x` + `f`, which `watch` sees, and later its gradient, that of both.
///
/// # Shapes
///
/// - `x`, `f` and the result: `[batch, …]`
///
/// # Panics
/// Where the shapes differ.
pub fn plus<const D: usize>(x: Tensor<D>, f: Tensor<D>, watch: Option<Watch>) -> Tensor<D> {
    assert_eq!(x.dims(), f.dims(), "shapes of a sum");
    Tensor::from_dispatch(<Dispatch as PlusBackend>::plus(
        x.into_dispatch(),
        f.into_dispatch(),
        watch,
    ))
}

/// The same as a backend operation; [`plus`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait PlusBackend: ProbeBackend {
    /// `x` + `f`.
    fn plus(x: FloatTensor<Self>, f: FloatTensor<Self>, watch: Option<Watch>) -> FloatTensor<Self>;
}

type FlexTensor = FloatTensor<Flex>;

fn moments<T: Curved>(values: &[T], look: bool) -> Moments {
    if look {
        T::moments(values)
    } else {
        Moments::default()
    }
}

/// `to` += `other`, and what is seen of the sum.
fn add<T: Curved>(to: &mut [T], other: &[T], look: bool) -> Moments {
    merged(each(
        to.chunks_mut(PIECE).zip(other.chunks(PIECE)),
        |(to, other)| {
            let blocks = to.chunks_mut(BLOCK).zip(other.chunks(BLOCK));
            merged(blocks.map(|(to, other)| {
                T::add_rows(other, to);
                moments(to, look)
            }))
        },
    ))
}

/// x + f where nothing was yet, and what is seen of it.
fn sum<T: Curved>(x: &[T], f: &[T], look: bool) -> (Vec<T>, Moments) {
    assert_eq!(x.len(), f.len(), "sizes of a sum");
    let (y, seen) = made(
        x.len(),
        [PIECE, BLOCK],
        |at, y: &mut [T], seen: &mut Moments| {
            let at = at..at + y.len();
            y.copy_from_slice(&x[at.clone()]);
            T::add_rows(&f[at], y);
            *seen = seen.merged(moments(y, look));
        },
    );
    (y, merged(seen))
}

impl PlusBackend for Flex {
    fn plus(x: FlexTensor, f: FlexTensor, watch: Option<Watch>) -> FlexTensor {
        let (mut x, mut f) = (writable(x), writable(f));
        let (shape, direction) = (x.shape(), Direction::Forward);
        let want = want(watch.as_ref(), direction);
        let look = want != Want::Nothing;
        by_type!(x, T => {
            // In the place of one that nobody else has.
            let (y, seen) = if let Some(to) = f.try_storage_mut::<T>() {
                let seen = add(to, slice!(x, T), look);
                (f, seen)
            } else if let Some(to) = x.try_storage_mut::<T>() {
                let seen = add(to, slice!(f, T), look);
                (x, seen)
            } else {
                let (y, seen) = sum(slice!(x, T), slice!(f, T), look);
                (from_vec(y, shape.clone()), seen)
            };
            show(watch.as_ref(), direction, &shape, seen, slice!(y, T), want);
            y
        })
    }
}

impl<B: PlusBackend, C: CheckpointStrategy> PlusBackend for Autodiff<B, C> {
    fn plus(x: FloatTensor<Self>, f: FloatTensor<Self>, watch: Option<Watch>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct PlusBack;

        impl<B: PlusBackend> Backward<B, 2> for PlusBack {
            type State = Option<Watch>;

            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let mut gradient = grads.consume::<B>(&ops.node);
                if let Some(watch) = ops.state {
                    gradient = B::look(gradient, watch, Direction::Backward);
                }
                let mut parents = ops.parents.into_iter().flatten();
                let (first, second) = (parents.next(), parents.next());
                if let Some(node) = second {
                    grads.register::<B>(node.id, gradient.clone());
                }
                if let Some(node) = first {
                    grads.register::<B>(node.id, gradient);
                }
            }
        }

        let nodes = [x.node(), f.node()];
        let (x, f) = (x.into_primitive(), f.into_primitive());
        match PlusBack.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(watch.clone(), B::plus(x, f, watch)),
            OpsKind::UnTracked(prep) => prep.finish(B::plus(x, f, watch)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::probe::probe;
    use crate::probe::tests::{Keep, watch};
    use crate::testing::{cases, on_threads};
    use burn::tensor::{DType, Device, TensorData};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn tensor(dims: [usize; 3], phase: f64, dtype: DType) -> Tensor<3> {
        let count: usize = dims.iter().product();
        let values = (0..count).map(|i| ((i as f64 + phase) * 12.9898).sin());
        let data = TensorData::new(values.collect::<Vec<f64>>(), dims).convert_dtype(dtype);
        Tensor::from_data(data, (&Device::flex().autodiff(), dtype)).require_grad()
    }

    /// Sum and gradients; one, none or both of the terms belong to nobody else.
    fn run(
        [x, f]: [&Tensor<3>; 2],
        [own_x, own_f, turned]: [bool; 3],
        meet: impl Fn(Tensor<3>, Tensor<3>) -> Tensor<3>,
    ) -> Vec<TensorData> {
        let own = |x: &Tensor<3>, own: bool| if own { x.clone() * 2.0 } else { x.clone() };
        let turn = |x: Tensor<3>| if turned { x.swap_dims(1, 2) } else { x };
        let y = meet(turn(own(x, own_x)), turn(own(f, own_f)));
        let gradients = (y.clone() * y.clone()).sum().backward();
        let gradient = |x: &Tensor<3>| x.grad(&gradients).unwrap().into_data();
        // What was added to is as it was.
        vec![
            y.into_data(),
            gradient(x),
            gradient(f),
            x.clone().into_data(),
            f.clone().into_data(),
        ]
    }

    proptest! {
        #![proptest_config(cases(60))]

        #[test]
        fn agrees_with_burn(
            dims in [0usize..5, 1usize..8, 1usize..300],
            layout: [bool; 3],
            double: bool,
        ) {
            let dtype = if double { DType::F64 } else { DType::F32 };
            let (x, f) = (tensor(dims, 0.0, dtype), tensor(dims, 0.4, dtype));
            let found = run([&x, &f], layout, |x, f| plus(x, f, None));
            let expected = run([&x, &f], layout, |x, f| x + f);
            for (found, expected) in found.iter().zip(&expected) {
                found.assert_eq(expected, true);
            }
        }
    }

    #[test]
    fn watches_see_what_probes_see() {
        for dims in [[3, 4, 5], [30, 40, 50]] {
            let (x, f) = (tensor(dims, 0.0, DType::F32), tensor(dims, 0.4, DType::F32));
            let (fused, apart) = (Arc::new(Keep::default()), Arc::new(Keep::default()));
            for own in [false, true] {
                run([&x, &f], [own, false, false], |x, f| {
                    plus(x, f, Some(watch(&fused, 3)))
                });
                run([&x, &f], [own, false, false], |x, f| {
                    probe(x + f, watch(&apart, 3))
                });
            }
            let (found, expected) = (fused.0.lock().unwrap(), apart.0.lock().unwrap());
            assert_eq!(found.len(), 4);
            for (a, b) in found.iter().zip(&*expected) {
                assert_eq!((a.0, a.1, a.2, &a.4), (b.0, b.1, b.2, &b.4));
                assert!((a.3.sum_squares / b.3.sum_squares - 1.0).abs() < 1e-6);
                assert_eq!(a.3.max_abs, b.3.max_abs);
            }
        }
    }

    #[test]
    fn the_number_of_threads_changes_nothing_and_what_is_no_number_stays_in_its_place() {
        let dims = [30, 40, 50];
        let spoilt = tensor(dims, 0.0, DType::F32).into_data();
        let mut values: Vec<f32> = spoilt.iter::<f32>().collect();
        (values[7], values[40_000]) = (f32::NAN, f32::INFINITY);
        let x = Tensor::<3>::from_data(TensorData::new(values, dims), &Device::flex());
        let f = tensor(dims, 0.4, DType::F32).detach();
        let with = |threads| on_threads(threads, || plus(x.clone(), f.clone(), None).into_data());
        let (one, three) = (with(1), with(3));
        for ((a, b), c) in one
            .iter::<f32>()
            .zip(three.iter::<f32>())
            .zip((x + f).into_data().iter::<f32>())
        {
            assert!(a.to_bits() == b.to_bits() && (a == c || (a.is_nan() && c.is_nan())));
        }
    }
}
