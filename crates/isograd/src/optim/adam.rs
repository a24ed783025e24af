//! Adam (Kingma and Ba 2015, algorithm 1) and AdamW (Loshchilov and Hutter 2019, algorithm 2).

use super::parameter::Parameter;
use super::state::Slots;
use super::{Fused, Now, Rule};
use burn::tensor::Tensor;

/// w ← w − lr·m̂/(√v̂ + ε), m̂ and v̂ being the moving averages of g and g² without their bias.
/// PyTorch's placement of ε, which is the paper's; Keras' ε stands before the correction of v.
#[derive(Debug)]
pub(super) struct Adam {
    pub(super) beta1: f64,
    pub(super) beta2: f64,
    pub(super) epsilon: f64,
}

impl Rule for Adam {
    fn slots(&self) -> &'static [&'static str] {
        &["first", "second"]
    }

    fn fused(&self, step: u64) -> Option<Fused> {
        let bias = |beta: f64| 1.0 - beta.powf(step as f64);
        Some(Fused::Adam {
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.epsilon,
            bias1: bias(self.beta1),
            bias2: bias(self.beta2),
        })
    }

    fn step(
        &self,
        now: Now,
        _: (&Parameter, &Tensor<1>),
        slots: &mut Slots<'_>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let bias = |beta: f64| 1.0 - beta.powf(now.step as f64);
        let first = gradient.clone().mul_scalar(1.0 - self.beta1);
        let first = slots.blend(0, self.beta1, first);
        // (g·√(1 − β))² is one pass less than g²·(1 − β), and overflows later.
        let second = gradient.mul_scalar((1.0 - self.beta2).sqrt()).square();
        let second = slots.blend(1, self.beta2, second);
        let denominator = second
            .sqrt()
            .div_scalar(bias(self.beta2).sqrt())
            .add_scalar(self.epsilon);
        (first / denominator).mul_scalar(now.lr / bias(self.beta1))
    }
}
