//! Blame as text: which mechanism, then which nodes.

use super::figure::{decibels, figure, percent};
use super::page::{INDENT, Page, left, right};
use super::style::Tone;
use crate::diagnose::{Blame, Diagnosis, MechanismBlame};
use unicode_width::UnicodeWidthStr as _;

/// Mechanisms that are shown.
const MOST_MECHANISMS: usize = 5;
/// Nodes that are shown.
const MOST_NODES: usize = 6;
/// Terms below this many dB are rounding of the measurement and are not worth a line.
const SMALLEST: f64 = 0.05;
/// Columns of the numbers of a mechanism.
const NUMBERS: usize = 10 + 13 + 7;
/// Columns of the bar of the largest share.
const BAR: usize = 20;

pub(super) fn blame(page: &mut Page, diagnosis: &Diagnosis) {
    let Some(total) = diagnosis.profile_db else {
        return;
    };
    let shrinks = total < 0.0;
    page.heading("What changes the gradient on its way back");
    let word = if shrinks { "shrinks" } else { "grows" };
    let much = if total.is_finite() {
        let factor = figure(10f64.powf(total.abs() / 20.0));
        let decibels = decibels(total.abs());
        let decibels = decibels.trim_start_matches('+');
        format!("by {decibels}, a factor of {factor} (20 dB are a factor of 10)")
    } else {
        "beyond what can be measured".to_owned()
    };
    page.prose(
        INDENT,
        &format!("From the network's output to the first layer's it {word} {much}."),
    );
    let terms: Vec<_> = diagnosis
        .mechanisms
        .iter()
        .filter(|m| m.db.abs() >= SMALLEST)
        .take(MOST_MECHANISMS)
        .collect();
    if terms.is_empty() {
        return;
    }
    page.prose(
        INDENT,
        "By mechanism, and what of it is beyond the best that such a block can do:",
    );
    page.blank();
    let widest = page.style.columns() - INDENT - NUMBERS;
    let label = terms
        .iter()
        .map(|m| words(m).chars().count())
        .max()
        .unwrap_or(0)
        .clamp(9, widest);
    let head = row("mechanism", label, "effect", "beyond best", "share");
    page.line(&page.style.paint(Tone::Faint, &head));
    let tone = if diagnosis.healthy() {
        Tone::Faint
    } else {
        Tone::Critical
    };
    for mechanism in terms {
        line(page, mechanism, label, shrinks, tone);
    }
    if let Some(nodes) = worst(&diagnosis.blame, shrinks) {
        page.blank();
        page.entry(INDENT, "most of it at  ", &nodes);
    }
}

fn words(m: &MechanismBlame) -> String {
    let what = m.mechanism.describe(&m.kind);
    if m.nodes == 1 {
        what
    } else {
        format!("{what}, {} times", m.nodes)
    }
}

fn row(what: &str, label: usize, effect: &str, beyond: &str, share: &str) -> String {
    let (effect, beyond, share) = (right(effect, 10), right(beyond, 13), right(share, 7));
    format!(
        "{}{}{effect}{beyond}{share}",
        " ".repeat(INDENT),
        left(what, label)
    )
}

fn line(page: &mut Page, m: &MechanismBlame, label: usize, shrinks: bool, tone: Tone) {
    let harmful = (m.excess_db < 0.0) == shrinks && m.excess_db.abs() >= SMALLEST;
    let share = if harmful {
        percent(m.share)
    } else {
        String::new()
    };
    let row = row(
        &words(m),
        label,
        &decibels(m.db),
        &decibels(m.excess_db),
        &share,
    );
    let room = page
        .style
        .columns()
        .saturating_sub(row.width() + 2)
        .min(BAR);
    let bar = if harmful {
        (m.share.clamp(0.0, 1.0) * room as f64).round() as usize
    } else {
        0
    };
    page.line(&format!(
        "{row}  {}",
        page.style.paint(tone, &"█".repeat(bar))
    ));
}

/// The nodes that do most harm, as long as they do harm.
fn worst(blame: &[Blame], shrinks: bool) -> Option<String> {
    let harmful = |b: &&Blame| (b.excess_db < 0.0) == shrinks && b.excess_db.abs() >= SMALLEST;
    let nodes: Vec<String> = blame
        .iter()
        .take_while(harmful)
        .take(MOST_NODES)
        .map(|b| format!("{} {}", b.layer, decibels(b.excess_db)))
        .collect();
    (!nodes.is_empty()).then(|| nodes.join(", "))
}
