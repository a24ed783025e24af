//! signSGD and Signum (Bernstein et al. 2018, algorithms 1 and 2).

use super::parameter::Parameter;
use super::state::Slots;
use super::{Now, Rule};
use burn::tensor::Tensor;

/// m ← momentum·m + (1 − momentum)·g, w ← w − lr·sign(m).
#[derive(Debug)]
pub(super) struct Sign {
    pub(super) momentum: f64,
}

impl Rule for Sign {
    fn slots(&self) -> &'static [&'static str] {
        &["mean"]
    }

    fn step(
        &self,
        now: Now,
        _: (&Parameter, &Tensor<1>),
        slots: &mut Slots<'_>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let mean = if self.momentum == 0.0 {
            gradient
        } else {
            slots.blend(0, self.momentum, gradient.mul_scalar(1.0 - self.momentum))
        };
        mean.sign().mul_scalar(now.lr)
    }
}
