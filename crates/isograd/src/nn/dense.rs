//! y = x W + b.

use super::weight::of_matrix;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use isograd_core::describe::WeightForm;
use isograd_kernels as kernel;

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
    /// With the weights themselves.
    ///
    /// # Shapes
    ///
    /// - `x`: `[…, inputs]`
    /// - result: `[…, units]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        self.forward_as(x, WeightForm::Plain)
    }

    /// With weights made in a form; shapes as in [`Self::forward`].
    ///
    /// # Panics
    /// For a form with a gain, where there is none.
    pub fn forward_as<const D: usize>(&self, x: Tensor<D>, form: WeightForm) -> Tensor<D> {
        self.forward_then(x, form, kernel::Dense::default())
    }

    /// With an activation behind it and watched, in one operation; shapes as in [`Self::forward`].
    ///
    /// # Panics
    /// For a form with a gain, where there is none.
    pub fn forward_then<const D: usize>(
        &self,
        x: Tensor<D>,
        form: WeightForm,
        layer: kernel::Dense,
    ) -> Tensor<D> {
        let weight = of_matrix(&self.weight, self.gain.as_ref(), form);
        kernel::dense(x, weight, self.bias.as_ref().map(Param::val), layer)
    }
}

/// Several dense layers of one input as one product, their units side by side; all of them have a
/// bias, or none.
///
/// # Shapes
///
/// - `x`: `[batch, steps, inputs]`
/// - result: `[batch, steps, units of the first + …]`
pub(super) fn side_by_side(layers: &[&Dense], x: Tensor<3>) -> Tensor<3> {
    let weight = Tensor::cat(layers.iter().map(|l| l.weight.val()).collect(), 1);
    let bias: Option<Vec<_>> = layers
        .iter()
        .map(|l| Some(l.bias.as_ref()?.val()))
        .collect();
    let bias = bias.map(|bias| Tensor::cat(bias, 0));
    kernel::dense(x, weight, bias, kernel::Dense::default())
}
