//! Stochastic gradient descent.

use super::parameter::Parameter;
use super::state::Slots;
use super::{Fused, Now, Rule};
use burn::tensor::Tensor;

/// PyTorch's form: v ← momentum·v + g, w ← w − lr·v, or with Nesterov w ← w − lr·(g + momentum·v).
/// The rate stands outside the velocity, so a changed rate acts at once (Keras keeps it inside).
#[derive(Debug)]
pub(super) struct Sgd {
    pub(super) momentum: f64,
    pub(super) nesterov: bool,
}

impl Rule for Sgd {
    fn slots(&self) -> &'static [&'static str] {
        &["velocity"]
    }

    fn fused(&self, _: u64) -> Option<Fused> {
        Some(if self.momentum == 0.0 {
            Fused::Plain
        } else {
            Fused::Momentum {
                momentum: self.momentum,
                nesterov: self.nesterov,
            }
        })
    }

    fn step(
        &self,
        now: Now,
        _: (&Parameter, &Tensor<1>),
        slots: &mut Slots<'_>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        if self.momentum == 0.0 {
            return gradient.mul_scalar(now.lr);
        }
        if self.nesterov {
            let velocity = slots.blend(0, self.momentum, gradient.clone());
            return (gradient + velocity.mul_scalar(self.momentum)).mul_scalar(now.lr);
        }
        slots.blend(0, self.momentum, gradient).mul_scalar(now.lr)
    }
}
