//! The numbers of a tensor whose dimensions do not matter.

use crate::fetch::fetch;
use crate::flex;
use crate::moments::moments;
use crate::squares;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{Shape, Tensor};

/// The numbers of a tensor in order, without its dimensions: a handle that costs less than a tensor
/// that is reshaped.
#[derive(Clone, Debug)]
pub struct Values(pub(crate) Numbers);

#[derive(Clone, Debug)]
pub(crate) enum Numbers {
    /// Contiguous.
    Flex(FloatTensor<Flex>),
    Other(Box<Tensor<1>>),
}

impl Values {
    /// Those of a tensor.
    pub fn of<const D: usize>(tensor: Tensor<D>) -> Self {
        Self(match flex::open(tensor) {
            Ok(tensor) if tensor.is_contiguous() => Numbers::Flex(tensor),
            Ok(tensor) => Numbers::Flex(tensor.to_contiguous()),
            Err(tensor) => {
                let elements = tensor.shape().num_elements();
                Numbers::Other(Box::new(tensor.reshape([elements])))
            }
        })
    }

    /// As a tensor of one dimension.
    pub fn into_tensor(self) -> Tensor<1> {
        match self.0 {
            Numbers::Flex(tensor) => {
                let elements = tensor.shape().num_elements();
                flex::close(tensor.reshape(Shape::new([elements])))
            }
            Numbers::Other(tensor) => *tensor,
        }
    }

    /// Puts others in their place.
    pub fn change(&mut self, f: impl FnOnce(Tensor<1>) -> Tensor<1>) {
        let before = std::mem::replace(&mut self.0, Numbers::Flex(flex::nothing()));
        *self = Self::of(f(Self(before).into_tensor()));
    }

    /// Has the processor fetch them, which are to be read after something else that is no matter of memory.
    pub fn approach(&self) {
        if let Numbers::Flex(tensor) = &self.0
            && let Some(values) = tensor.as_slice::<f32>()
        {
            fetch(values);
        }
    }

    /// Σ x², accumulated in `f64`.
    pub fn sum_of_squares(&self) -> f64 {
        match &self.0 {
            Numbers::Flex(tensor) => squares::of_flex(tensor),
            Numbers::Other(tensor) => moments(tensor).sum_squares,
        }
    }
}
