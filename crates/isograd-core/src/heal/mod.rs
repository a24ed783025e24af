//! Healing: remedies tried in paired trials, accepted on proof, else rolled back.

#![allow(dead_code, reason = "used as soon as documents can be patched")]

mod candidate;
pub mod error;
pub mod healing;
mod ledger;
pub mod observer;
pub mod options;
mod paired;
mod prove;
mod schedule;
mod search;
pub mod trainer;
mod utility;
mod verdict;

#[cfg(test)]
mod fake;

pub use error::HealError;
pub use healing::{Healing, HealingOutcome, MetricChange, TrialRecord};
pub use observer::{HealObserver, Stage};
pub use options::HealOptions;
pub use paired::CONFIDENCE;
pub use trainer::{Evaluate, Outcome, Trainer, TrainerError, Trial};
pub use utility::{POINT, utility};
