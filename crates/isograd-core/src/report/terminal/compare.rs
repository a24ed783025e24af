//! What `compare` prints.

use super::map;
use super::page::{INDENT, Page, left, right};
use super::style::{Style, Tone};
use crate::compare::{Measure, Row, Summary};
use crate::report::comparison::{Column, CompareReport, columns, cost, legend};
use unicode_width::UnicodeWidthStr as _;

/// Differences with a smaller corrected probability are coloured.
const SIGNIFICANT: f64 = 0.05;
/// Columns between two columns.
const GAP: usize = 2;
/// Columns of a label at most.
const LABEL: usize = 24;

/// The whole report.
pub fn compare(report: &CompareReport<'_>, style: Style) -> String {
    let summary = report.summary;
    let mut page = Page::new(style);
    page.line(&format!(
        "{}  {}",
        style.paint(Tone::Title, "isograd compare"),
        style.paint(Tone::Name, &summary.grid.file.display().to_string())
    ));
    page.blank();
    let columns = columns(summary);
    for block in blocks(&columns, style.columns() - INDENT) {
        page.blank();
        table(&mut page, summary, &block);
    }
    for map in &summary.maps {
        map::draw(&mut page, summary, map);
    }
    page.blank();
    for remark in legend(report) {
        page.note(&remark);
    }
    page.blank();
    page.entry(INDENT, &format!("{:<11}", "cost"), &cost(report));
    page.entry(INDENT, &format!("{:<11}", "kept in"), &report.folder);
    page.finish()
}

fn width(column: &Column) -> usize {
    let cells = column.cells.iter().map(|c| c.width());
    let widest = cells.chain([column.head.width()]).max().unwrap_or(0);
    if column.is_label {
        widest.min(LABEL)
    } else {
        widest
    }
}

/// Columns that fit side by side, the labels in front of each block.
fn blocks(columns: &[Column], room: usize) -> Vec<Vec<&Column>> {
    let (labels, numbers): (Vec<&Column>, Vec<&Column>) = columns.iter().partition(|c| c.is_label);
    let front: usize = labels.iter().map(|c| width(c) + GAP).sum();
    let mut blocks: Vec<Vec<&Column>> = Vec::new();
    let mut used = usize::MAX;
    for column in numbers {
        let own = width(column) + GAP;
        // A block holds at least one column, however narrow the terminal is.
        if used.saturating_add(own) > room + GAP {
            blocks.push(labels.clone());
            used = front;
        }
        used += own;
        if let Some(block) = blocks.last_mut() {
            block.push(column);
        }
    }
    blocks
}

fn table(page: &mut Page, summary: &Summary<'_>, columns: &[&Column]) {
    let style = page.style;
    let line = |cells: Vec<String>| format!("{}{}", " ".repeat(INDENT), cells.join("  "));
    let aligned = |column: &Column, text: &str| {
        if column.is_label {
            left(text, width(column))
        } else {
            right(text, width(column))
        }
    };
    let head = line(columns.iter().map(|c| aligned(c, &c.head)).collect());
    page.line(&style.paint(Tone::Faint, head.trim_end()));
    for (i, row) in summary.rows.iter().enumerate() {
        let cells = columns.iter().map(|column| {
            let text = aligned(column, &column.cells[i]);
            match tone(summary, row, column) {
                Some(tone) => style.paint(tone, &text),
                None => text,
            }
        });
        page.line(&line(cells.collect()));
    }
}

/// The colour of a cell: what differs from the control for certain, and what diverged.
fn tone(summary: &Summary<'_>, row: &Row, column: &Column) -> Option<Tone> {
    if column.head == Measure::Diverged.head() {
        return (row.mean(Measure::Diverged).value > 0.0).then_some(Tone::Critical);
    }
    if column.head == "− control" {
        let test = row.test.filter(|t| t.holm < SIGNIFICANT)?;
        let larger = summary.measure.larger_is_better(summary.larger_is_better)?;
        let better = (test.effect > 0.0) == larger;
        return Some(if better { Tone::Good } else { Tone::Warning });
    }
    None
}
