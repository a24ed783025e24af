//! What one forward pass is for.

use super::lsuv::Calibration;
use super::signal::Signal;
use isograd_core::describe::NodeId;
use isograd_kernels::{Sink, Watch};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Outputs of nodes that others read later in the same pass.
#[derive(Clone, Debug, Default)]
pub struct Kept(Arc<Mutex<BTreeMap<NodeId, Signal>>>);

impl Kept {
    pub(super) fn put(&self, node: NodeId, output: Signal) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(node, output);
    }

    /// Outputs that an earlier part of the pass has kept.
    pub(super) fn of(outputs: BTreeMap<NodeId, Signal>) -> Self {
        Self(Arc::new(Mutex::new(outputs)))
    }

    /// All so far.
    pub(super) fn all(&self) -> BTreeMap<NodeId, Signal> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn get(&self, node: NodeId) -> Option<Signal> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&node).cloned()
    }
}

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
    /// Sees the states of one recurrent node after every step, if there is one.
    pub states: Option<(NodeId, Arc<dyn Sink>)>,
    /// What blocks of this very pass have put out for others; every pass begins with nothing.
    pub kept: Kept,
    /// Scales the weights that one batch decides, on their way (see [`lsuv`](super::lsuv())).
    pub calibrate: Option<Arc<Calibration>>,
}

impl Pass {
    /// An evaluation that nobody watches.
    pub fn evaluate() -> Self {
        Self {
            mode: Mode::Evaluate,
            seed: 0,
            step: 0,
            watch: None,
            states: None,
            kept: Kept::default(),
            calibrate: None,
        }
    }

    /// A training step that nobody watches.
    pub fn train(seed: u64, step: u64) -> Self {
        Self {
            mode: Mode::Train,
            seed,
            step,
            watch: None,
            states: None,
            kept: Kept::default(),
            calibrate: None,
        }
    }

    /// The same pass with nothing kept.
    pub(super) fn afresh(&self) -> Self {
        self.after(BTreeMap::new())
    }

    /// The same pass behind a part that has kept this.
    pub(super) fn after(&self, kept: BTreeMap<NodeId, Signal>) -> Self {
        Self {
            kept: Kept::of(kept),
            ..self.clone()
        }
    }

    /// The same pass, watched.
    #[must_use]
    pub fn watched(mut self, sink: Arc<dyn Sink>) -> Self {
        self.watch = Some(sink);
        self
    }

    /// Who watches a site.
    pub(super) fn watch_at(&self, site: usize) -> Option<Watch> {
        let sink = self.watch.clone()?;
        Some(Watch { site, sink })
    }
}
