//! Biases that start at zero.

use crate::describe::network::Init;
use crate::diagnose::Mechanism;
use crate::heal::remedy::{Family, Proposal, Remedy};
use crate::heal::subject::{Subject, patch};

pub(super) const REMEDIES: &[Remedy] = &[Remedy {
    code: "zero-bias",
    family: Family::Bias,
    answers: &[
        "dead-units",
        "saturated-units",
        "vanishing-gradient",
        "wrong-init-gain",
    ],
    mechanism: Some(Mechanism::Activation),
    propose: zero,
}];

fn zero(subject: Subject<'_>) -> Option<Proposal> {
    let mut owners: Vec<String> = Vec::new();
    for layer in subject.hidden() {
        let wrong = layer.bias.is_some_and(|init| init != Init::ZEROS);
        if wrong && !owners.contains(&layer.bias_owner) {
            owners.push(layer.bias_owner);
        }
    }
    let ops = owners
        .iter()
        .map(|owner| subject.set(&subject.setting(owner, "bias_init"), "zeros".into()))
        .collect();
    Some(Proposal {
        title: "initial biases zero".into(),
        edits: 1,
        patch: patch(ops)?,
    })
}
