//! Lion (Chen et al. 2023, algorithm 2).

use super::parameter::Parameter;
use super::state::Slots;
use super::{Now, Rule};
use burn::tensor::Tensor;

/// w ← w − lr·sign(β1·m + (1 − β1)·g), then m ← β2·m + (1 − β2)·g.
#[derive(Debug)]
pub(super) struct Lion {
    pub(super) beta1: f64,
    pub(super) beta2: f64,
}

impl Rule for Lion {
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
        let mixed = gradient.clone().mul_scalar(1.0 - self.beta1);
        let mixed = match slots.take(0) {
            Some(mean) => {
                let mixed = mean.clone().mul_scalar(self.beta1) + mixed;
                slots.put(0, mean);
                mixed
            }
            None => mixed,
        };
        slots.blend(0, self.beta2, gradient.mul_scalar(1.0 - self.beta2));
        mixed.sign().mul_scalar(now.lr)
    }
}
