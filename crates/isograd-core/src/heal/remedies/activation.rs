//! Another hidden activation together with the initialisation that belongs to it.

use super::init::{belongs, critical, owners};
use crate::diagnose::Mechanism;
use crate::heal::remedy::{Family, Proposal, Remedy};
use crate::heal::subject::{Subject, patch};
use isograd_theory::Activation;

pub(super) const REMEDIES: &[Remedy] = &[
    Remedy {
        code: "relu",
        family: Family::Activation,
        answers: &["vanishing-gradient", "saturated-units", "wrong-init-gain"],
        mechanism: Some(Mechanism::Activation),
        propose: |subject| replace(subject, "relu", Activation::Relu),
    },
    Remedy {
        code: "tanh",
        family: Family::Activation,
        answers: &["vanishing-gradient", "saturated-units", "dead-units"],
        mechanism: Some(Mechanism::Activation),
        propose: |subject| replace(subject, "tanh", Activation::Tanh),
    },
];

/// ReLU replaces what saturates and what is linear; tanh also replaces ReLU, whose units can die.
fn replaceable(old: Activation, new: Activation) -> bool {
    match old {
        Activation::Identity
        | Activation::Sigmoid
        | Activation::HardSigmoid
        | Activation::Softsign
        | Activation::Softplus
        | Activation::Exponential => true,
        Activation::Tanh => new == Activation::Relu,
        Activation::Relu => new == Activation::Tanh,
        _ => false,
    }
}

fn replace(subject: Subject<'_>, word: &str, new: Activation) -> Option<Proposal> {
    let old: Vec<_> = subject
        .hidden_activations()
        .into_iter()
        .filter(|(_, activation)| replaceable(*activation, new))
        .collect();
    if old.is_empty() {
        return None;
    }
    let mut ops: Vec<_> = old
        .iter()
        .map(|(block, _)| subject.set(&block.path, word.into()))
        .collect();
    // The initialisation of the layers concerned follows; it is one edit more if one differs.
    let (init, value) = critical(new)?;
    let concerned = |path: &str| old.iter().any(|(block, _)| block.path == path);
    let wrong = owners(subject, |layer| {
        layer
            .activation()
            .is_some_and(|(block, _)| concerned(&block.path))
            && !belongs(layer.init, init)
    });
    let edits = 1 + usize::from(!wrong.is_empty());
    ops.extend(
        wrong
            .iter()
            .map(|owner| subject.set(&subject.setting(owner, "init"), value.clone())),
    );
    let with = if edits == 2 {
        format!(" with {}", value.as_str().unwrap_or("its own gain"))
    } else {
        String::new()
    };
    Some(Proposal {
        title: format!("hidden activations {word}{with}"),
        edits,
        patch: patch(ops)?,
    })
}
