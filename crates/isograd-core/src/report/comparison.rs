//! The table of a comparison as cells of text, for the terminal and for Markdown; and as CSV.

use super::terminal::figure;
use crate::compare::statistics::Mean;
use crate::compare::{Measure, Row, Summary};
use std::fmt::Write as _;

/// What a comparison cost, and where it is kept.
#[derive(Clone, Debug)]
pub struct CompareReport<'a> {
    /// What was found.
    pub summary: &'a Summary<'a>,
    /// The folder, as people reach it.
    pub folder: String,
    /// Threads of a run.
    pub threads: usize,
}

impl CompareReport<'_> {
    /// Runs of the table, whenever they were made.
    pub fn runs(&self) -> usize {
        self.summary.cells.iter().map(|c| c.runs.len()).sum()
    }

    /// CPU seconds of these runs.
    pub fn cpu_seconds(&self) -> f64 {
        let runs = self.summary.cells.iter().flat_map(|c| &c.runs);
        runs.map(|r| r.cpu_seconds).sum()
    }
}

/// A column of text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) head: String,
    pub(super) cells: Vec<String>,
    /// Words, not numbers.
    pub(super) is_label: bool,
}

/// The columns: labels, what was chosen, measures, tests.
pub(super) fn columns(summary: &Summary<'_>) -> Vec<Column> {
    let grid = summary.grid;
    let rows = &summary.rows;
    let column = |head: &str, is_label: bool, cell: &dyn Fn(&Row) -> String| Column {
        head: head.to_owned(),
        cells: rows.iter().map(cell).collect(),
        is_label,
    };
    let mut all = Vec::new();
    for (i, axis) in grid.shown().enumerate() {
        all.push(column(&grid.axes[axis].name, true, &|row| {
            row.labels[i].clone()
        }));
    }
    for (i, axis) in grid.tuned().enumerate() {
        let head = format!("best {}", grid.axes[axis].name);
        all.push(column(&head, true, &|row| row.chosen[i].clone()));
    }
    for &measure in &summary.columns {
        let of = |row: &Row| summary.cells[row.cell].runs.len();
        all.push(column(measure.head(), false, &|row| {
            value(summary, measure, row.mean(measure), of(row))
        }));
    }
    if rows.iter().any(|r| r.control || r.test.is_some()) {
        all.push(column("− control", false, &|row| match row.test {
            _ if row.control => "control".to_owned(),
            Some(t) if summary.measure.is_ratio() => format!("×{}", figure(t.effect.exp())),
            Some(t) => {
                let half = (t.interval[1] - t.interval[0]) / 2.0;
                let sign = if t.effect > 0.0 { "+" } else { "" };
                format!(
                    "{sign}{} ±{}",
                    number(summary, summary.measure, t.effect),
                    number(summary, summary.measure, half)
                )
            }
            None => "–".to_owned(),
        }));
        all.push(column("p (Holm)", false, &|row| {
            row.test.map_or_else(String::new, |t| figure(t.holm))
        }));
    }
    all
}

/// A mean as text: with its interval where that says something, and with how many runs it is of
/// where some failed.
fn value(summary: &Summary<'_>, measure: Measure, mean: Mean, of: usize) -> String {
    if measure == Measure::Diverged {
        return format!("{:.0}/{of}", mean.value * mean.count as f64);
    }
    if mean.count == 0 {
        return match measure {
            Measure::StepsToTarget | Measure::SecondsToTarget => "never".into(),
            _ => "–".into(),
        };
    }
    let mut text = number(summary, measure, mean.value);
    let interval = matches!(
        measure,
        Measure::Test
            | Measure::TestLoss
            | Measure::Valid
            | Measure::ValidLoss
            | Measure::Train
            | Measure::Gap
    );
    if let (true, Some(half)) = (interval, mean.half) {
        let _ = write!(text, " ±{}", number(summary, measure, half));
    }
    if mean.count < of {
        let _ = write!(text, " ({}/{of})", mean.count);
    }
    text
}

fn number(summary: &Summary<'_>, measure: Measure, x: f64) -> String {
    use Measure::{Gap, Parameters, Steps, StepsToTarget, Test, Train, Valid};
    match measure {
        // A point is 0.01: tenths of it are seen.
        Test | Valid | Train | Gap if summary.larger_is_better && x.abs() < 10.0 => {
            format!("{x:.4}").replace('-', "−")
        }
        Steps | StepsToTarget | Parameters if x.is_finite() => format!("{x:.0}"),
        _ => figure(x),
    }
}

