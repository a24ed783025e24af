//! What `train` prints.

use super::doctor::{course, head, kept};
use super::figure::{count, figure};
use super::page::{INDENT, Page, right};
use super::style::{Style, Tone};
use crate::describe::train::Metric;
use crate::report::facts::{Score, TrainReport};
use crate::trace::{ClipLedger, Validation};

/// The heading of the lines that [`train_line`] makes.
pub fn train_header(metric: Metric, style: Style) -> String {
    let metric = metric.word().replace('_', " ");
    let line = columns(["epoch", "step", "train loss", "valid loss", &metric]);
    style.paint(Tone::Faint, &line)
}

/// One validation on one line.
pub fn train_line(validation: &Validation) -> String {
    let train = if validation.train_loss.is_nan() && validation.step == 0 {
        // Nothing was trained yet.
        "–".to_owned()
    } else {
        figure(validation.train_loss)
    };
    columns([
        &figure_of_epoch(validation.epoch),
        &validation.step.to_string(),
        &train,
        &figure(validation.loss),
        &figure(validation.metric),
    ])
}

fn figure_of_epoch(epoch: f64) -> String {
    if epoch.fract() == 0.0 {
        format!("{epoch:.0}")
    } else {
        format!("{epoch:.2}")
    }
}

fn columns(cells: [&str; 5]) -> String {
    let widths = [8, 9, 12, 12, 17];
    cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| right(cell, width))
        .collect()
}

/// What is printed at the end.
pub fn train(report: &TrainReport<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    head(&mut page, "isograd train", report.facts, report.plan);
    course(&mut page, report.trace, report.training);
    if let Some(ledger) = report.clipping {
        page.entry(INDENT, "clipping  ", &clipping(ledger));
    }
    page.heading("Result");
    let metric = report.training.metric;
    for (part, score) in [("validation", report.valid), ("test", report.test)] {
        if let Some(score) = score {
            page.entry(INDENT, &format!("{part:<11}"), &words(score, metric));
        }
    }
    kept(&mut page, report.run, report.overhead);
    page.finish()
}

/// The clip ledger in words.
fn clipping(ledger: &ClipLedger) -> String {
    let mut text = format!(
        "{} of {} steps clipped, the gradient's norm {} → {} in the mean",
        count(ledger.clipped),
        count(ledger.steps),
        figure(ledger.norm_before()),
        figure(ledger.norm_after()),
    );
    if let Some((name, share)) = ledger.most().filter(|(_, share)| *share > 0.0) {
        let percent = 100.0 * share;
        text = format!("{text}; most often {name}, in {percent:.0} %");
    }
    text
}

/// A score in words.
pub(super) fn words(score: Score, metric: Metric) -> String {
    format!(
        "{} {}, loss {}, on {} examples",
        metric.word().replace('_', " "),
        precise(score.metric),
        figure(score.loss),
        count(score.examples),
    )
}

/// Four decimals: differences of a metric below a point matter.
fn precise(x: f64) -> String {
    if x.is_finite() && x.abs() < 100.0 {
        format!("{x:.4}")
    } else {
        figure(x)
    }
}
