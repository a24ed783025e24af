//! What a diagnosis is made of.

use crate::describe::Patch;
use serde::Serialize;
use serde_json::{Map, Value};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing needs to change.
    Info,
    /// Learning is slower or worse than it need be.
    Warning,
    /// The network, or part of it, does not learn.
    Critical,
}

/// One suggestion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// In words, for this description.
    pub text: String,
    /// The same as a patch, where it can be said as one.
    pub patch: Option<Patch>,
}

/// One diagnosed pathology.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Its word: `vanishing-gradient`.
    pub code: &'static str,
    /// How bad it is here.
    pub severity: Severity,
    /// Names of the layers concerned, first to last; empty when it is the whole network.
    pub layers: Vec<String>,
    /// Why, in one sentence.
    pub cause: String,
    /// The numbers it rests on, by name.
    pub evidence: Map<String, Value>,
    /// What to do, best first.
    pub advice: Vec<Advice>,
}

/// What changes the size of a gradient on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// Wᵀ of a dense or convolutional block.
    Weights,
    /// φ′ of an activation.
    Activation,
    /// The backward pass of a normalisation.
    Normalisation,
    /// A residual block, where paths add.
    Residual,
    /// Pooling, dropout, flatten and what else has no weights and no nonlinearity of its own.
    Other,
}

/// How much one node changes the gradient.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Blame {
    /// Name of the node.
    pub layer: String,
    /// Through what.
    pub mechanism: Mechanism,
    /// 20·log₁₀ of G at its input over G at its output; these sum to the whole profile.
    pub db: f64,
    /// The part beyond the best that such a node can do (ReLU −3.01 dB, tanh 0, sigmoid −12.04 dB
    /// charged to the choice; weights their critical gain): what is blamed.
    pub excess_db: f64,
}

/// All that a diagnosis says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// Findings, worst first.
    pub findings: Vec<Finding>,
    /// Blame of every node of the outermost chain between the first layer's output and the
    /// network's output, largest excess first.
    pub blame: Vec<Blame>,
}

impl Diagnosis {
    /// The worst severity, if anything was found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|f| f.severity).max()
    }

    /// True when nothing from a warning up was found.
    pub fn healthy(&self) -> bool {
        self.worst().is_none_or(|s| s < Severity::Warning)
    }
}
