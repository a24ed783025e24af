//! γ·tanh(αx) + β in place of a normalisation (Zhu et al. 2025, "Transformers without
//! normalization").

use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// The parameters of a dynamic tanh.
#[derive(Module, Debug)]
pub struct DynamicTanh {
    /// α, `[1]`.
    pub alpha: Param<Tensor<1>>,
    /// γ, `[units]`; starts at 1.
    pub gamma: Param<Tensor<1>>,
    /// β, `[units]`; starts at 0.
    pub beta: Param<Tensor<1>>,
}

impl DynamicTanh {
    /// # Shapes
    ///
    /// - `x` and the result: `units` numbers along dimension `axis`
    pub fn forward<const D: usize>(&self, x: Tensor<D>, axis: usize) -> Tensor<D> {
        let each = |p: &Param<Tensor<1>>| {
            let p = p.val();
            let mut shape = [1; D];
            shape[axis] = p.dims()[0];
            p.reshape(shape)
        };
        (x * self.alpha.val().reshape([1; D])).tanh() * each(&self.gamma) + each(&self.beta)
    }
}
