//! Clipping by the global norm.

use crate::heal::remedy::{Family, Proposal, Remedy};
use crate::heal::subject::{Subject, patch};
use serde_json::json;

pub(super) const REMEDIES: &[Remedy] = &[Remedy {
    code: "clip",
    family: Family::Clipping,
    answers: &[
        "exploding-gradient",
        "learning-rate-too-high",
        "non-finite-values",
    ],
    mechanism: None,
    propose: clip,
}];

/// Usual limit of the global norm (Pascanu et al. 2013 and common practice).
const LIMIT: f64 = 1.0;

fn clip(subject: Subject<'_>) -> Option<Proposal> {
    if subject
        .description()
        .train
        .clip
        .global_norm
        .is_some_and(|limit| limit <= LIMIT)
    {
        return None;
    }
    let op = if subject.raw("train.clip").is_some() {
        subject.set("train.clip.global_norm", LIMIT.into())
    } else {
        subject.set("train.clip", json!({ "global_norm": LIMIT }))
    };
    Some(Proposal {
        title: format!("gradients clipped to a global norm of {LIMIT}"),
        edits: 1,
        patch: patch(vec![op])?,
    })
}
