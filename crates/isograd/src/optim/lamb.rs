//! LAMB (You et al. 2020, algorithm 2).

use super::adam::Adam;
use super::parameter::Parameter;
use super::state::Slots;
use super::{Decay, Now, Rule};
use burn::tensor::Tensor;
use isograd_kernels::moments;

/// w ← w − lr·‖w‖/‖u‖·u, u = m̂/(√v̂ + ε) + λ·w; the ratio is 1 where one of the norms is 0. Vectors
/// take Adam's step without decay and ratio, as in the authors' program.
#[derive(Debug)]
pub(super) struct Lamb {
    pub(super) adam: Adam,
    pub(super) weight_decay: f64,
}

impl Rule for Lamb {
    fn slots(&self) -> &'static [&'static str] {
        self.adam.slots()
    }

    fn decoupled(&self) -> Decay {
        Decay::Inside
    }

    fn step(
        &self,
        now: Now,
        of: (&Parameter, &Tensor<1>),
        slots: &mut Slots<'_>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let (parameter, weights) = of;
        if !parameter.is_matrix() {
            return self.adam.step(now, of, slots, gradient);
        }
        let direction = self.adam.step(Now { lr: 1.0, ..now }, of, slots, gradient);
        let direction = if self.weight_decay == 0.0 {
            direction
        } else {
            direction + weights.clone().mul_scalar(self.weight_decay)
        };
        let norm = |x: &Tensor<1>| moments(x).sum_squares.sqrt();
        let (w, u) = (norm(weights), norm(&direction));
        let ratio = if w > 0.0 && u > 0.0 { w / u } else { 1.0 };
        direction.mul_scalar(now.lr * ratio)
    }
}
