//! Adam with Nesterov momentum (Dozat 2016), as `PyTorch` has it.

use super::parameter::Parameter;
use super::state::Slots;
use super::{Now, Rule};
use burn::tensor::Tensor;

/// w ← w − lr·((1 − μ_t)/(1 − Πμ)·g + μ_{t+1}/(1 − Πμ·μ_{t+1})·m)/(√v̂ + ε), μ_t being
/// β1·(1 − 0.96^(tψ)/2) and Πμ the product up to t.
#[derive(Debug)]
pub(super) struct NAdam {
    pub(super) beta1: f64,
    pub(super) beta2: f64,
    pub(super) epsilon: f64,
    pub(super) momentum_decay: f64,
    /// Step and product of the momenta up to it.
    pub(super) product: (u64, f64),
}

impl NAdam {
    fn momentum(&self, step: u64) -> f64 {
        self.beta1 * (1.0 - 0.5 * 0.96f64.powf(step as f64 * self.momentum_decay))
    }
}

impl Rule for NAdam {
    fn slots(&self) -> &'static [&'static str] {
        &["first", "second"]
    }

    fn begin(&mut self, step: u64) {
        let (done, product) = if self.product.0 < step {
            self.product
        } else {
            (0, 1.0)
        };
        let product = (done + 1..=step).fold(product, |p, t| p * self.momentum(t));
        self.product = (step, product);
    }

    fn step(
        &self,
        now: Now,
        _: (&Parameter, &Tensor<1>),
        slots: &mut Slots<'_>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let product = self.product.1;
        let (momentum, next) = (self.momentum(now.step), self.momentum(now.step + 1));
        let first = gradient.clone().mul_scalar(1.0 - self.beta1);
        let first = slots.blend(0, self.beta1, first);
        let second = gradient
            .clone()
            .mul_scalar((1.0 - self.beta2).sqrt())
            .square();
        let second = slots.blend(1, self.beta2, second);
        let bias = (1.0 - self.beta2.powf(now.step as f64)).sqrt();
        let denominator = second.sqrt().div_scalar(bias).add_scalar(self.epsilon);
        let ahead = gradient.mul_scalar(now.lr * (1.0 - momentum) / (1.0 - product))
            + first.mul_scalar(now.lr * next / (1.0 - product * next));
        ahead / denominator
    }
}
