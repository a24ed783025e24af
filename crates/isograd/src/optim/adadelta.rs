//! Adadelta (Zeiler 2012, algorithm 1).

use super::parameter::Parameter;
use super::state::Slots;
use super::{Now, Rule};
use burn::tensor::Tensor;

/// s ← ρ·s + (1 − ρ)·g², Δ = g·√(u + ε)/√(s + ε), u ← ρ·u + (1 − ρ)·Δ², w ← w − lr·Δ; ε under the
/// roots, as in the paper, PyTorch and Keras.
#[derive(Debug)]
pub(super) struct Adadelta {
    pub(super) rho: f64,
    pub(super) epsilon: f64,
}

impl Rule for Adadelta {
    fn slots(&self) -> &'static [&'static str] {
        &["square", "delta"]
    }

    fn step(
        &self,
        now: Now,
        _: (&Parameter, &Tensor<1>),
        slots: &mut Slots<'_>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let share = (1.0 - self.rho).sqrt();
        let square = gradient.clone().mul_scalar(share).square();
        let square = slots.blend(0, self.rho, square);
        let scale = match slots.take(1) {
            Some(delta) => {
                let scale = delta.clone().add_scalar(self.epsilon).sqrt();
                slots.put(1, delta);
                gradient * scale
            }
            None => gradient.mul_scalar(self.epsilon.sqrt()),
        };
        let delta = scale / square.add_scalar(self.epsilon).sqrt();
        slots.blend(1, self.rho, delta.clone().mul_scalar(share).square());
        delta.mul_scalar(now.lr)
    }
}
