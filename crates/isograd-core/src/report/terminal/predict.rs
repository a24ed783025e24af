//! What `predict` prints.

use super::axis::Axis;
use super::doctor::head;
use super::figure::{decibels, figure};
use super::page::{INDENT, Page, left, right};
use super::picture::{LABEL, name};
use super::style::{Style, Tone};
use crate::report::facts::PredictReport;
use crate::report::layers;
use crate::trace::Trace;

/// Columns of the numbers behind it.
const NUMBERS: [usize; 4] = [8, 12, 11, 10];

/// What a step back in time does to the gradient, of each recurrent layer that the theory reaches.
fn through_time(page: &mut Page, report: &PredictReport<'_>) {
    let of = report.prediction.nodes.iter().zip(&report.plan.nodes);
    let known: Vec<(&str, f64)> = of
        .filter_map(|(p, node)| Some((node.name.as_str(), p.chi_of_step?)))
        .collect();
    if known.is_empty() {
        return;
    }
    page.heading("Through time");
    for (name, chi) in known {
        let text = format!(
            "{name}: the gradient is multiplied by {} at every step back in time ({}).",
            figure(chi.sqrt()),
            decibels(10.0 * chi.log10()),
        );
        page.prose(INDENT, &text);
    }
}

/// The whole report.
pub fn predict(report: &PredictReport<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    head(&mut page, "isograd predict", report.facts, report.plan);
    page.heading("What theory expects at every layer's output, before the first step");
    let rows = layers::rows(report.plan, report.prediction, &Trace::default());
    let bar = style.columns() - INDENT - LABEL - NUMBERS.iter().sum::<usize>() - 2;
    let axis = Axis::new(rows.iter().filter_map(|r| r.predicted_gradient), bar);
    let value = |x: Option<f64>| x.map_or_else(|| "–".into(), figure);
    let line = |name: &str, cells: [&str; 4], bar: &str| {
        let cells: String = cells
            .iter()
            .zip(NUMBERS)
            .map(|(c, width)| right(c, width))
            .collect();
        format!("{}{}{cells}  {bar}", " ".repeat(INDENT), left(name, LABEL))
    };
    let heads = ["E[x²]", "similarity", "gain", "gradient"];
    let labels = axis.map_or_else(String::new, Axis::labels);
    let text = line("layer", heads, &labels);
    page.line(&style.paint(Tone::Faint, text.trim_end()));
    for row in &rows {
        let cells = [
            value(row.predicted_second_moment),
            value(row.predicted_correlation),
            row.predicted_gain_db.map_or_else(|| "–".into(), decibels),
            value(row.predicted_gradient),
        ];
        let bar = axis.map_or_else(String::new, |a| a.bar(row.predicted_gradient, None));
        page.line(&line(
            &name(row),
            cells.each_ref().map(String::as_str),
            &bar,
        ));
    }
    page.blank();
    page.note(
        "E[x²] is the mean square of an element, similarity the mean cosine between two different \
         examples, gain what the gradient gains on its way back through the layer (20 dB are a factor \
         of 10), gradient its norm relative to the network's output; a bar is its logarithm.",
    );
    if let Some(slope) = report.prediction.slope {
        page.heading("Slope");
        let factor = (-slope).exp();
        page.prose(
            INDENT,
            &format!(
                "The gradient is multiplied by {} a hidden layer on its way back ({} a layer).",
                figure(factor),
                decibels(20.0 * factor.log10()),
            ),
        );
    }
    through_time(&mut page, report);
    page.blank();
    for note in &report.prediction.notes {
        page.note(&format!("Theory: {note}"));
    }
    page.finish()
}