/// Remarks under the table: what its columns are, then what is to be known of it.
pub(super) fn legend(report: &CompareReport<'_>) -> Vec<String> {
    let summary = report.summary;
    let seeds = summary.grid.seeds(summary.quick);
    let mut lines = Vec::new();
    let over = match seeds.len() {
        1 => "One seed.".to_owned(),
        n => {
            format!("Means over {n} seeds, ± half of the 95 % interval by Student's distribution.")
        }
    };
    lines.push(format!(
        "The metric is {}. {over}",
        summary.metric.replace('_', " ")
    ));
    if let Some(target) = summary.grid.target {
        lines.push(format!("The target is {}.", target.words()));
    }
    let columns = summary.columns.iter();
    let words: Vec<String> = columns
        .map(|m| format!("{}: {}", m.head(), m.legend()))
        .collect();
    lines.push(words.join("; ") + ".");
    if summary.rows.iter().any(|r| r.test.is_some()) {
        lines.push(format!(
            "− control: difference in {} from the control, pairs of the same seed, with its 95 % \
             interval; p (Holm): Student's paired test, corrected for all comparisons of the table.",
            summary.measure.head()
        ));
    }
    let best: Vec<String> = summary
        .grid
        .tuned()
        .map(|a| {
            let axis = &summary.grid.axes[a];
            let by = match axis.best {
                Some(crate::compare::Best::Metric) => "validation metric",
                _ => "training loss",
            };
            format!("best {}: of {} by mean {by}", axis.name, axis.values.len())
        })
        .collect();
    if !best.is_empty() {
        lines.push(best.join("; ") + ".");
    }
    lines.extend(summary.notes.iter().map(|note| {
        let mut letters = note.chars();
        let first = letters.next().map(|c| c.to_uppercase().to_string());
        format!("{}{}.", first.unwrap_or_default(), letters.as_str())
    }));
    lines
}

/// What it cost, in words.
pub(super) fn cost(report: &CompareReport<'_>) -> String {
    let spent = report.cpu_seconds();
    let hours = if spent >= 360.0 {
        format!(" ({:.2} hours)", spent / 3600.0)
    } else {
        String::new()
    };
    let tier = if report.summary.quick {
        "quick"
    } else {
        "full"
    };
    let threads = match report.threads {
        1 => "one thread".to_owned(),
        n => format!("{n} threads"),
    };
    format!(
        "{} runs of the {tier} tier, {threads} each, {} CPU seconds in all{hours}",
        report.runs(),
        figure(spent)
    )
}

/// One line a run: the axes, the seed, whether its cell is shown, and every measure.
pub fn csv(report: &CompareReport<'_>) -> String {
    let summary = report.summary;
    let grid = summary.grid;
    let mut head: Vec<String> = grid.axes.iter().map(|a| quoted(&a.name)).collect();
    head.extend(["seed".to_owned(), "shown".to_owned()]);
    head.extend(Measure::ALL.iter().map(|m| m.word().to_owned()));
    let mut text = head.join(",") + "\n";
    for (i, cell) in summary.cells.iter().enumerate() {
        let shown = summary.rows.iter().any(|row| row.cell == i);
        for run in &cell.runs {
            let labels = grid.labels(&cell.choice);
            let mut line: Vec<String> = labels.iter().map(|(_, label)| quoted(label)).collect();
            line.extend([run.seed.to_string(), shown.to_string()]);
            line.extend(Measure::ALL.iter().map(|m| {
                m.of(run, grid.target)
                    .map_or_else(String::new, |v| v.to_string())
            }));
            text.push_str(&(line.join(",") + "\n"));
        }
    }
    text
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The table, its legend and its cost as Markdown, for documentation.
pub fn markdown(report: &CompareReport<'_>) -> String {
    let columns = columns(report.summary);
    let cell = |text: &str| text.replace('|', "\\|");
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(columns.iter().map(|c| cell(&c.head)).collect());
    let rule = |c: &Column| if c.is_label { "---" } else { "---:" }.to_owned();
    text.push_str(&line(columns.iter().map(rule).collect()));
    for i in 0..report.summary.rows.len() {
        text.push_str(&line(columns.iter().map(|c| cell(&c.cells[i])).collect()));
    }
    for map in &report.summary.maps {
        let at: Vec<String> = map.at.iter().map(|(a, v)| format!("{a} = {v}")).collect();
        let at = if at.is_empty() {
            String::new()
        } else {
            format!(", {}", at.join(", "))
        };
        let _ = write!(
            text,
            "\n{} over {} and {}{at}:\n\n",
            map.measure.head(),
            map.x,
            map.y
        );
        let head = [
            vec![cell(&format!("{} \\ {}", map.y, map.x))],
            map.columns.clone(),
        ]
        .concat();
        text.push_str(&line(head));
        let rules = std::iter::once("---").chain(map.columns.iter().map(|_| "---:"));
        text.push_str(&line(rules.map(str::to_owned).collect()));
        for (label, values) in map.rows.iter().zip(&map.values) {
            let shown = values
                .iter()
                .map(|v| v.map_or_else(String::new, |v| number(report.summary, map.measure, v)));
            text.push_str(&line(std::iter::once(cell(label)).chain(shown).collect()));
        }
    }
    text.push('\n');
    for remark in legend(report) {
        let _ = writeln!(text, "{remark}");
    }
    let _ = writeln!(text, "\nCost: {}.", cost(report));
    text
}
