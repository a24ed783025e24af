//! The picture of a network: one row a layer, with its gradient as a bar.

use super::axis::Axis;
use super::figure::{figure, percent};
use super::page::{INDENT, Page, cut, left, right};
use super::style::{Style, Tone};
use crate::diagnose::Severity;
use crate::report::layers::LayerRow;
use unicode_width::UnicodeWidthStr as _;

/// Rows that are shown at most; beyond, every k-th.
const MOST_ROWS: usize = 40;
/// Columns of the terminal from which on there are columns for the correlation and the update ratio.
const WIDE: usize = 100;
/// Columns of a layer's name at most.
pub(super) const LABEL: usize = 24;
/// Columns of a number.
const NUMBER: usize = 9;
/// Columns of a bar at least; where there is less room, the columns behind it are left out.
const SHORTEST_BAR: usize = 16;

/// Draws the rows. `marks` says how bad what was found at each layer is.
pub(super) fn layers(page: &mut Page, rows: &[LayerRow], marks: &[Option<Severity>]) {
    let style = page.style;
    let shown = shown(rows.len());
    let label = rows
        .iter()
        .map(|r| name(r).chars().count())
        .max()
        .unwrap_or(0)
        .clamp(12, LABEL);
    // Layer, mark, gradient, predicted, and the bar behind two spaces.
    let before = INDENT + label + 3 + 2 * (NUMBER + 1) + 2;
    let mut columns = columns(rows, style);
    let room = |columns: &[Column]| {
        let numbers: usize = columns.iter().map(|c| c.width + 2).sum();
        style.columns().saturating_sub(before + numbers)
    };
    while room(&columns) < SHORTEST_BAR && columns.pop().is_some() {}
    let bar = room(&columns);
    let values = rows
        .iter()
        .flat_map(|r| [r.gradient, r.predicted_gradient])
        .flatten();
    let axis = Axis::new(values, bar);

    let mut head = format!(
        "{}{}    {} {}  {}",
        " ".repeat(INDENT),
        left("layer", label),
        right("gradient", NUMBER),
        right("predicted", NUMBER),
        axis.map_or_else(|| " ".repeat(bar), Axis::labels),
    );
    for column in &columns {
        head.push_str(&right(column.head, column.width + 2));
    }
    page.line(&style.paint(Tone::Faint, head.trim_end()));
    for &i in &shown {
        let (row, mark) = (&rows[i], marks.get(i).copied().flatten());
        let bar = axis.map_or_else(String::new, |a| a.bar(row.gradient, row.predicted_gradient));
        let mut line = format!(
            "{}{} {} {} {}  {}",
            " ".repeat(INDENT),
            left(&name(row), label),
            style.paint(tone(mark), sign(mark)),
            right(&value(row.gradient), NUMBER),
            style.paint(Tone::Faint, &right(&value(row.predicted_gradient), NUMBER)),
            paint_bar(style, mark, &bar),
        );
        for column in &columns {
            line.push_str(&right(&(column.text)(row), column.width + 2));
        }
        page.line(&line);
    }
    let wide = columns.iter().any(|c| c.head == SIMILARITY);
    legend(page, rows, marks, shown.len(), wide);
}

const SIMILARITY: &str = "similarity";

/// What the columns and signs mean, as far as they are there.
fn legend(
    page: &mut Page,
    rows: &[LayerRow],
    marks: &[Option<Severity>],
    shown: usize,
    wide: bool,
) {
    page.blank();
    let mut text = String::from(
        "The first layer is at the top. A bar is the logarithm of the gradient norm measured at the \
         layer's output",
    );
    if rows.iter().any(|r| r.predicted_gradient.is_some()) {
        text.push_str("; ◆ is where theory expects it to end");
    }
    text.push_str(". In a network that can learn, all bars are about equally long.");
    text.push_str(" rms is the size of the layer's output.");
    if wide {
        text.push_str(
            " similarity is the mean cosine between the outputs for different examples, update the \
             size of the last measured step relative to the weights.",
        );
    }
    for (severity, words) in [
        (Severity::Critical, "!! a critical finding"),
        (Severity::Warning, "! a warning"),
    ] {
        if marks.contains(&Some(severity)) {
            text.extend([" ", words, " names this layer."]);
        }
    }
    if shown < rows.len() {
        let all = rows.len();
        text.extend([format!(
            " {shown} of {all} layers are shown; --format json has all."
        )]);
    }
    page.note(&text);
}

