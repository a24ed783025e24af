//! A gradient handed over: a backward pass that begins with the gradient of a tensor.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Shape, Tensor};

/// A number, 0, whose backward pass gives `y` the gradient `delta` as it is: Burn's begins with a
/// one. Sums of such numbers begin it at several tensors.
///
/// # Shapes
///
/// - `y`: any, on an autodiff device
/// - `delta`: of the same shape, with or without autodiff
/// - result: `[1]`
pub fn handed<const D: usize>(y: Tensor<D>, delta: Tensor<D>) -> Tensor<1> {
    debug_assert_eq!(y.dims(), delta.dims(), "a gradient has its tensor's shape");
    let delta = if delta.is_autodiff() {
        delta
    } else {
        Tensor::from_inner(delta)
    };
    Tensor::from_dispatch(<Dispatch as HandedBackend>::handed(
        y.into_dispatch(),
        delta.into_dispatch(),
    ))
}

/// The same as a backend operation; [`handed`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait HandedBackend: Backend {
    /// Zero.
    fn handed(y: FloatTensor<Self>, delta: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl HandedBackend for Flex {
    fn handed(y: FloatTensor<Self>, _: FloatTensor<Self>) -> FloatTensor<Self> {
        zero::<Self>(&y)
    }
}

fn zero<B: Backend>(y: &FloatTensor<B>) -> FloatTensor<B> {
    B::float_zeros(Shape::new([1]), &y.device(), y.dtype().into())
}

impl<B: HandedBackend, C: CheckpointStrategy> HandedBackend for Autodiff<B, C> {
    fn handed(y: FloatTensor<Self>, delta: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct HandedBack;

        impl<B: HandedBackend> Backward<B, 1> for HandedBack {
            type State = FloatTensor<B>;

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let _one = grads.consume::<B>(&ops.node);
                let [parent] = ops.parents;
                if let Some(node) = parent {
                    grads.register::<B>(node.id, ops.state);
                }
            }
        }

        match HandedBack
            .prepare::<C>([y.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let zero = zero::<B>(&y.into_primitive());
                prep.finish(delta.into_primitive(), zero)
            }
            OpsKind::UnTracked(prep) => prep.finish(zero::<B>(&y.into_primitive())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{spoilt, tensor, values};
    use burn::tensor::{DType, Device, Tolerance};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_handed_over_arrives_as_it_is(
            rows in 0usize..6,
            columns in 1usize..20,
            view: bool,
            tracked: bool,
            bad in prop::option::of((0usize..120, prop_oneof![Just(f64::NAN), Just(f64::INFINITY)])),
            double: bool,
        ) {
            let dtype = if double { DType::F64 } else { DType::F32 };
            let x = tensor([rows, columns], 1, dtype);
            let delta = spoilt(&tensor([rows, columns], 2, dtype), bad.as_slice()).detach();
            let delta = if view { (delta.transpose() * 1.0).transpose() } else { delta };
            let given = if tracked { delta.clone() } else { delta.clone().inner() };
            let number = handed(x.clone(), given);
            prop_assert_eq!(number.dtype(), dtype);
            let found = values(&x.grad(&number.backward()).unwrap());
            // The composed form is Σ y·delta, whose gradient is delta too, but whose value is not 0.
            let composed = (x.clone() * delta).sum().backward();
            let expected = values(&x.grad(&composed).unwrap());
            let bits = |all: Vec<f64>| all.into_iter().map(f64::to_bits).collect::<Vec<_>>();
            prop_assert_eq!(bits(found), bits(expected));
        }
    }

    /// A function in one piece, and in two with the gradient of the second handed to the first.
    #[test]
    fn two_pieces_have_the_gradient_of_the_whole() {
        let device = Device::flex().autodiff();
        let x = Tensor::<2>::from_floats([[0.3, -1.2], [2.0, 0.1]], &device).require_grad();
        let first = |x: Tensor<2>| (x.clone() * x.clone(), x.sin());
        let second = |a: Tensor<2>, b: Tensor<2>| (a * b.clone() + b.exp()).sum();

        let (a, b) = first(x.clone());
        let whole = x.grad(&second(a, b).backward()).unwrap();

        let (a, b) = first(x.clone());
        let cut = |t: &Tensor<2>| Tensor::from_inner(t.clone().inner()).require_grad();
        let (a2, b2) = (cut(&a), cut(&b));
        let gradients = second(a2.clone(), b2.clone()).backward();
        let (da, db) = (a2.grad(&gradients).unwrap(), b2.grad(&gradients).unwrap());
        let number = handed(a, da) + handed(b, Tensor::from_inner(db));
        assert_eq!(number.to_data().iter::<f32>().next(), Some(0.0));
        let pieces = x.grad(&number.backward()).unwrap();
        pieces
            .into_data()
            .assert_approx_eq::<f32>(&whole.into_data(), Tolerance::default());
    }
}
