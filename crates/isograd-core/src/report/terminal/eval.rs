//! What `eval` prints.

use super::page::{INDENT, Page};
use super::style::{Style, Tone};
use super::train::words;
use crate::describe::train::Metric;
use crate::report::facts::Score;

/// The scores of a run on named parts of the data.
pub fn eval(run: &str, metric: Metric, scores: &[(String, Score)], style: Style) -> String {
    let mut page = Page::new(style);
    let title = style.paint(Tone::Title, &format!("isograd eval  {run}"));
    page.line(&title);
    page.blank();
    let width = scores
        .iter()
        .map(|(part, _)| part.chars().count())
        .max()
        .unwrap_or(0)
        + 2;
    for (part, score) in scores {
        page.entry(INDENT, &format!("{part:<width$}"), &words(*score, metric));
    }
    page.finish()
}