/// A column behind the bar.
struct Column {
    head: &'static str,
    width: usize,
    text: fn(&LayerRow) -> String,
}

fn columns(rows: &[LayerRow], style: Style) -> Vec<Column> {
    let has = |pick: fn(&LayerRow) -> Option<f64>| rows.iter().any(|r| pick(r).is_some());
    let mut columns = vec![Column {
        head: "rms",
        width: 6,
        text: |r| value(r.activation_rms),
    }];
    // An activation either saturates or dies; what it does is one column.
    let head = match (has(dies), has(|r| r.saturated_units)) {
        (true, true) => Some("dead/sat"),
        (true, false) => Some("dead"),
        (false, true) => Some("satur."),
        (false, false) => None,
    };
    if let Some(head) = head {
        columns.push(Column {
            head,
            width: head.len().max(5),
            text: |r| {
                r.saturated_units
                    .or(r.dead_units)
                    .map_or_else(String::new, percent)
            },
        });
    }
    if style.columns() >= WIDE {
        if has(|r| r.correlation) {
            columns.push(Column {
                head: SIMILARITY,
                width: 10,
                text: |r| value(r.correlation),
            });
        }
        if has(|r| r.update_ratio) {
            columns.push(Column {
                head: "update",
                width: 8,
                text: |r| value(r.update_ratio),
            });
        }
    }
    columns
}

/// Dead units of an activation that does not saturate.
fn dies(row: &LayerRow) -> Option<f64> {
    row.dead_units.filter(|_| row.saturated_units.is_none())
}

/// The layer's name and what follows its weights.
pub(super) fn name(row: &LayerRow) -> String {
    let mut words = vec![row.name.as_str()];
    words.extend(&row.followed_by);
    let text = words.join(" · ");
    // Where there is no room for dots, the words alone are closer to what is meant than half of them.
    if text.width() <= LABEL {
        text
    } else {
        cut(&words.join(" "), LABEL)
    }
}

fn value(x: Option<f64>) -> String {
    x.map_or_else(|| "–".into(), figure)
}

fn sign(mark: Option<Severity>) -> &'static str {
    match mark {
        Some(Severity::Critical) => "!!",
        Some(Severity::Warning) => "! ",
        _ => "  ",
    }
}

fn tone(mark: Option<Severity>) -> Tone {
    match mark {
        Some(Severity::Critical) => Tone::Critical,
        Some(Severity::Warning) => Tone::Warning,
        _ => Tone::Good,
    }
}

/// The bar in the colour of its layer, the prediction's mark in the terminal's own.
fn paint_bar(style: Style, mark: Option<Severity>, bar: &str) -> String {
    let ink = bar.trim_end();
    let painted: Vec<String> = ink.split('◆').map(|p| style.paint(tone(mark), p)).collect();
    format!("{}{}", painted.join("◆"), &bar[ink.len()..])
}

/// The rows that are shown: all, or the first, the last and every k-th.
fn shown(rows: usize) -> Vec<usize> {
    if rows <= MOST_ROWS {
        return (0..rows).collect();
    }
    let step = (rows - 1).div_ceil(MOST_ROWS - 1);
    (0..rows - 1).step_by(step).chain([rows - 1]).collect()
}

#[cfg(test)]
mod tests {
    use super::{MOST_ROWS, shown};

    #[test]
    fn first_and_last_are_always_shown() {
        for rows in 1..500 {
            let shown = shown(rows);
            assert!(shown.len() <= MOST_ROWS, "{rows}");
            assert_eq!((shown.first(), shown.last()), (Some(&0), Some(&(rows - 1))));
            assert!(shown.is_sorted_by(|a, b| a < b));
        }
        assert_eq!(shown(0), [] as [usize; 0]);
    }
}
