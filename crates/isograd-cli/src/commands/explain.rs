//! `isograd explain`: the page of a finding.

use crate::args::ExplainArgs;
use crate::failure::Failure;
use crate::output::{self, Exit, Output};
use isograd_core::diagnose::{page, pages};
use isograd_core::report::terminal;

/// A word nearer than this is taken for a slip of the pen.
const NEAR: f64 = 0.7;

pub(super) fn run(args: &ExplainArgs, output: Output) -> Result<Exit, Failure> {
    let text = match &args.code {
        Some(code) => {
            let page = page(code).ok_or_else(|| unknown(code))?;
            terminal::explain(page, output.style)
        }
        None => list(),
    };
    output::write(&text)?;
    Ok(Exit::Done)
}

/// Every finding with the first sentence of its page.
fn list() -> String {
    let width = pages().iter().map(|r| r.code.len()).max().unwrap_or(0);
    let lines = pages().iter().map(|rule| {
        let first = rule
            .page
            .lines()
            .find(|l| !l.trim().is_empty() && !l.starts_with(['#', '<', '-']))
            .unwrap_or("");
        format!("{:<width$}  {first}\n", rule.code)
    });
    lines.collect()
}

fn unknown(code: &str) -> Failure {
    let known: Vec<&str> = pages().iter().map(|r| r.code).collect();
    let near = known
        .iter()
        .map(|k| (strsim::jaro_winkler(code, k), k))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > NEAR);
    let hint = match near {
        Some((_, word)) => format!("the nearest one is {word}; all are: {}", known.join(", ")),
        None => format!("findings are: {}", known.join(", ")),
    };
    Failure::new(format!("there is no finding \"{code}\"")).hint(hint)
}
