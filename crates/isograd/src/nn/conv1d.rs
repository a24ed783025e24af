//! Convolution, pooling and repetition along the steps of a sequence.

use super::weight::of_kernel;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool1d, conv1d, max_pool1d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use isograd_core::describe::WeightForm;

/// A one-dimensional convolution's parameters.
#[derive(Module, Debug)]
pub struct Conv1d {
    /// `[filters, features / groups, kernel]`.
    pub weight: Param<Tensor<3>>,
    /// `[filters]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// Of normalised and scaled weights, `[filters]`.
    pub gain: Option<Param<Tensor<1>>>,
}

/// How a window moves along the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// From window to window.
    pub stride: usize,
    /// Zeros before and after.
    pub padding: [usize; 2],
    /// From step to step in a window.
    pub dilation: usize,
    /// Groups of features.
    pub groups: usize,
}

impl Conv1d {
    /// # Shapes
    ///
    /// - `x`: `[batch, steps, features]`
    /// - result: `[batch, steps that come out, filters]`
    pub fn forward(&self, x: Tensor<3>, steps: Steps, form: WeightForm) -> Tensor<3> {
        let padding = [(steps.padding[0], steps.padding[1])];
        let options =
            ConvOptions::new_with_padding([steps.stride], padding, [steps.dilation], steps.groups);
        let weight = of_kernel(&self.weight, self.gain.as_ref(), form);
        let bias = self.bias.as_ref().map(Param::val);
        conv1d(x.swap_dims(1, 2), weight, bias, options).swap_dims(1, 2)
    }
}

/// Maximum over windows; padding never wins.
pub(super) fn max_pool(x: Tensor<3>, kernel: usize, stride: usize, zeros: [usize; 2]) -> Tensor<3> {
    let mut options = MaxPoolOptions::new([kernel]).with_stride([stride]);
    options.padding = [(zeros[0], zeros[1])];
    max_pool1d(x.swap_dims(1, 2), options).swap_dims(1, 2)
}

/// Mean over windows; padding is not counted.
pub(super) fn avg_pool(x: Tensor<3>, kernel: usize, stride: usize, zeros: [usize; 2]) -> Tensor<3> {
    let mut options = AvgPoolOptions::new([kernel]).with_stride([stride]);
    options.padding = [(zeros[0], zeros[1])];
    options.count_include_pad = false;
    avg_pool1d(x.swap_dims(1, 2), options).swap_dims(1, 2)
}

/// Every step `factor` times.
pub(super) fn upsample(x: Tensor<3>, factor: usize) -> Tensor<3> {
    let [batch, steps, features] = x.dims();
    let x = x.reshape([batch, steps, 1, features]);
    x.repeat_dim(2, factor)
        .reshape([batch, steps * factor, features])
}
