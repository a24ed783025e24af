//! y = x W + b.

use super::weight::of_matrix;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::linear;
use isograd_core::describe::WeightForm;

/// A dense block's parameters.
#[derive(Module, Debug)]
pub struct Dense {
    /// `[inputs, units]`.
    pub weight: Param<Tensor<2>>,
    /// `[units]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// Of normalised and scaled weights, `[units]`.
    pub gain: Option<Param<Tensor<1>>>,
}

impl Dense {
    /// # Shapes
    ///
    /// - `x`: `[…, inputs]`
    /// - result: `[…, units]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>, form: WeightForm) -> Tensor<D> {
        let weight = of_matrix(&self.weight, self.gain.as_ref(), form);
        linear(x, weight, self.bias.as_ref().map(Param::val))
    }
}
