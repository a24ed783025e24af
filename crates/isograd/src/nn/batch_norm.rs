//! Batch normalisation (Ioffe and Szegedy 2015) with running statistics.

use super::pass::Mode;
use burn::module::{Module, Param, RunningState};
use burn::tensor::Tensor;
use burn::tensor::module;
use isograd_core::describe::network::EvalStatistics;
use isograd_kernels::{BatchNormalisation, Curve, Watch, batch_norm};

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

/// What comes behind a batch normalisation in the same operation, and who sees what.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// φ, if there is one.
    pub(super) curve: Option<Curve>,
    /// Sees the output of the normalisation.
    pub(super) before: Option<Watch>,
    /// Sees φ of that.
    pub(super) after: Option<Watch>,
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
        self.forward_along(x, 1, options, mode, &mut Behind::default())
    }

    /// The same with the units at `axis` and an activation behind it. Takes the watches where the
    /// kernel shows what it makes itself; evaluation leaves the activation and the watches alone.
    pub(super) fn forward_along<const D: usize>(
        &self,
        x: Tensor<D>,
        axis: usize,
        options: BatchNormOptions,
        mode: Mode,
        behind: &mut Behind,
    ) -> Tensor<D> {
        let (gamma, beta) = (self.gamma.val(), self.beta.val());
        if mode == Mode::Evaluate {
            let mean = self.running_mean.value_sync();
            let var = self.running_var.value_sync();
            // Burn wants the units second.
            let x = x.swap_dims(1, axis);
            return module::batch_norm(x, gamma, beta, mean, var, options.epsilon)
                .swap_dims(1, axis);
        }
        let dims = x.dims();
        let count = dims.iter().product::<usize>() / dims[axis].max(1);
        let how = BatchNormalisation {
            axis,
            epsilon: options.epsilon,
            curve: behind.curve.take(),
            before: behind.before.take(),
            after: behind.after.take(),
        };
        let done = batch_norm(x, gamma, beta, how);
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
