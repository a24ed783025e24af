//! `cargo xtask bench-peers`: eight training steps in isograd and in PyTorch, in turn.

mod contender;
mod measure;
mod programs;
mod report;
mod statistics;
mod workload;

use measure::{Effort, measure};
use programs::Programs;
use workload::WORKLOADS;

/// Measures, prints, and says true: what is slow is no error.
pub(crate) fn main(arguments: &[String]) -> Result<bool, String> {
    let mut effort = Effort {
        rounds: 15,
        pairs: 400,
        beside: 5,
    };
    let (mut format, mut threads, mut only) = ("text".to_owned(), 2, Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || {
            rest.next()
                .cloned()
                .ok_or_else(|| format!("{argument} wants a value"))
        };
        match argument.as_str() {
            "--format" => format = value()?,
            "--threads" => threads = number(&value()?)?,
            "--rounds" => effort.rounds = number(&value()?)?,
            "--pairs" => effort.pairs = number(&value()?)?,
            "--alone" => effort.beside = 0,
            name if WORKLOADS.contains(&name) => only.push(name.to_owned()),
            other => {
                return Err(format!(
                    "`{other}` is no option and no network; these are: {}",
                    WORKLOADS.join(", ")
                ));
            }
        }
    }
    if !["text", "json", "markdown"].contains(&format.as_str()) {
        return Err(format!("`{format}` is none of text, json, markdown"));
    }
    let programs = Programs::prepare(threads)?;
    let mut all = Vec::new();
    for name in WORKLOADS {
        if only.is_empty() || only.iter().any(|wanted| wanted == name) {
            eprintln!("{name}");
            all.push(measure(name, &programs, effort)?);
        }
    }
    match format.as_str() {
        "json" => println!("{:#}", report::json(&all, threads)),
        "markdown" => print!("{}", report::markdown(&all, threads)),
        _ => print!("{}", report::text(&all, threads)),
    }
    Ok(true)
}

fn number(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err(format!("`{text}` is no number from 1")),
    }
}
