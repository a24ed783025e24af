//! Group normalisation (Wu and He 2018) and, with a group a channel, instance normalisation
//! (Ulyanov et al. 2016).

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use isograd_kernels::{Rows, Watch, row_norm};

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
        self.forward_seen(x, groups, epsilon, None)
    }

    /// The same, the output shown.
    pub(super) fn forward_seen<const D: usize>(
        &self,
        x: Tensor<D>,
        groups: usize,
        epsilon: f64,
        watch: Option<Watch>,
    ) -> Tensor<D> {
        let dims = x.dims();
        let how = Rows {
            elements: dims[1..].iter().product::<usize>() / groups,
            groups,
            positions: dims[2..].iter().product(),
            centred: true,
            epsilon,
        };
        let [gamma, beta] = [&self.gamma, &self.beta].map(|p| p.as_ref().map(Param::val));
        row_norm(x, gamma, beta, how, watch)
    }
}
