//! Leaky ReLU with learned slopes (He et al. 2015).

use burn::module::{Module, Param};
use burn::tensor::{Tensor, activation};

/// The slopes of a PReLU.
#[derive(Module, Debug)]
pub struct Prelu {
    /// `[1]`, or one a channel.
    pub slope: Param<Tensor<1>>,
}

impl Prelu {
    /// # Shapes
    ///
    /// - `x` and the result: channels along dimension `axis`
    pub fn forward<const D: usize>(&self, x: Tensor<D>, axis: usize) -> Tensor<D> {
        let slope = self.slope.val();
        // Burn looks for channels in dimension 1.
        if axis == 1 || slope.dims()[0] == 1 {
            activation::prelu(x, slope)
        } else {
            activation::prelu(x.swap_dims(1, axis), slope).swap_dims(1, axis)
        }
    }
}
