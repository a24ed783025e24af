//! Layer normalisation (Ba et al. 2016).

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use isograd_kernels::{Rows, Watch, row_norm};

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
        let elements = x.dims()[D - 1];
        self.forward_over(x, elements, epsilon, None)
    }

    /// Normalises every `elements` numbers that lie behind each other.
    pub(super) fn forward_over<const D: usize>(
        &self,
        x: Tensor<D>,
        elements: usize,
        epsilon: f64,
        watch: Option<Watch>,
    ) -> Tensor<D> {
        let how = Rows::of(elements, true, epsilon);
        row_norm(x, Some(self.gamma.val()), Some(self.beta.val()), how, watch)
    }
}
