//! Who watches a search.

use super::healing::TrialRecord;
use std::ops::ControlFlow;

/// What a search is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Many candidates, short trials, one seed.
    Halving {
        /// Candidates in this round.
        candidates: usize,
    },
    /// The best candidates and the control, several seeds.
    Finals {
        /// Candidates.
        candidates: usize,
    },
    /// The chosen candidate against the control, fresh seeds, validation rows.
    Verdict {
        /// Seeds.
        seeds: usize,
    },
}

/// Watches a search; everything has a default that does nothing.
pub trait HealObserver {
    /// A stage begins. `spent` and `budget` are in full trainings.
    fn stage(&mut self, _stage: Stage, _spent: f64, _budget: f64) {}

    /// A trial is over; `Break` stops the search, and nothing is changed.
    fn trial(&mut self, _record: &TrialRecord, _spent: f64, _budget: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl HealObserver for () {}
