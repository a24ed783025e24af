//! One step of a model of one's own.

use super::step::{Collected, Penalties, needs_weights};
use super::update::{Telling, update_module};
use crate::optim::{Clipped, Optimizer, Places};
use burn::module::Module;
use burn::tensor::Gradients;
use isograd_core::describe::train::ClipSpec;

impl Optimizer {
    /// Clips the gradients of a backward pass and steps every parameter of the module that has one,
    /// at the optimiser's own rate. Says what clipping did; `ClipSpec::default()` clips nothing and
    /// measures the norm.
    ///
    /// Every parameter is taken as one between the first and the last layer: adaptive clipping and
    /// Muon, which treat these apart, treat all alike here.
    pub fn update<M: Module>(
        &mut self,
        module: M,
        gradients: Gradients,
        clip: &ClipSpec,
    ) -> (M, Clipped) {
        let lr = self.advance();
        self.update_at(module, gradients, clip, lr)
    }

    /// The same after [`advance`](Self::advance), at this rate.
    pub fn update_at<M: Module>(
        &mut self,
        module: M,
        gradients: Gradients,
        clip: &ClipSpec,
        lr: f64,
    ) -> (M, Clipped) {
        let weights = needs_weights(&Penalties::default(), clip);
        let mut collected = Collected::take(&module, gradients, weights);
        let roster = collected.enlist(&module, &Places::default(), self);
        let clipped = collected.clip(clip, roster);
        let telling = Telling {
            norm: clipped.is_none(),
            ..Telling::default()
        };
        let (module, told) = update_module(module, collected, self, lr, telling);
        let clipped = clipped.unwrap_or(Clipped {
            norm_before: told.norm,
            norm_after: told.norm,
            any: false,
            tensors: Vec::new(),
        });
        (module, clipped)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::{Device, Tensor};

    #[derive(Module, Debug)]
    struct Two {
        first: Linear,
        frozen: Linear,
    }

    /// y = x W with x = (1, 2): the gradient of Σy is (1, 2)ᵀ, its norm √5, and 1 for the bias.
    #[test]
    fn a_step_is_the_clipped_gradient_times_the_rate() {
        let device = Device::flex().autodiff();
        let module = Two {
            first: LinearConfig::new(2, 1).init(&device),
            frozen: LinearConfig::new(1, 1).init(&device).no_grad(),
        };
        let before = module.clone();
        let x = Tensor::<2>::from_floats([[1.0, 2.0]], &device);
        let y = module.first.forward(x);
        let loss = y.clone().sum() + module.frozen.forward(y.detach()).sum();
        let mut optimizer = Optimizer::new(&r#"{ name = "sgd", lr = 0.5 }"#.parse().unwrap());
        let clip = "{ global_norm = 0.6 }".parse().unwrap();
        let (after, clipped) = optimizer.update(module, loss.backward(), &clip);
        assert!((clipped.norm_before - 6f64.sqrt()).abs() < 1e-6 && clipped.any);
        let moved = before.first.weight.val() - after.first.weight.val();
        let factor = 0.5 * 0.6 / 6f64.sqrt();
        for (got, wanted) in moved.into_data().iter::<f64>().zip([factor, 2.0 * factor]) {
            assert!((got - wanted).abs() < 1e-6, "{got} {wanted}");
        }
        let still = before.frozen.weight.val().into_data();
        still.assert_eq(&after.frozen.weight.val().into_data(), true);
        assert!(after.first.weight.is_require_grad());
    }
}
