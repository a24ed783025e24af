//! What `predict --format json` prints.

use super::part;
use crate::report::facts::PredictReport;
use crate::report::layers;
use crate::trace::Trace;
use serde_json::Value;

/// The whole report; of the fields of a layer only the predicted ones are filled, gradients relative
/// to the network's output.
pub fn predict(report: &PredictReport<'_>) -> Value {
    let rows = layers::rows(report.plan, report.prediction, &Trace::default());
    let mut object = part::head("predict", report.facts, Some(report.plan));
    object.insert(
        "predicted_slope".into(),
        part::maybe(report.prediction.slope),
    );
    object.insert("layers".into(), part::layers(&rows));
    object.insert("notes".into(), report.prediction.notes.clone().into());
    object.into()
}
