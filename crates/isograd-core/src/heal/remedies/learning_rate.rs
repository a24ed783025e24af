//! A smaller or larger learning rate.

use crate::heal::remedy::{Family, Proposal, Remedy};
use crate::heal::subject::{Subject, patch};
use serde_json::{Value, json};

pub(super) const REMEDIES: &[Remedy] = &[
    Remedy {
        code: "lr/3",
        family: Family::LearningRate,
        answers: HIGH,
        mechanism: None,
        propose: |s| scale(s, 1.0 / 3.0),
    },
    Remedy {
        code: "lr/10",
        family: Family::LearningRate,
        answers: HIGH,
        mechanism: None,
        propose: |s| scale(s, 0.1),
    },
    Remedy {
        code: "lr/100",
        family: Family::LearningRate,
        answers: HIGH,
        mechanism: None,
        propose: |s| scale(s, 0.01),
    },
    Remedy {
        code: "lr*3",
        family: Family::LearningRate,
        answers: LOW,
        mechanism: None,
        propose: |s| scale(s, 3.0),
    },
    Remedy {
        code: "lr*10",
        family: Family::LearningRate,
        answers: LOW,
        mechanism: None,
        propose: |s| scale(s, 10.0),
    },
    Remedy {
        code: "lr*100",
        family: Family::LearningRate,
        answers: LOW,
        mechanism: None,
        propose: |s| scale(s, 100.0),
    },
];

const HIGH: &[&str] = &[
    "learning-rate-too-high",
    "exploding-gradient",
    "dead-units",
    "non-finite-values",
];
const LOW: &[&str] = &["learning-rate-too-low"];

fn scale(subject: Subject<'_>, factor: f64) -> Option<Proposal> {
    let old = subject.description().train.optimizer.lr;
    let lr = two_digits(old * factor)?;
    let path = "train.optimizer";
    let op = match subject.raw(path) {
        Some(Value::Object(_)) => subject.set("train.optimizer.lr", lr.into()),
        Some(Value::String(name)) => subject.set(path, json!({ "name": name, "lr": lr })),
        _ => return None,
    };
    Some(Proposal {
        title: format!("learning rate {old} → {lr}"),
        edits: 1,
        patch: patch(vec![op])?,
    })
}

/// Rounded to two significant digits; `None` when it is not a positive number.
fn two_digits(x: f64) -> Option<f64> {
    format!("{x:.1e}")
        .parse()
        .ok()
        .filter(|&y: &f64| y > 0.0 && y.is_finite())
}
