//! What `train --range-test` prints.

use super::doctor::head;
use super::figure::{count, figure};
use super::page::{INDENT, Page, right};
use super::style::{Style, Tone};
use crate::report::facts::RangeReport;

/// Lines of the table, about.
const LINES: usize = 20;

/// The losses over the rates, and which rate to begin with.
pub fn range_test(report: &RangeReport<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    head(
        &mut page,
        "isograd train --range-test",
        report.facts,
        report.plan,
    );
    let points = report.test.points();
    let steps = points.len();
    page.heading(&format!(
        "Loss while the rate grows, {} steps",
        count(steps)
    ));
    let columns = |cells: [&str; 4]| -> String {
        let widths = [8, 12, 12, 12];
        cells.iter().zip(widths).map(|(c, w)| right(c, w)).collect()
    };
    let titles = columns(["step", "rate", "loss", "smoothed"]);
    page.line(&page.style.paint(Tone::Faint, &titles));
    let shown = (0..steps).filter(|i| i % steps.div_ceil(LINES).max(1) == 0 || i + 1 == steps);
    for i in shown {
        let point = points[i];
        let cells = [
            &(i + 1).to_string(),
            &figure(point.lr),
            &figure(point.loss),
            &figure(point.smoothed),
        ];
        page.line(&columns(cells.map(String::as_str)));
    }
    page.heading("Result");
    let lowest = report
        .test
        .lowest()
        .map_or_else(|| "–".into(), |p| figure(p.lr));
    let suggested = match report.test.suggested() {
        Some(lr) => format!(
            "{}: there the smoothed loss falls fastest (it is lowest at {lowest})",
            figure(lr)
        ),
        None => "none: the loss never falls".into(),
    };
    page.entry(INDENT, "suggested rate  ", &suggested);
    if !report.test.diverged() {
        page.prose(
            INDENT,
            "The loss did not diverge: larger rates may train as well.",
        );
    }
    page.finish()
}
