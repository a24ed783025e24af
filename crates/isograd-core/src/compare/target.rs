//! How good is good enough: what steps and seconds are counted to.

/// What a run is to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// The metric on the validation part, at least this (at most, where smaller is better).
    Metric(f64),
    /// The loss on the validation part, at most this.
    ValidLoss(f64),
    /// The training loss, mean over a stretch of steps, at most this.
    TrainLoss(f64),
}

/// What steps and seconds are counted to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// What is to be reached.
    pub goal: Goal,
    /// The validation part is evaluated every so many steps; `None`: after every epoch.
    pub every: Option<u64>,
}

impl Target {
    /// In words: `validation metric 0.9`.
    pub fn words(self) -> String {
        match self.goal {
            Goal::Metric(value) => format!("validation metric {value}"),
            Goal::ValidLoss(value) => format!("validation loss {value}"),
            Goal::TrainLoss(value) => format!("training loss {value}"),
        }
    }
}
