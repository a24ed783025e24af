//! The table, for people, for programs and for the README.

use super::measure::{BESIDE, Measured};
use super::statistics::{Ratio, geometric_mean};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Everything as one object.
pub(super) fn json(all: &[Measured], threads: usize) -> Value {
    let interval = |ratio: &Ratio| json!([ratio.low, ratio.high]);
    let overhead = |ratio: &Ratio| json!([ratio.low - 1.0, ratio.high - 1.0]);
    let workloads: Vec<Value> = all
        .iter()
        .map(|one| {
            let mut object = json!({
                "name": one.name,
                "ratio": one.watched.median,
                "ratio_interval": interval(&one.watched),
                "ratio_unwatched": one.unwatched.median,
                "telemetry_overhead": one.telemetry.median - 1.0,
                "telemetry_interval": overhead(&one.telemetry),
                "telemetry_every_step": one.every_step.median - 1.0,
                "every_step_interval": overhead(&one.every_step),
                "memory_ratio": one.memory,
                "milliseconds": one.milliseconds,
                "rounds": one.counts[0],
                "pairs": one.counts[1],
                "loss_difference": one.difference,
            });
            for (name, ratio) in &one.beside {
                object[format!("torch_{name}")] = json!(ratio.map(|r| r.median));
            }
            object
        })
        .collect();
    json!({
        "workloads": workloads,
        "geomean": geometric_mean(all.iter().map(|one| one.watched.median)),
        "geomean_unwatched": geometric_mean(all.iter().map(|one| one.unwatched.median)),
        "threads": threads,
    })
}

const HEAD: &[&str] = &[
    "network",
    "ms a step",
    "ratio",
    "95 %",
    "unwatched",
    "telemetry",
    "up to",
    "every step",
    "up to",
    "memory",
];

fn rows(all: &[Measured]) -> Vec<Vec<String>> {
    let percent = |ratio: f64| format!("{:+.1} %", 100.0 * (ratio - 1.0));
    let mut rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let mut row = vec![
                one.name.to_owned(),
                format!("{:.1}", one.milliseconds),
                format!("{:.2}", one.watched.median),
                format!("{:.2}–{:.2}", one.watched.low, one.watched.high),
                format!("{:.2}", one.unwatched.median),
                percent(one.telemetry.median),
                percent(one.telemetry.high),
                percent(one.every_step.median),
                percent(one.every_step.high),
                format!("{:.2}", one.memory),
            ];
            for (_, ratio) in &one.beside {
                row.push(ratio.map_or_else(|| "–".to_owned(), |r| format!("{:.2}", r.median)));
            }
            row
        })
        .collect();
    let mean = |of: fn(&Measured) -> f64| format!("{:.2}", geometric_mean(all.iter().map(of)));
    let mut last = vec![String::new(); rows.first().map_or(0, Vec::len)];
    if let [name, _, watched, _, unwatched, ..] = last.as_mut_slice() {
        "geometric mean".clone_into(name);
        *watched = mean(|one| one.watched.median);
        *unwatched = mean(|one| one.unwatched.median);
        rows.push(last);
    }
    rows
}

fn head(all: &[Measured]) -> Vec<String> {
    let beside = all.first().is_some_and(|one| !one.beside.is_empty());
    let beside = BESIDE.iter().filter(|_| beside).map(|&b| b.to_owned());
    HEAD.iter().map(|&h| h.to_owned()).chain(beside).collect()
}

/// Aligned columns.
pub(super) fn text(all: &[Measured], threads: usize) -> String {
    let mut lines = vec![head(all)];
    lines.extend(rows(all));
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut out = String::new();
    for line in &lines {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let gap = " ".repeat(width - cell.chars().count());
            let _ = if column == 0 {
                write!(out, "{cell}{gap}")
            } else {
                write!(out, "  {gap}{cell}")
            };
        }
        out = out.trim_end().to_owned() + "\n";
    }
    let _ = writeln!(out, "\n{}", legend(threads));
    out
}

/// The same as Markdown.
pub(super) fn markdown(all: &[Measured], threads: usize) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head = head(all);
    let mut out = line(&head);
    let rule: Vec<String> = (0..head.len())
        .map(|i| if i == 0 { "---" } else { "---:" }.to_owned())
        .collect();
    out += &line(&rule);
    for row in rows(all) {
        out += &line(&row);
    }
    let _ = writeln!(out, "\n{}", legend(threads));
    out
}

fn legend(threads: usize) -> String {
    format!(
        "ratio: seconds of isograd, watching every layer at its default schedule, to those of PyTorch \
         eager, blocks of steps in turn on the same {threads} processors: median and its 95 % interval; \
         unwatched: the same without telemetry; every step: what watching everything at every step and \
         writing it to disk adds, pairs of short blocks of one program in turn, and the upper end of its \
         interval; telemetry: the same at the default schedule, from what its kinds of steps add and how \
         many of each there are; memory: ratio of the peaks. Others to PyTorch eager: its fused AdamW, torch.compile, hooks that compute \
         five statistics a layer and direction, torchmortem."
    )
}
