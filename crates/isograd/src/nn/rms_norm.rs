//! Division by the root mean square (Zhang and Sennrich 2019).

use burn::module::{Module, Param};
use burn::tensor::Tensor;

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
        let square = x.clone().powi_scalar(2).mean_dim(D - 1);
        let y = x / (square + epsilon).sqrt();
        match &self.gamma {
            Some(gamma) => y * gamma.val().unsqueeze(),
            None => y,
        }
    }
}
