//! What `heal` prints.

use super::figure::{figure, percent};
use super::findings::severity;
use super::page::{INDENT, Page, left, right};
use super::style::{Style, Tone};
use crate::diagnose::Finding;
use crate::heal::{Evaluate, Healing, HealingOutcome, MetricChange, TrialRecord};
use crate::report::facts::Facts;

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
        for line in healing.diff.trim_end().lines() {
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

/// The trials: a line for each remedy, a column for each stage, means over seeds.
fn trials(page: &mut Page, trials: &[TrialRecord]) {
    let Some(first) = trials.first() else {
        return;
    };
    let judged = first.metric.replace('_', " ");
    page.heading(&format!(
        "Trials: {} trainings, judged by {judged}",
        trials.len()
    ));
    let (remedies, stages) = (remedies(trials), stages(trials));
    let numbers = stages.len() * CELL;
    let label = page
        .style
        .columns()
        .min(Style::PROSE)
        .saturating_sub(INDENT + numbers)
        .max(SHORTEST);
    let widest = remedies
        .iter()
        .map(|r| r.chars().count())
        .max()
        .unwrap_or(0);
    let label = label.min(widest.max("remedy".len()));
    let mut line = |tone: Option<Tone>, name: &str, cells: &[String]| {
        // A long name goes on in the next lines.
        for (i, name) in textwrap::wrap(name, label).iter().enumerate() {
            let cells: String = match i {
                0 => cells.iter().map(|c| right(c, CELL)).collect(),
                _ => String::new(),
            };
            let text = format!("{}{}{cells}", " ".repeat(INDENT), left(name, label));
            match tone {
                Some(tone) => page.line(&page.style.paint(tone, &text)),
                None => page.line(&text),
            }
        }
    };
    let heads: Vec<String> = stages.iter().map(Stage::word).collect();
    line(Some(Tone::Faint), "remedy", &heads);
    for remedy in remedies {
        let cells: Vec<String> = stages.iter().map(|s| s.mean(trials, remedy)).collect();
        line(None, remedy, &cells);
    }
    page.blank();
    page.note(
        "A column is a stage: trainings of that share of the budget, judged on rows held out of the \
         training part; the best go on to the next one. The verdict is a full training on validation \
         rows and seeds that the choice never saw. Numbers are means over seeds.",
    );
}

/// Columns that a remedy's name has at least, however many stages there are.
const SHORTEST: usize = 20;
/// Columns of a mean.
const CELL: usize = 9;

/// Remedies in the order in which they were first tried, the control in front.
fn remedies(trials: &[TrialRecord]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for trial in trials {
        if !names.contains(&trial.remedy.as_str()) {
            names.push(&trial.remedy);
        }
    }
    // Stable: the others keep their order.
    names.sort_by_key(|n| *n != "control");
    names
}

/// Trials of the same length, judged on the same rows.
struct Stage {
    evaluate: Evaluate,
    budget: f64,
}

fn stages(trials: &[TrialRecord]) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for trial in trials {
        if !stages.iter().any(|s| s.holds(trial)) {
            let (evaluate, budget) = (trial.evaluate, trial.budget);
            stages.push(Stage { evaluate, budget });
        }
    }
    stages
}

impl Stage {
    fn holds(&self, trial: &TrialRecord) -> bool {
        self.evaluate == trial.evaluate && self.budget == trial.budget
    }

    fn word(&self) -> String {
        match self.evaluate {
            Evaluate::Choice => percent(self.budget),
            Evaluate::Verdict => "verdict".into(),
        }
    }

    /// The mean of a remedy over its seeds; a dash where it was not tried.
    fn mean(&self, trials: &[TrialRecord], remedy: &str) -> String {
        let values: Vec<f64> = trials
            .iter()
            .filter(|t| self.holds(t) && t.remedy == remedy)
            .map(|t| t.value)
            .collect();
        match values.len() {
            0 => "–".into(),
            n => figure(values.iter().sum::<f64>() / n as f64),
        }
    }
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
