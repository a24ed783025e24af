//! Normalisation after each hidden block with weights, before its activation.

use crate::describe::{PatchAction, PatchOp};
use crate::diagnose::Mechanism;
use crate::heal::remedy::{Family, Proposal, Remedy};
use crate::heal::subject::{Subject, patch, place};
use serde_json::Value;

pub(super) const REMEDIES: &[Remedy] = &[
    Remedy {
        code: "batch-norm",
        family: Family::Normalisation,
        answers: ANSWERS,
        mechanism: Some(Mechanism::Weights),
        propose: |subject| {
            (subject.description().train.batch >= LEAST_BATCH)
                .then(|| insert(subject, "batch_norm", "batch normalisation"))?
        },
    },
    Remedy {
        code: "layer-norm",
        family: Family::Normalisation,
        answers: ANSWERS,
        mechanism: Some(Mechanism::Weights),
        propose: |subject| insert(subject, "layer_norm", "layer normalisation"),
    },
];

const ANSWERS: &[&str] = &[
    "vanishing-gradient",
    "exploding-gradient",
    "saturated-units",
    "dead-units",
    "wrong-init-gain",
    "learning-rate-too-high",
    "non-finite-values",
];

/// Smallest batch whose statistics are worth having: at 4 the gradient of a ReLU layer grows by 1.66
/// instead of 1.21, from 8 by 1.31 or less (large-batch limit √(π/(π − 1)), Yang et al. 2019).
const LEAST_BATCH: usize = 8;

fn insert(subject: Subject<'_>, word: &str, name: &str) -> Option<Proposal> {
    let mut ops = Vec::new();
    // From the last to the first, so that no address is moved by an entry before it.
    for layer in subject
        .hidden()
        .iter()
        .rev()
        .filter(|layer| !layer.normalised())
    {
        let (list, position) = place(&layer.weights().path)?;
        ops.push(PatchOp {
            op: PatchAction::Insert,
            path: format!("{list}[{}]", position + 1),
            from: Value::Null,
            to: word.into(),
        });
    }
    Some(Proposal {
        title: format!("{name} in the hidden layers"),
        edits: 1,
        patch: patch(ops)?,
    })
}
