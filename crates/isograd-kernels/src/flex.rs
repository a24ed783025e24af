//! In and out of the tensors of Flex without a copy of their handle, so that what has one handle can
//! be changed in place.

use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, BackendTensor, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind, Flex,
    TensorMetadata,
};
use burn::tensor::{DType, Shape, Tensor};
use std::ptr;

type FlexTensor = FloatTensor<Flex>;

/// The tensor of Flex inside, or the tensor as it came.
// The error is the argument, as large as the result.
#[allow(clippy::result_large_err)]
pub(crate) fn open<const D: usize>(tensor: Tensor<D>) -> Result<FlexTensor, Tensor<D>> {
    let DispatchTensor { kind, autodiff } = tensor.into_dispatch();
    match kind {
        DispatchTensorKind::Flex(BackendTensor::Float(tensor)) => Ok(tensor),
        kind => Err(Tensor::from_dispatch(DispatchTensor { kind, autodiff })),
    }
}

/// The way back from [`open`].
pub(crate) fn close<const D: usize>(tensor: FlexTensor) -> Tensor<D> {
    Tensor::from_dispatch(DispatchTensor {
        kind: DispatchTensorKind::Flex(BackendTensor::Float(tensor)),
        autodiff: DispatchAutodiffContext::Disabled,
    })
}

/// Whether kernels compute with this type.
pub(crate) fn computes(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::F64)
}

/// Changes the values of a leaf of autodiff (or of a tensor without autodiff) by `f`, which gets and
/// gives a tensor without autodiff of the same shape and type.
///
/// Where nobody else has a handle of it, the leaf stays the same node of the graph: a new one has to
/// be entered in the books of autodiff, merged with every graph that it meets and removed again, which
/// costs more than a step of a small parameter. Otherwise the result is a new leaf, which like the
/// old one requires a gradient.
pub fn change<const D: usize, R>(
    leaf: Tensor<D>,
    f: impl FnOnce(Tensor<D>) -> (Tensor<D>, R),
) -> (Tensor<D>, R) {
    let mut leaf = leaf.into_dispatch();
    if let DispatchTensorKind::Autodiff(inner) = &mut leaf.kind
        && let DispatchTensorKind::Flex(BackendTensor::Autodiff(node)) = &mut **inner
        && node.primitive().is_unique()
    {
        let place = primitive(node);
        let values = std::mem::replace(place, nothing());
        let (shape, dtype) = (values.shape(), values.dtype());
        let (values, result) = f(close(values));
        match open(values) {
            Ok(values) => {
                assert!(
                    values.shape() == shape && values.dtype() == dtype,
                    "another tensor"
                );
                *place = values;
            }
            Err(_) => unreachable!("a tensor of Flex stays one"),
        }
        return (Tensor::from_dispatch(leaf), result);
    }
    let leaf = Tensor::<D>::from_dispatch(leaf);
    let (autodiff, required) = (leaf.is_autodiff(), leaf.is_require_grad());
    let (values, result) = f(leaf.inner());
    let values = if autodiff { values.autodiff() } else { values };
    (values.set_require_grad(required), result)
}

/// Holds a place.
pub(crate) fn nothing() -> FlexTensor {
    FlexTensor::zeros(Shape::new([0]), DType::F32)
}

/// The values of a tensor of autodiff, to be replaced.
#[allow(unsafe_code)]
fn primitive(node: &mut FloatTensor<Autodiff<Flex>>) -> &mut FlexTensor {
    let inside = ptr::from_ref(node.primitive()).addr();
    let size = size_of_val(node);
    let start = ptr::from_mut(node);
    let offset = inside.wrapping_sub(start.addr());
    assert!(
        offset <= size && size - offset >= size_of::<FlexTensor>(),
        "the values are a field"
    );
    // SAFETY: `primitive` has just given a reference to a valid `FlexTensor` at this address, which
    // lies wholly in `node`; `node` is borrowed mutably, the pointer is derived from that borrow, and
    // the reference is gone. The result borrows `node` for as long as it lives.
    unsafe { &mut *start.byte_add(offset).cast::<FlexTensor>() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::change;
    use burn::tensor::{Device, Tensor};

    fn leaf() -> Tensor<2> {
        let device = Device::flex().autodiff();
        Tensor::from_floats([[1.0, 2.0], [3.0, 4.0]], &device).require_grad()
    }

    fn numbers(x: &Tensor<2>) -> Vec<f32> {
        x.to_data().try_to_vec().unwrap()
    }

    /// The gradient of Σx³.
    fn slope(x: &Tensor<2>) -> Vec<f32> {
        let gradients = x.clone().powi_scalar(3).sum().backward();
        numbers(&x.grad(&gradients).unwrap())
    }

    #[test]
    fn a_leaf_that_was_changed_in_place_has_the_gradients_of_its_new_values() {
        let mut x = leaf();
        for step in 1..4 {
            // Twice: the books of the first backward pass are closed.
            for _ in 0..2 {
                let expected: Vec<f32> = numbers(&x).iter().map(|x| 3.0 * x * x).collect();
                assert_eq!(slope(&x), expected);
            }
            let before = numbers(&x);
            let (changed, seen) = change(x, |x| {
                assert!(!x.is_autodiff());
                let seen = numbers(&x);
                (x * 2.0 + 1.0, seen)
            });
            x = changed;
            assert_eq!(seen, before);
            assert!(x.is_require_grad() && numbers(&x)[0] == 2.0f32.powi(step + 1) - 1.0);
        }
    }

    #[test]
    fn a_leaf_with_another_handle_becomes_a_new_one() {
        let x = leaf();
        let (y, ()) = change(x.clone(), |x| (x * 10.0, ()));
        assert_eq!((numbers(&x)[3], numbers(&y)[3]), (4.0, 40.0));
        // Each has its own gradient in one pass over both.
        let both = x.clone().mul_scalar(2.0).sum() + y.clone().mul_scalar(5.0).sum();
        let gradients = both.backward();
        assert_eq!(numbers(&x.grad(&gradients).unwrap()), [2.0; 4]);
        assert_eq!(numbers(&y.grad(&gradients).unwrap()), [5.0; 4]);
    }

    #[test]
    fn frozen_and_plain_tensors_stay_what_they_are() {
        let (frozen, ()) = change(leaf().set_require_grad(false), |x| (x + 1.0, ()));
        assert!(frozen.is_autodiff() && !frozen.is_require_grad());
        let (plain, ()) = change(leaf().inner(), |x| (x + 1.0, ()));
        assert!(!plain.is_autodiff() && numbers(&plain) == [2.0, 3.0, 4.0, 5.0]);
    }
}
