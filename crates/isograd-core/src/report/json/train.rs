//! What `train --format json` prints.

use super::part;
use crate::report::facts::TrainReport;
use serde_json::Value;

/// The whole report.
pub fn train(report: &TrainReport<'_>) -> Value {
    let mut object = part::head("train", report.facts, Some(report.plan));
    object.insert(
        "training".into(),
        part::training(report.trace, report.training),
    );
    object.insert("valid".into(), part::score(report.valid));
    object.insert("test".into(), part::score(report.test));
    object.insert("clipping".into(), part::clipping(report.clipping));
    object.insert("overhead".into(), part::overhead(report.overhead));
    object.insert("run".into(), part::path(report.run));
    object.into()
}
