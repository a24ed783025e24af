//! What `doctor` prints.

use super::figure::{count, figure, percent, seconds};
use super::page::{INDENT, Page, left, right};
use super::style::{Style, Tone};
use super::through_time::through_time;
use super::{blame, findings, picture};
use crate::describe::Plan;
use crate::diagnose::{Finding, Severity};
use crate::report::facts::{self, DoctorReport, Facts, StopWord, Training};
use crate::report::layers;
use crate::trace::Trace;

/// The whole report.
pub fn doctor(report: &DoctorReport<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    head(&mut page, "isograd doctor", report.facts, report.plan);
    page.heading("Gradient at every layer, before the first step");
    let rows = layers::rows(report.plan, report.prediction, report.trace);
    let marks = layers::marks(report.plan, &report.diagnosis.findings);
    picture::layers(&mut page, &rows, &marks);
    blame::blame(&mut page, report.diagnosis);
    through_time(
        &mut page,
        report.through_time,
        report.plan,
        report.prediction,
    );
    course(&mut page, report.trace, report.training);
    let found = &report.diagnosis.findings;
    if !found.is_empty() {
        page.heading(&tally(found));
        findings::findings(&mut page, found);
    }
    page.blank();
    for note in &report.prediction.notes {
        page.note(&format!("Theory: {note}"));
    }
    close(&mut page, report);
    page.finish()
}

/// What was asked for.
pub(super) fn head(page: &mut Page, command: &str, facts: &Facts, plan: &Plan) {
    let title = page
        .style
        .paint(Tone::Title, &format!("{command}  {}", facts.file));
    page.line(&title);
    page.blank();
    let network = format!(
        "{} layers, {} parameters",
        plan.layers.len(),
        count(plan.parameters() as usize)
    );
    page.entry(INDENT, "network   ", &network);
    page.entry(INDENT, "data      ", &facts.data);
    page.entry(INDENT, "training  ", &facts.recipe);
    page.entry(
        INDENT,
        "device    ",
        &format!("{}, seed {}", facts.device, facts.seed),
    );
}

/// How the training went: loss and metric, at the start and at the end.
pub(super) fn course(page: &mut Page, trace: &Trace, training: Training) {
    page.heading(&format!(
        "Training: {} steps in {}",
        count(training.steps),
        seconds(training.seconds)
    ));
    let (first, last) = (trace.validations.first(), trace.validations.last());
    let losses = || trace.steps().map(|r| r.network.loss);
    let metric = training.metric.word().replace('_', " ");
    let rows = [
        (
            "training loss".to_owned(),
            losses().next(),
            losses().next_back(),
        ),
        (
            "validation loss".to_owned(),
            first.map(|v| v.loss),
            last.map(|v| v.loss),
        ),
        (
            format!("validation {metric}"),
            first.map(|v| v.metric),
            last.map(|v| v.metric),
        ),
    ];
    let width = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    for (name, start, end) in rows {
        if let (Some(start), Some(end)) = (start, end) {
            page.line(&format!(
                "{}{}  {}  →  {}",
                " ".repeat(INDENT),
                page.style.paint(Tone::Faint, &left(&name, width)),
                right(&figure(start), 8),
                figure(end),
            ));
        }
    }
    if let Some(text) = ended(training) {
        page.prose(INDENT, &text);
    }
}

/// Why the training ended before its time.
fn ended(training: Training) -> Option<String> {
    let planned = count(training.planned);
    match training.stopped {
        StopWord::Finished => None,
        StopWord::Limit => Some(format!(
            "A look, not the whole training of {planned} steps; --full runs them all."
        )),
        StopWord::Interrupted => Some(format!(
            "Interrupted; the whole training has {planned} steps."
        )),
        StopWord::NonFinite => Some(format!(
            "It ended because loss, gradients or weights are no longer finite; the whole training has \
             {planned} steps."
        )),
    }
}

fn tally(findings: &[Finding]) -> String {
    let of = |s: Severity| findings.iter().filter(|f| f.severity == s).count();
    let parts: Vec<String> = [
        (
            of(Severity::Critical),
            "critical finding",
            "critical findings",
        ),
        (of(Severity::Warning), "warning", "warnings"),
        (of(Severity::Info), "note", "notes"),
    ]
    .into_iter()
    .filter(|(n, ..)| *n > 0)
    .map(|(n, one, many)| format!("{n} {}", if n == 1 { one } else { many }))
    .collect();
    parts.join(", ")
}

/// The verdict and what to do next.
fn close(page: &mut Page, report: &DoctorReport<'_>) {
    let style = page.style;
    let worst = report.diagnosis.findings.first();
    page.heading("Verdict");
    let (tone, verdict) = match worst {
        Some(f) if f.severity == Severity::Critical => (
            Tone::Critical,
            format!("This network, or a part of it, does not learn: {}", f.code),
        ),
        Some(f) if f.severity == Severity::Warning => (
            Tone::Warning,
            format!("This network learns less well than it could: {}", f.code),
        ),
        _ => (
            Tone::Good,
            "Healthy: nothing was found that keeps it from learning".to_owned(),
        ),
    };
    page.toned(tone, &verdict);
    let file = &report.facts.file;
    let mut next = vec![];
    match worst.filter(|f| f.severity > Severity::Info) {
        Some(f) => {
            next.push(("why        ", format!("isograd explain {}", f.code)));
            next.push(("mend it    ", format!("isograd heal {file}")));
        }
        None => next.push(("go on      ", format!("isograd train {file}"))),
    }
    page.blank();
    for (label, command) in next {
        let label = style.paint(Tone::Faint, label);
        page.line(&format!(
            "{}{label}{}",
            " ".repeat(INDENT),
            style.paint(Tone::Name, &command)
        ));
    }
    kept(page, report.run, report.overhead);
}

/// Where the run lies and what watching it cost.
pub(super) fn kept(
    page: &mut Page,
    run: Option<&std::path::Path>,
    overhead: Option<facts::Overhead>,
) {
    if let Some(run) = run {
        page.entry(INDENT, "kept in    ", &run.display().to_string());
    }
    if let Some(overhead) = overhead {
        let text = format!(
            "measuring took {} of the training's {}",
            percent(overhead.share()),
            seconds(overhead.seconds)
        );
        page.entry(INDENT, "overhead   ", &text);
    }
}
