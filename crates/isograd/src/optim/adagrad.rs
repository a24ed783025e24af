//! Adagrad (Duchi, Hazan and Singer 2011, figure 1, diagonal matrices).

use super::parameter::Parameter;
use super::state::Slots;
use super::{Now, Rule};
use burn::tensor::Tensor;

/// s ← s + g², w ← w − lr·g/(√s + ε), s from `initial_accumulator`. ε stands as in PyTorch; Keras 3
/// has √(s + ε), which differs by less than ε/(2s) of the step: 5e-7 with its own constants.
#[derive(Debug)]
pub(super) struct Adagrad {
    pub(super) initial_accumulator: f64,
    pub(super) epsilon: f64,
}

impl Rule for Adagrad {
    fn slots(&self) -> &'static [&'static str] {
        &["sum"]
    }

    fn step(
        &self,
        now: Now,
        _: (&Parameter, &Tensor<1>),
        slots: &mut Slots<'_>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let square = gradient.clone().square();
        let sum = match slots.take(0) {
            Some(sum) => sum + square,
            None => square.add_scalar(self.initial_accumulator),
        };
        slots.put(0, sum.clone());
        (gradient / sum.sqrt().add_scalar(self.epsilon)).mul_scalar(now.lr)
    }
}
