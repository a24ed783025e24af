//! What `eval --format json` prints.

use super::{SCHEMA_VERSION, part};
use crate::describe::train::Metric;
use crate::report::facts::Score;
use serde_json::{Value, json};

/// The scores of a run on named parts of the data.
pub fn eval(run: &str, metric: Metric, scores: &[(String, Score)]) -> Value {
    let scores: Vec<Value> = scores
        .iter()
        .map(|(part, score)| {
            json!({
                "part": part,
                "loss": part::number(score.loss),
                "metric": part::number(score.metric),
                "examples": score.examples,
            })
        })
        .collect();
    json!({
        "schema_version": SCHEMA_VERSION,
        "command": "eval",
        "run": run,
        "metric": metric.word(),
        "scores": scores,
    })
}
