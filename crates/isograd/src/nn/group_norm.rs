//! Group normalisation (Wu and He 2018) and, with a group a channel, instance normalisation
//! (Ulyanov et al. 2016).

use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// The parameters of a group or instance normalisation; without any it only normalises.
#[derive(Module, Debug)]
pub struct GroupNorm {
    /// Scale, `[units]`; starts at 1.
    pub gamma: Option<Param<Tensor<1>>>,
    /// Shift, `[units]`; starts at 0.
    pub beta: Option<Param<Tensor<1>>>,
}

impl GroupNorm {
    /// Normalises each of `groups` groups of units of one example together, over all positions.
    ///
    /// # Shapes
    ///
    /// - `x` and the result: `[batch, units, …]`; `groups` divides `units`
    pub fn forward<const D: usize>(&self, x: Tensor<D>, groups: usize, epsilon: f64) -> Tensor<D> {
        let dims = x.dims();
        let (batch, units) = (dims[0], dims[1]);
        let together = dims[1..].iter().product::<usize>() / groups;
        let x = x.reshape([batch, groups, together]);
        let centred = x.clone() - x.mean_dim(2);
        let variance = centred.clone().powi_scalar(2).mean_dim(2);
        let y = (centred / (variance + epsilon).sqrt()).reshape(dims);
        let each = |p: &Param<Tensor<1>>| {
            let mut shape = [1; D];
            shape[1] = units;
            p.val().reshape(shape)
        };
        let y = match &self.gamma {
            Some(gamma) => y * each(gamma),
            None => y,
        };
        match &self.beta {
            Some(beta) => y + each(beta),
            None => y,
        }
    }
}
