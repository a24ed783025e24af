//! Layer normalisation (Ba et al. 2016).

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::layer_norm;

/// A layer normalisation's parameters.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// Scale, `[elements]`; starts at 1.
    pub gamma: Param<Tensor<1>>,
    /// Shift, `[elements]`; starts at 0.
    pub beta: Param<Tensor<1>>,
}

impl LayerNorm {
    /// Normalises over the last dimension.
    ///
    /// # Shapes
    ///
    /// - `x` and the result: `[…, elements]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>, epsilon: f64) -> Tensor<D> {
        layer_norm(x, self.gamma.val(), Some(self.beta.val()), epsilon)
    }
}
