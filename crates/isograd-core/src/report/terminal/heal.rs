//! What `heal` prints.

use super::figure::{figure, percent};
use super::findings::severity;
use super::page::{INDENT, Page, cut, left, right};
use super::style::{Style, Tone};
use crate::diagnose::Finding;
use crate::heal::{Evaluate, Healing, HealingOutcome, MetricChange, TrialRecord};
use crate::report::facts::Facts;

/// Columns of the numbers of a trial.
const NUMBERS: [usize; 4] = [10, 8, 7, 9];

/// All that healing came to. `healed` is the file that was written, if there is one.
pub fn heal(
    facts: &Facts,
    findings: &[Finding],
    healing: &Healing,
    healed: Option<&str>,
    style: Style,
) -> String {
    let mut page = Page::new(style);
    page.line(&style.paint(Tone::Title, &format!("isograd heal  {}", facts.file)));
    found(&mut page, findings);
    trials(&mut page, &healing.trials);
    if let Some(metric) = &healing.metric {
        proof(&mut page, metric);
    }
    if !healing.changes.is_empty() {
        let title = if healing.accepted.is_some() {
            "What was changed"
        } else {
            "What was tried"
        };
        page.heading(title);
        for change in &healing.changes {
            page.entry(INDENT, "• ", change);
        }
    }
    if !healing.diff.is_empty() {
        page.heading("The same in the description");
        for line in healing.diff.lines() {
            let tone = match line.as_bytes().first() {
                Some(b'+') => Tone::Good,
                Some(b'-') => Tone::Critical,
                _ => Tone::Faint,
            };
            page.line(&format!(
                "{}{}",
                " ".repeat(INDENT),
                style.paint(tone, line)
            ));
        }
    }
    page.heading("Verdict");
    let (tone, word) = match healing.outcome {
        HealingOutcome::Healthy => (Tone::Good, "Healthy"),
        HealingOutcome::Healed => (Tone::Good, "Healed"),
        HealingOutcome::NotHealed => (Tone::Warning, "Not healed"),
        HealingOutcome::NotHealableData => (Tone::Warning, "Not healable: data"),
    };
    page.toned(tone, word);
    page.prose(INDENT, &healing.reason);
    page.blank();
    if let Some(healed) = healed {
        page.entry(INDENT, "healed description  ", healed);
        let command = style.paint(Tone::Name, &format!("isograd train {healed}"));
        let label = style.paint(Tone::Faint, "go on               ");
        page.line(&format!("{}{label}{command}", " ".repeat(INDENT)));
    }
    if !healing.trials.is_empty() {
        let cost = format!("{} full trainings", figure(healing.cost));
        page.entry(INDENT, "trials cost         ", &cost);
    }
    page.finish()
}

/// What was found, a line each; `doctor` says more.
fn found(page: &mut Page, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    page.heading("What was found");
    for finding in findings {
        let (word, tone) = severity(finding.severity);
        let word = page.style.paint(tone, &format!("{word:<8}"));
        let code = page.style.paint(Tone::Name, finding.code);
        page.line(&format!("{}{word}  {code}", " ".repeat(INDENT)));
        page.prose(INDENT + 10, &finding.cause);
    }
}

/// The trials, one line for each remedy, stage and share of the budget: mean over seeds.
fn trials(page: &mut Page, trials: &[TrialRecord]) {
    let Some(first) = trials.first() else {
        return;
    };
    page.heading(&format!(
        "Trials: {} trainings, judged by {}",
        trials.len(),
        first.metric
    ));
    let width = page.style.columns() - INDENT - NUMBERS.iter().sum::<usize>();
    let line = |name: &str, cells: [&str; 4]| {
        let cells: String = cells
            .iter()
            .zip(NUMBERS)
            .map(|(c, width)| right(c, width))
            .collect();
        format!(
            "{}{}{cells}",
            " ".repeat(INDENT),
            left(&cut(name, width), width)
        )
    };
    let head = line("remedy", ["stage", "budget", "seeds", "mean"]);
    page.line(&page.style.paint(Tone::Faint, &head));
    for group in groups(trials) {
        let t = group[0];
        let mean = group.iter().map(|t| t.value).sum::<f64>() / group.len() as f64;
        let rows = match t.evaluate {
            Evaluate::Choice => "choice",
            Evaluate::Verdict => "verdict",
        };
        let seeds = group.len().to_string();
        page.line(&line(
            &t.remedy,
            [rows, &percent(t.budget), &seeds, &figure(mean)],
        ));
    }
    page.blank();
    page.note(
        "A budget of 100 % is a full training; mean is over seeds. Remedies are chosen on rows held \
         out of the training part (choice); the verdict is on validation rows and seeds that the \
         choice never saw.",
    );
}

/// Trials of the same remedy, rows and budget, in the order of the first of each.
fn groups(trials: &[TrialRecord]) -> Vec<Vec<&TrialRecord>> {
    let mut groups: Vec<Vec<&TrialRecord>> = Vec::new();
    for trial in trials {
        let same = |g: &&mut Vec<&TrialRecord>| {
            let first = g[0];
            first.remedy == trial.remedy
                && first.evaluate == trial.evaluate
                && first.budget == trial.budget
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(trial),
            None => groups.push(vec![trial]),
        }
    }
    groups
}

fn proof(page: &mut Page, metric: &MetricChange) {
    page.heading("Proof, on validation rows");
    let name = metric.name.replace('_', " ");
    let before = format!("{} before", figure(metric.before));
    let text = format!("{before}, {} after", figure(metric.after));
    page.entry(INDENT, &format!("{name:<10}"), &text);
    let [low, high] = metric.interval;
    let seeds = metric.by_seed.len();
    let text = format!(
        "{} (95 % interval {} to {}, {seeds} seed{})",
        figure(metric.effect),
        figure(low),
        figure(high),
        if seeds == 1 { "" } else { "s" },
    );
    page.entry(INDENT, "gain      ", &text);
    if let Some(constant) = metric.constant {
        let text = format!(
            "{} by a prediction that ignores the input",
            figure(constant)
        );
        page.entry(INDENT, "constant  ", &text);
    }
}
