//! What `compare --format json` prints.

use super::{SCHEMA_VERSION, part};
use crate::compare::statistics::{Mean, Paired};
use crate::compare::{Best, Goal, Map, Measure, Row, RunRecord, Summary, Target};
use crate::report::comparison::CompareReport;
use serde_json::{Map as Object, Value, json};

/// The whole report.
pub fn compare(report: &CompareReport<'_>) -> Value {
    let summary = report.summary;
    let grid = summary.grid;
    let axes: Vec<Value> = grid
        .axes
        .iter()
        .map(|axis| {
            let best = axis.best.map(|b| match b {
                Best::Metric => "metric",
                Best::Loss => "loss",
            });
            let labels: Vec<&str> = axis.values.iter().map(|v| v.label.as_str()).collect();
            json!({ "name": axis.name, "values": labels, "best": best })
        })
        .collect();
    json!({
        "schema_version": SCHEMA_VERSION,
        "command": "compare",
        "name": grid.name,
        "file": grid.file.display().to_string(),
        "tier": if summary.quick { "quick" } else { "full" },
        "metric": summary.metric,
        "larger_is_better": summary.larger_is_better,
        "measure": summary.measure.word(),
        "columns": summary.columns.iter().map(|m| m.word()).collect::<Vec<_>>(),
        "target": grid.target.map_or(Value::Null, target),
        "seeds": grid.seeds(summary.quick),
        "axes": axes,
        "cells": summary.rows.iter().map(|row| cell(summary, row)).collect::<Vec<_>>(),
        "runs": runs(summary),
        "maps": summary.maps.iter().map(map).collect::<Vec<_>>(),
        "notes": summary.notes,
        "cost": {
            "runs": report.runs(),
            "cpu_seconds": part::number(report.cpu_seconds()),
            "threads": report.threads,
        },
        "folder": report.folder,
    })
}

fn target(target: Target) -> Value {
    let (goal, value) = match target.goal {
        Goal::Metric(value) => ("metric", value),
        Goal::ValidLoss(value) => ("valid_loss", value),
        Goal::TrainLoss(value) => ("train_loss", value),
    };
    json!({ "goal": goal, "value": part::number(value), "every": target.every })
}

fn labels(pairs: impl Iterator<Item = (String, String)>) -> Value {
    let object: Object<String, Value> = pairs.map(|(a, v)| (a, v.into())).collect();
    object.into()
}

fn cell(summary: &Summary<'_>, row: &Row) -> Value {
    let name = |axis: usize| summary.grid.axes[axis].name.clone();
    let shown = summary.grid.shown().map(name).zip(row.labels.clone());
    let chosen = summary.grid.tuned().map(name).zip(row.chosen.clone());
    let means: Object<String, Value> = Measure::ALL
        .iter()
        .map(|&m| (m.word().to_owned(), mean(row.mean(m))))
        .collect();
    json!({
        "labels": labels(shown),
        "chosen": labels(chosen),
        "runs": summary.cells[row.cell].runs.len(),
        "means": means,
        "control": row.control,
        "test": row.test.map_or(Value::Null, test),
    })
}

fn mean(mean: Mean) -> Value {
    let known = |x: f64| {
        if mean.count == 0 {
            Value::Null
        } else {
            part::number(x)
        }
    };
    json!({ "mean": known(mean.value), "half": part::maybe(mean.half), "count": mean.count })
}

fn test(test: Paired) -> Value {
    json!({
        "effect": part::number(test.effect),
        "interval": [part::number(test.interval[0]), part::number(test.interval[1])],
        "p": part::number(test.p),
        "p_holm": part::number(test.holm),
        "pairs": test.pairs,
    })
}

/// Every run, also of cells that were not chosen.
fn runs(summary: &Summary<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for (i, cell) in summary.cells.iter().enumerate() {
        let shown = summary.rows.iter().any(|row| row.cell == i);
        for record in &cell.runs {
            all.push(run(
                summary,
                summary.grid.labels(&cell.choice),
                shown,
                record,
            ));
        }
    }
    all
}

fn run(
    summary: &Summary<'_>,
    choice: Vec<(String, String)>,
    shown: bool,
    record: &RunRecord,
) -> Value {
    let measures: Object<String, Value> = Measure::ALL
        .iter()
        .map(|m| {
            (
                m.word().to_owned(),
                part::maybe(m.of(record, summary.grid.target)),
            )
        })
        .collect();
    json!({
        "labels": labels(choice.into_iter()),
        "seed": record.seed,
        "shown": shown,
        "key": record.key,
        "measures": measures,
    })
}

fn map(map: &Map) -> Value {
    let values: Vec<Vec<Value>> = map
        .values
        .iter()
        .map(|row| row.iter().map(|v| part::maybe(*v)).collect())
        .collect();
    json!({
        "at": labels(map.at.iter().cloned()),
        "x": map.x,
        "y": map.y,
        "columns": map.columns,
        "rows": map.rows,
        "measure": map.measure.word(),
        "values": values,
    })
}
