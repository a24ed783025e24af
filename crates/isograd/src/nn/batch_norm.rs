//! Batch normalisation (Ioffe and Szegedy 2015) with running statistics.

use super::pass::Mode;
use burn::module::{Module, Param, RunningState};
use burn::tensor::Tensor;
use burn::tensor::module::{batch_norm, batch_norm_train};
use isograd_core::describe::network::EvalStatistics;

/// A batch normalisation's parameters and running statistics.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// Scale, `[units]`; starts at 1.
    pub gamma: Param<Tensor<1>>,
    /// Shift, `[units]`; starts at 0.
    pub beta: Param<Tensor<1>>,
    /// Running mean, `[units]`; starts at 0.
    pub running_mean: RunningState<Tensor<1>>,
    /// Running variance, `[units]`, of the unbiased batch variance (as PyTorch); starts at 1.
    pub running_var: RunningState<Tensor<1>>,
}

/// The numbers of a batch normalisation that are not learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormOptions {
    /// Share of the old running statistics kept.
    pub momentum: f64,
    /// Added to the variance.
    pub epsilon: f64,
    /// What evaluation uses.
    pub eval_statistics: EvalStatistics,
}

impl BatchNorm {
    /// Normalises each unit with the statistics of the batch (training and probe) or the running
    /// ones (evaluation); training moves the running ones.
    ///
    /// # Shapes
    ///
    /// - `x` and the result: `[batch, units, …]`
    pub fn forward<const D: usize>(
        &self,
        x: Tensor<D>,
        options: BatchNormOptions,
        mode: Mode,
    ) -> Tensor<D> {
        if mode == Mode::Evaluate {
            let mean = self.running_mean.value_sync();
            let var = self.running_var.value_sync();
            return batch_norm(
                x,
                self.gamma.val(),
                self.beta.val(),
                mean,
                var,
                options.epsilon,
            );
        }
        let dims = x.dims();
        let count = dims.iter().product::<usize>() / dims[1].max(1);
        let done = batch_norm_train(x, self.gamma.val(), self.beta.val(), options.epsilon);
        if mode == Mode::Train && options.eval_statistics == EvalStatistics::Running {
            // Bessel's correction, as PyTorch's running variance has it.
            let unbiased = if count > 1 {
                count as f64 / (count - 1) as f64
            } else {
                1.0
            };
            let keep = options.momentum;
            let blend = |old: Tensor<1>, new: Tensor<1>, factor: f64| {
                (old * keep + new.detach() * (factor * (1.0 - keep))).detach()
            };
            self.running_mean
                .update(blend(self.running_mean.value_sync(), done.mean, 1.0));
            self.running_var.update(blend(
                self.running_var.value_sync(),
                done.variance,
                unbiased,
            ));
        }
        done.output
    }
}
