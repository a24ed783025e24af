//! What `train --range-test --format json` prints.

use super::part;
use crate::report::facts::RangeReport;
use serde_json::{Value, json};

/// The whole report.
pub fn range_test(report: &RangeReport<'_>) -> Value {
    let mut object = part::head("range-test", report.facts, Some(report.plan));
    let test = report.test;
    object.insert("suggested".into(), part::maybe(test.suggested()));
    let lowest = test.lowest().map(|point| point.lr);
    object.insert("lowest".into(), part::maybe(lowest));
    object.insert("diverged".into(), test.diverged().into());
    let points = test.points().iter().map(|point| {
        json!({
            "lr": part::number(point.lr),
            "loss": part::number(point.loss),
            "smoothed": part::number(point.smoothed),
        })
    });
    object.insert("points".into(), points.collect());
    object.into()
}
