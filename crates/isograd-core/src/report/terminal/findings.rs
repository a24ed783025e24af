//! Findings as text.

use super::figure::figure;
use super::names::ranges;
use super::page::{INDENT, Page};
use super::style::Tone;
use crate::diagnose::{Finding, Severity};
use serde_json::Value;

/// Numbers of evidence that are shown; `--format json` has all.
const MOST_EVIDENCE: usize = 8;
/// Pieces of advice that are shown.
const MOST_ADVICE: usize = 4;

pub(super) fn findings(page: &mut Page, findings: &[Finding]) {
    for (i, finding) in findings.iter().enumerate() {
        if i > 0 {
            page.blank();
        }
        one(page, finding);
    }
}

fn one(page: &mut Page, finding: &Finding) {
    let (word, tone) = severity(finding.severity);
    let layers = match finding.layers.as_slice() {
        [] => "the whole network".to_owned(),
        names => ranges(names),
    };
    let code = page.style.paint(Tone::Name, finding.code);
    page.line(&format!(
        "{}{}  {code}",
        " ".repeat(INDENT),
        page.style.paint(tone, word)
    ));
    page.entry(2 * INDENT, "where     ", &layers);
    page.entry(2 * INDENT, "cause     ", &finding.cause);
    let evidence = evidence(finding);
    if !evidence.is_empty() {
        page.entry(2 * INDENT, "evidence  ", &evidence);
    }
    for (i, advice) in finding.advice.iter().take(MOST_ADVICE).enumerate() {
        let label = if i == 0 { "advice    " } else { "          " };
        page.entry(2 * INDENT, &format!("{label}{}. ", i + 1), &advice.text);
    }
}

/// The word of a severity, and its colour.
pub(super) fn severity(severity: Severity) -> (&'static str, Tone) {
    match severity {
        Severity::Critical => ("CRITICAL", Tone::Critical),
        Severity::Warning => ("WARNING", Tone::Warning),
        Severity::Info => ("NOTE", Tone::Good),
    }
}

/// The first numbers, by name; what is given layer by layer is left to JSON.
fn evidence(finding: &Finding) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (name, value) in &finding.evidence {
        let value = match value {
            // The unit is part of the name.
            Value::Number(n) => n
                .as_f64()
                .map_or_else(|| n.to_string(), |x| short(x, n.is_f64())),
            Value::String(s) => s.clone(),
            Value::Bool(b) => if *b { "yes" } else { "no" }.into(),
            _ => continue,
        };
        let (name, unit) = match name.strip_suffix("_db") {
            Some(name) => (name, " dB"),
            None => (name.as_str(), ""),
        };
        parts.push(format!("{} {value}{unit}", name.replace('_', " ")));
    }
    let more = parts.len().saturating_sub(MOST_EVIDENCE);
    parts.truncate(MOST_EVIDENCE);
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    parts.join(", ")
}

fn short(x: f64, fraction: bool) -> String {
    if fraction { figure(x) } else { format!("{x}") }
}
