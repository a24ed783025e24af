//! Healing: remedies tried in paired trials, accepted on proof, else rolled back.

pub mod trainer;

pub use trainer::{Evaluate, Outcome, Trainer, TrainerError, Trial};
