//! What `doctor --format json` prints.

use super::part;
use crate::report::facts::{DoctorReport, ThroughTime};
use crate::report::layers;
use serde_json::{Map, Value, json};

/// The whole report.
pub fn doctor(report: &DoctorReport<'_>) -> Value {
    fields("doctor", report).into()
}

/// The fields, which `heal` prints as well.
pub(super) fn fields(command: &str, report: &DoctorReport<'_>) -> Map<String, Value> {
    let diagnosis = report.diagnosis;
    let rows = layers::rows(report.plan, report.prediction, report.trace);
    let verdict = if diagnosis.healthy() {
        "healthy"
    } else {
        "findings"
    };
    let more = json!({
        "verdict": verdict,
        "findings": diagnosis.findings,
        "blame": diagnosis.blame,
        "mechanisms": diagnosis.mechanisms,
        "profile_db": part::maybe(diagnosis.profile_db),
        "predicted_slope": part::maybe(report.prediction.slope),
        "layers": part::layers(&rows),
        "notes": report.prediction.notes,
        "training": part::training(report.trace, report.training),
        "overhead": part::overhead(report.overhead),
        "run": part::path(report.run),
    });
    let mut object = part::head(command, report.facts, Some(report.plan));
    if !report.through_time.is_empty() {
        let numbers = |values: &[f64]| values.iter().map(|&v| part::maybe(Some(v))).collect();
        let one = |t: &ThroughTime| {
            json!({
                "layer": t.layer,
                "state": Value::Array(numbers(&t.state)),
                "cell": t.cell.as_deref().map(|c| Value::Array(numbers(c))),
            })
        };
        let all = report.through_time.iter().map(one).collect();
        object.insert("through_time".into(), Value::Array(all));
    }
    if let Value::Object(more) = more {
        object.extend(more);
    }
    object
}
