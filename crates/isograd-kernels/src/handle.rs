//! Handles of Flex's tensors: whose numbers may be changed in place.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{Element, Shape, TensorData};

/// The tensor with its numbers in C order and nothing else in its buffer, so that one may write into
/// it; copied where it is not so. A buffer that others hold too is copied by the first writing.
pub(crate) fn writable(tensor: FloatTensor<Flex>) -> FloatTensor<Flex> {
    let numbers = tensor.layout().num_elements() * tensor.dtype().size();
    let whole = tensor.is_contiguous()
        && tensor.layout().start_offset() == 0
        && tensor.bytes().len() == numbers;
    if whole {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// A tensor of these numbers.
pub(crate) fn from_vec<T: Element>(values: Vec<T>, shape: impl Into<Shape>) -> FloatTensor<Flex> {
    FloatTensor::<Flex>::from_data(TensorData::new(values, shape))
}
