//! Adan (Xie et al. 2022, algorithm 1).

use super::parameter::Parameter;
use super::state::Slots;
use super::{Decay, Now, Rule};
use burn::tensor::Tensor;

/// d = g − g_before, m ← β1·m + (1 − β1)·g, v ← β2·v + (1 − β2)·d,
/// n ← β3·n + (1 − β3)·(g + β2·d)², step = lr·(m̂ + β2·v̂)/(√n̂ + ε); d of the first step is 0.
#[derive(Debug)]
pub(super) struct Adan {
    pub(super) beta1: f64,
    pub(super) beta2: f64,
    pub(super) beta3: f64,
    pub(super) epsilon: f64,
}

impl Rule for Adan {
    fn slots(&self) -> &'static [&'static str] {
        &["mean", "difference", "square", "gradient"]
    }

    fn decoupled(&self) -> Decay {
        Decay::Proximal
    }

    fn step(
        &self,
        now: Now,
        _: (&Parameter, &Tensor<1>),
        slots: &mut Slots<'_>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let bias = |beta: f64| 1.0 - beta.powf(now.step as f64);
        let difference = match slots.take(3) {
            Some(before) => gradient.clone() - before,
            None => gradient.zeros_like(),
        };
        slots.put(3, gradient.clone());
        let ahead = gradient.clone() + difference.clone().mul_scalar(self.beta2);
        let mean = slots.blend(0, self.beta1, gradient.mul_scalar(1.0 - self.beta1));
        let slope = slots.blend(1, self.beta2, difference.mul_scalar(1.0 - self.beta2));
        let square = ahead.mul_scalar((1.0 - self.beta3).sqrt()).square();
        let square = slots.blend(2, self.beta3, square);
        let denominator = square
            .sqrt()
            .div_scalar(bias(self.beta3).sqrt())
            .add_scalar(self.epsilon);
        let direction =
            mean.div_scalar(bias(self.beta1)) + slope.mul_scalar(self.beta2 / bias(self.beta2));
        (direction / denominator).mul_scalar(now.lr)
    }
}
