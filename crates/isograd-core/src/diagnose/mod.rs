//! Findings: pathologies named, with their evidence, cause and advice.
//!
//! A finding reads a trace, a prediction and a description, never a live tensor.

pub mod finding;

pub use finding::{Advice, Blame, Diagnosis, Finding, Mechanism, Severity};

use crate::describe::{Description, Plan};
use crate::predict::Prediction;
use crate::trace::Trace;

/// All that a rule may read.
#[derive(Clone, Copy, Debug)]
pub struct Examination<'a> {
    /// What was asked for.
    pub description: &'a Description,
    /// The network written out.
    pub plan: &'a Plan,
    /// What theory says.
    pub prediction: &'a Prediction,
    /// What was measured.
    pub trace: &'a Trace,
}
