//! What one forward pass is for.

use isograd_kernels::Sink;
use std::sync::Arc;

/// What a pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A training step: batch statistics, moving the running ones; dropout.
    Train,
    /// A measurement as in training that leaves no trace: batch statistics, running ones kept;
    /// dropout with masks of its own.
    Probe,
    /// Evaluation: running statistics, no dropout.
    Evaluate,
}

/// A forward pass: what it is for, which random numbers it draws, who watches.
#[derive(Clone)]
pub struct Pass {
    /// What it is for.
    pub mode: Mode,
    /// Seed of the dropout masks.
    pub seed: u64,
    /// Steps done before it; position in the dropout streams.
    pub step: u64,
    /// Sees what flows through every site, if there is one.
    pub watch: Option<Arc<dyn Sink>>,
}

impl Pass {
    /// An evaluation that nobody watches.
    pub fn evaluate() -> Self {
        Self {
            mode: Mode::Evaluate,
            seed: 0,
            step: 0,
            watch: None,
        }
    }

    /// A training step that nobody watches.
    pub fn train(seed: u64, step: u64) -> Self {
        Self {
            mode: Mode::Train,
            seed,
            step,
            watch: None,
        }
    }

    /// The same pass, watched.
    #[must_use]
    pub fn watched(mut self, sink: Arc<dyn Sink>) -> Self {
        self.watch = Some(sink);
        self
    }
}
