//! Training: losses, metrics, the loop, evaluation.

mod accumulate;
mod curriculum;
mod desk;
mod evaluate;
mod fit;
mod judges;
pub mod loss;
pub mod metric;
mod options;
mod own;
mod pace;
mod range;
mod step;
mod tensors;
mod trained;
mod trainer;
mod update;

pub(crate) use curriculum::check as check_curriculum;
pub use curriculum::{curriculum, difficulty};
pub use fit::train;
pub(crate) use judges::judges;
pub use options::{Finished, Observer, Progress, Score, Silent, StopReason, TrainOptions};
pub use range::{RangeOptions, range_test};

pub(crate) use evaluate::rows_tensor;
pub use trained::{Predictions, evaluate, predictions, restore};
pub use trainer::BurnTrainer;

use loss::LossError;

/// Distinct training examples that a probe measures on (all of them where there are fewer): enough
/// that a unit dead on every one is dead on less than 3/2048 of all, with 95 % confidence.
pub const PROBE_EXAMPLES: usize = 2048;

/// Steps in a row with a loss or gradient that is not finite, after which a training ends.
pub const PATIENCE_NON_FINITE: u64 = 10;

/// Why a training could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The loss cannot be computed on what the network puts out.
    #[error(transparent)]
    Loss(#[from] LossError),
    /// The difficulty that a curriculum names is not known.
    #[error("the curriculum cannot be followed: {0}")]
    Curriculum(String),
}
