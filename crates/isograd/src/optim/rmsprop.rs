//! RMSprop (Tieleman and Hinton 2012, lecture 6e of "Neural networks for machine learning").

use super::parameter::Parameter;
use super::state::Slots;
use super::{Now, Rule};
use burn::tensor::Tensor;

/// v ← ρ·v + (1 − ρ)·g², w ← w − lr·g/(√v + ε), v from 0: PyTorch's form with Keras' constants.
#[derive(Debug)]
pub(super) struct RmsProp {
    pub(super) rho: f64,
    pub(super) epsilon: f64,
}

impl Rule for RmsProp {
    fn slots(&self) -> &'static [&'static str] {
        &["square"]
    }

    fn step(
        &self,
        now: Now,
        _: (&Parameter, &Tensor<1>),
        slots: &mut Slots<'_>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let square = gradient
            .clone()
            .mul_scalar((1.0 - self.rho).sqrt())
            .square();
        let square = slots.blend(0, self.rho, square);
        (gradient / square.sqrt().add_scalar(self.epsilon)).mul_scalar(now.lr)
    }
}
