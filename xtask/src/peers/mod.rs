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
        least: 10,
        most: 60,
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
            "--rounds" => {
                effort.most = number(&value()?)?;
                effort.least = effort.least.min(effort.most);
            }
            "--alone" => effort.beside = 0,
            name if WORKLOADS.iter().any(|w| w.name == name) => only.push(name.to_owned()),
            other => {
                let names: Vec<&str> = WORKLOADS.iter().map(|w| w.name).collect();
                return Err(format!(
                    "`{other}` is no option and no network; these are: {}",
                    names.join(", ")
                ));
            }
        }
    }
    if !["text", "json", "markdown"].contains(&format.as_str()) {
        return Err(format!("`{format}` is none of text, json, markdown"));
    }
    let programs = Programs::prepare(threads)?;
    let mut all = Vec::new();
    for workload in WORKLOADS {
        if only.is_empty() || only.iter().any(|name| name == workload.name) {
            eprintln!("{}", workload.name);
            all.push(measure(workload, &programs, effort)?);
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
