//! Parts that several commands print.

use super::SCHEMA_VERSION;
use crate::describe::Plan;
use crate::number::Number;
use crate::report::facts::{Facts, Overhead, Score, Training};
use crate::report::layers::LayerRow;
use crate::trace::{ClipLedger, Trace};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The object that every command begins with.
pub(super) fn head(command: &str, facts: &Facts, plan: Option<&Plan>) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("schema_version".into(), SCHEMA_VERSION.into());
    object.insert("command".into(), command.into());
    object.insert("name".into(), facts.name.clone().into());
    object.insert("file".into(), facts.file.clone().into());
    object.insert("seed".into(), facts.seed.into());
    object.insert("device".into(), facts.device.clone().into());
    object.insert("data".into(), facts.data.clone().into());
    object.insert("recipe".into(), facts.recipe.clone().into());
    if let Some(plan) = plan {
        let network = json!({
            "layers": plan.layers.len(),
            "parameters": plan.parameters(),
        });
        object.insert("network".into(), network);
    }
    object
}

/// A number that may not be known.
pub(super) fn maybe(x: Option<f64>) -> Value {
    x.map_or(Value::Null, |x| Number(x).into())
}

pub(super) fn number(x: f64) -> Value {
    Number(x).into()
}

pub(super) fn path(path: Option<&Path>) -> Value {
    path.map_or(Value::Null, |p| p.display().to_string().into())
}

pub(super) fn overhead(overhead: Option<Overhead>) -> Value {
    overhead.map_or(Value::Null, |o| {
        json!({
            "probe_seconds": number(o.probe_seconds),
            "seconds": number(o.seconds),
            "share": number(o.share()),
        })
    })
}

/// The clip ledger.
pub(super) fn clipping(ledger: Option<&ClipLedger>) -> Value {
    ledger.map_or(Value::Null, |ledger| {
        let share = |n: u64| number(n as f64 / ledger.steps.max(1) as f64);
        let tensors = ledger.tensors.iter();
        json!({
            "steps": ledger.steps,
            "clipped_steps": ledger.clipped,
            "share": number(ledger.share()),
            "norm_before": number(ledger.norm_before()),
            "norm_after": number(ledger.norm_after()),
            "tensors": tensors
                .map(|(path, n)| json!({ "name": path, "clipped_steps": n, "share": share(*n) }))
                .collect::<Vec<_>>(),
        })
    })
}

pub(super) fn score(score: Option<Score>) -> Value {
    score.map_or(Value::Null, |s| {
        json!({
            "loss": number(s.loss),
            "metric": number(s.metric),
            "examples": s.examples,
        })
    })
}

pub(super) fn training(trace: &Trace, training: Training) -> Value {
    let losses = || trace.steps().map(|r| r.network.loss);
    let validations: Vec<Value> = trace
        .validations
        .iter()
        .map(|v| {
            json!({
                "step": v.step,
                "epoch": number(v.epoch),
                "train_loss": number(v.train_loss),
                "loss": number(v.loss),
                "metric": number(v.metric),
            })
        })
        .collect();
    json!({
        "steps": training.steps,
        "planned_steps": training.planned,
        "seconds": number(training.seconds),
        "stopped": training.stopped.word(),
        "metric": training.metric.word(),
        "first_loss": maybe(losses().next()),
        "last_loss": maybe(losses().next_back()),
        "validations": validations,
    })
}

/// What is predicted and measured at each layer.
pub(super) fn layers(rows: &[LayerRow]) -> Value {
    rows.iter()
        .map(|row| {
            json!({
                "name": row.name,
                "followed_by": row.followed_by,
                "predicted_gradient": maybe(row.predicted_gradient),
                "gradient": maybe(row.gradient),
                "activation_rms": maybe(row.activation_rms),
                "predicted_second_moment": maybe(row.predicted_second_moment),
                "correlation": maybe(row.correlation),
                "predicted_correlation": maybe(row.predicted_correlation),
                "dead_units": maybe(row.dead_units),
                "saturated_units": maybe(row.saturated_units),
                "update_ratio": maybe(row.update_ratio),
                "predicted_gain_db": maybe(row.predicted_gain_db),
            })
        })
        .collect()
}
