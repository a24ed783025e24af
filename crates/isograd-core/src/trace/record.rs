//! Sites, records and the trace that holds them.

use super::quantity::Row;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a site is to its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// What the node puts out.
    Output,
    /// What enters the body of a residual (a highway, a concatenation): forward the block's input, backward only the gradient
    /// that came through the body.
    Branch,
}

/// A place in the network where a probe sits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Unique: the node's name, with `.branch` behind it for [`Role::Branch`].
    pub name: String,
    /// The node's kind, in the description's words (`dense`, `sigmoid`, `residual`).
    pub kind: String,
    /// The node's position in the plan.
    pub node: usize,
    /// What the site is to its node.
    pub role: Role,
    /// Numbers an example has here.
    pub elements: usize,
    /// Units (features or channels).
    pub units: usize,
}

/// What a record is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// A probe batch of distinct training examples, forward and backward without an update,
    /// everything measured; one before the first step, one at the end.
    Probe,
    /// A training step.
    Step,
}

/// Numbers about the whole network at one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// The loss of the batch, as the description reduces it.
    pub loss: f64,
    /// Learning rate of the step.
    pub lr: f64,
    /// Norm of the gradient over all parameters, before clipping.
    pub global_norm: f64,
    /// The same after clipping.
    pub clipped_norm: f64,
}

/// All that was measured at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Steps done before it.
    pub step: u64,
    /// What it is of.
    pub kind: RecordKind,
    /// The whole network.
    pub network: Network,
    /// One row a site, in the order of [`Trace::sites`]; empty where only the network was measured. Shared,
    /// as there may be as many as a network has layers.
    pub rows: Arc<Vec<Row>>,
}

/// What was measured on the validation part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// Steps done before it.
    pub step: u64,
    /// Epochs done before it.
    #[serde(with = "crate::number::plain")]
    pub epoch: f64,
    /// Mean training loss since the last validation; NaN before the first step.
    #[serde(with = "crate::number::plain")]
    pub train_loss: f64,
    /// Loss on the validation part.
    #[serde(with = "crate::number::plain")]
    pub loss: f64,
    /// The metric on the validation part.
    #[serde(with = "crate::number::plain")]
    pub metric: f64,
}

/// A trace in memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Where the probes sit, in order of computation.
    pub sites: Vec<Site>,
    /// What was measured, in order of time.
    pub records: Vec<Record>,
    /// Validations, in order of time.
    pub validations: Vec<Validation>,
}

impl Trace {
    /// Every second of the measured training steps loses its rows, except for the first, the last, and
    /// whatever was not finite; how many rows there are then. For those who keep a trace in memory while
    /// it grows.
    pub fn thin(&mut self) -> usize {
        let measured = |r: &&mut Record| {
            let finite = r.network.loss.is_finite() && r.network.global_norm.is_finite();
            r.kind == RecordKind::Step && !r.rows.is_empty() && finite
        };
        let mut steps: Vec<&mut Record> = self.records.iter_mut().filter(measured).collect();
        steps.pop();
        for record in steps.into_iter().skip(1).step_by(2) {
            record.rows = Arc::default();
        }
        self.records.iter().map(|r| r.rows.len()).sum()
    }

    /// The probe before the first step.
    pub fn first_probe(&self) -> Option<&Record> {
        self.records.iter().find(|r| r.kind == RecordKind::Probe)
    }

    /// The latest probe.
    pub fn last_probe(&self) -> Option<&Record> {
        self.records
            .iter()
            .rev()
            .find(|r| r.kind == RecordKind::Probe)
    }

    /// Records of training steps, in order.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.records.iter().filter(|r| r.kind == RecordKind::Step)
    }

    /// Position of the site with this name.
    pub fn site(&self, name: &str) -> Option<usize> {
        self.sites.iter().position(|s| s.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_measured_step_loses_its_rows() {
        let record = |step, kind, rows: usize, loss| Record {
            step,
            kind,
            network: Network {
                loss,
                ..Network::default()
            },
            rows: Arc::new(vec![Row::default(); rows]),
        };
        let mut trace = Trace {
            records: vec![record(0, RecordKind::Probe, 2, 1.0)],
            ..Trace::default()
        };
        for step in 0..10 {
            let rows = 2 * usize::from(step != 3);
            let loss = if step == 5 { f64::NAN } else { 1.0 };
            trace
                .records
                .push(record(step, RecordKind::Step, rows, loss));
        }
        let left = |trace: &Trace| -> Vec<u64> {
            let steps = trace.steps().filter(|r| !r.rows.is_empty());
            steps.map(|r| r.step).collect()
        };
        assert_eq!(trace.thin(), 14);
        assert_eq!(left(&trace), [0, 2, 5, 6, 8, 9]);
        assert_eq!(trace.thin(), 10);
        assert_eq!(left(&trace), [0, 5, 6, 9]);
        for _ in 0..9 {
            trace.thin();
        }
        assert_eq!(left(&trace), [0, 5, 9]);
        assert_eq!(trace.records.len(), 11);
    }
}
