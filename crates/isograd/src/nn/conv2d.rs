//! Two-dimensional convolution and pooling, with the padding of either end said apart.

use super::weight::of_kernel;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use isograd_core::describe::WeightForm;
use isograd_kernels::{Watch, Windows, conv2d_watched};

/// A convolution's parameters.
#[derive(Module, Debug)]
pub struct Conv2d {
    /// `[filters, channels / groups, rows, columns]`.
    pub weight: Param<Tensor<4>>,
    /// `[filters]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// Of normalised and scaled weights, `[filters]`.
    pub gain: Option<Param<Tensor<1>>>,
}

/// Burn's pairs (before, after) from a plan's rows before, after, columns before, after.
fn pairs(padding: [usize; 4]) -> [(usize, usize); 2] {
    [(padding[0], padding[1]), (padding[2], padding[3])]
}

impl Conv2d {
    /// With the weights themselves, neither dilated nor in groups.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, channels, height, width]`
    /// - result: `[batch, filters, rows, columns]`
    pub fn forward(&self, x: Tensor<4>, stride: [usize; 2], padding: [usize; 4]) -> Tensor<4> {
        let windows = Windows {
            stride,
            padding,
            dilation: [1, 1],
            groups: 1,
        };
        self.forward_as(x, windows, WeightForm::Plain, None)
    }

    /// With windows of any kind and weights made in a form, its output shown to `watch`; shapes as in
    /// [`Self::forward`].
    ///
    /// # Panics
    /// For a form with a gain, where there is none.
    pub fn forward_as(
        &self,
        x: Tensor<4>,
        windows: Windows,
        form: WeightForm,
        watch: Option<Watch>,
    ) -> Tensor<4> {
        let weight = of_kernel(&self.weight, self.gain.as_ref(), form);
        let bias = self.bias.as_ref().map(Param::val);
        conv2d_watched(x, weight, bias, windows, watch)
    }
}

/// Maximum over windows; padding never wins.
pub(super) fn max_pool(
    x: Tensor<4>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 4],
) -> Tensor<4> {
    let mut options = MaxPoolOptions::new(kernel).with_stride(stride);
    options.padding = pairs(padding);
    max_pool2d(x, options)
}

/// Mean over windows; padding is not counted.
pub(super) fn avg_pool(
    x: Tensor<4>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 4],
) -> Tensor<4> {
    let mut options = AvgPoolOptions::new(kernel).with_stride(stride);
    options.padding = pairs(padding);
    options.count_include_pad = false;
    avg_pool2d(x, options)
}
/// Every pixel as a block of `rows` by `columns`.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - result: `[batch, channels, rows·height, columns·width]`
pub(super) fn upsample(x: Tensor<4>, [rows, columns]: [usize; 2]) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let x = x.reshape([batch, channels, height, 1, width, 1]);
    let x = x.repeat_dim(3, rows).repeat_dim(5, columns);
    x.reshape([batch, channels, height * rows, width * columns])
}
