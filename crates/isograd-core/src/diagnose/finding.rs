//! What a diagnosis is made of.

use crate::describe::{NodeId, Patch};
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
    /// The numbers it rests on, by name; one that is not finite is the string "NaN", "inf" or "-inf".
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
    /// A block in which paths meet: a residual, a highway, a concatenation, a gate.
    Residual,
    /// Pooling, dropout, flatten and what else has no weights and no nonlinearity of its own; also
    /// several nodes together, where nothing was measured between them.
    Other,
}

impl Mechanism {
    /// In words, for a person: `the derivative of sigmoid`.
    pub fn describe(self, kind: &str) -> String {
        match self {
            Self::Weights => format!("the weights of {kind}"),
            Self::Activation => format!("the derivative of {kind}"),
            Self::Normalisation => format!("the backward pass of {kind}"),
            Self::Residual if kind == "residual" => "the residual sum".to_owned(),
            Self::Residual => format!("the paths of {kind}"),
            Self::Other => kind.to_owned(),
        }
    }
}

/// How the energy of a gradient that enters a residual block's input divides between its paths:
/// ⟨g_in, g_path⟩ / ‖g_in‖². The two sum to 1; one may be negative where the paths oppose each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Split {
    /// Through the body.
    #[serde(with = "crate::number::plain")]
    pub body: f64,
    /// Beside it.
    #[serde(with = "crate::number::plain")]
    pub shortcut: f64,
}

/// How much one node changes the gradient.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Blame {
    /// Name of the node.
    pub layer: String,
    /// Its position in the plan.
    #[serde(skip)]
    pub node: NodeId,
    /// Its kind, in the description's words.
    pub kind: String,
    /// Through what.
    pub mechanism: Mechanism,
    /// 20·log₁₀ of G at its input over G at its output; these sum to the whole profile.
    #[serde(with = "crate::number::plain")]
    pub db: f64,
    /// The part beyond the best that such a node can do (ReLU −3.01 dB, tanh 0, sigmoid −12.04 dB
    /// charged to the choice; weights their critical gain): what is blamed.
    #[serde(with = "crate::number::plain")]
    pub excess_db: f64,
    /// For a residual block with an identity shortcut: how its paths share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
}

/// The blame of all nodes of one kind that act through the same mechanism.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MechanismBlame {
    /// Through what.
    pub mechanism: Mechanism,
    /// Kind of the nodes, in the description's words.
    pub kind: String,
    /// How many nodes.
    pub nodes: usize,
    /// Sum of their terms.
    #[serde(with = "crate::number::plain")]
    pub db: f64,
    /// Sum of their excesses.
    #[serde(with = "crate::number::plain")]
    pub excess_db: f64,
    /// Share of the excesses of the same sign, 0 to 1.
    #[serde(with = "crate::number::plain")]
    pub share: f64,
}

/// All that a diagnosis says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// Findings, worst first.
    pub findings: Vec<Finding>,
    /// Blame of every node of the outermost chain between the first layer's output and the
    /// network's output at initialisation; the excess that does most harm first.
    pub blame: Vec<Blame>,
    /// The same, summed by mechanism and kind; the excess that does most harm first.
    pub mechanisms: Vec<MechanismBlame>,
    /// 20·log₁₀ of G at the first layer's output over G at the network's output, which the terms of
    /// the blame sum to; `None` where it was not measured.
    pub profile_db: Option<f64>,
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
