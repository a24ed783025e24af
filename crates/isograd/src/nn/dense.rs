//! y = x W + b.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::linear;

/// A dense block's parameters.
#[derive(Module, Debug)]
pub struct Dense {
    /// `[inputs, units]`.
    pub weight: Param<Tensor<2>>,
    /// `[units]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Dense {
    /// # Shapes
    ///
    /// - `x`: `[…, inputs]`
    /// - result: `[…, units]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        linear(x, self.weight.val(), self.bias.as_ref().map(Param::val))
    }
}
