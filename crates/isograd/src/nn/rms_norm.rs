//! Division by the root mean square (Zhang and Sennrich 2019).

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use isograd_kernels::{Rows, Watch, row_norm};

/// The parameter of an RMS normalisation, if it has one.
#[derive(Module, Debug)]
pub struct RmsNorm {
    /// Scale, `[elements]`; starts at 1.
    pub gamma: Option<Param<Tensor<1>>>,
}

impl RmsNorm {
    /// x / √(mean x² + epsilon) over the last dimension, times the scale.
    ///
    /// # Shapes
    ///
    /// - `x` and the result: `[…, elements]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>, epsilon: f64) -> Tensor<D> {
        let elements = x.dims()[D - 1];
        self.forward_over(x, elements, epsilon, None)
    }

    /// Divides every `elements` numbers that lie behind each other.
    pub(super) fn forward_over<const D: usize>(
        &self,
        x: Tensor<D>,
        elements: usize,
        epsilon: f64,
        watch: Option<Watch>,
    ) -> Tensor<D> {
        let how = Rows::of(elements, false, epsilon);
        row_norm(x, self.gamma.as_ref().map(Param::val), None, how, watch)
    }
}
