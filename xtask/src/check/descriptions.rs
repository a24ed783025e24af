//! Every program among the library's examples runs, and every `examples/*.toml`: is read, planned and predicted; those on generated data are also
//! probed for a few steps.

use super::Done;
use crate::{process, repository};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Steps of training with which an example on generated data is probed: enough to pass through
/// every room, a second or two in a development build.
const STEPS: &str = "train.steps=5";

pub(super) fn check() -> Result<Done, String> {
    let folder = repository::root().join("examples");
    let examples = descriptions(&folder)?;
    if examples.is_empty() {
        return Err(format!("no *.toml in {}", folder.display()));
    }
    // Built as the tests build it, so that nothing is compiled twice.
    process::run(&mut process::cargo(&[
        "build",
        "--locked",
        "--workspace",
        "--bins",
        "--examples",
    ]))?;
    let target = repository::target();
    let programs = programs(&target)?;
    let isograd = target
        .join("debug")
        .join(format!("isograd{}", std::env::consts::EXE_SUFFIX));
    let data = repository::shared().map(|s| s.join("data"));
    let runs = target.join("example-runs");
    let (mut ran, mut absent, mut wrong) = (0, 0, Vec::new());
    for example in &examples {
        let text =
            std::fs::read_to_string(example).map_err(|e| format!("{}: {e}", example.display()))?;
        let generated = is_generated(&text);
        if !generated && data.is_none() {
            absent += 1;
            continue;
        }
        let mut calls = vec![vec!["predict"]];
        if generated {
            calls.push(vec!["doctor", "--set", STEPS]);
        }
        ran += 1;
        for call in calls {
            let mut command = Command::new(&isograd);
            command
                .args(&call[..1])
                .arg(example)
                .args(&call[1..])
                .args(["--format", "json"]);
            if call[0] == "doctor" {
                let name = example.file_stem().unwrap_or_default();
                let out = runs.join(format!("{}-{}", name.to_string_lossy(), std::process::id()));
                command.arg("--out").arg(out);
            }
            command.current_dir(repository::root());
            if let Some(data) = &data {
                command.env("ISOGRAD_DATA", data);
            }
            let outcome = process::output(&mut command).and_then(|json| {
                serde_json::from_str::<serde_json::Value>(&json)
                    .map(|_| ())
                    .map_err(|e| format!("{}: stdout is not JSON: {e}", process::shown(&command)))
            });
            if let Err(message) = outcome {
                wrong.push(message);
            }
        }
    }
    // What the runs wrote is of no use to anyone; a folder that stays does no harm.
    let _ = std::fs::remove_dir_all(&runs);
    if !wrong.is_empty() {
        return Err(format!(
            "{} calls failed\n{}",
            wrong.len(),
            wrong.join("\n")
        ));
    }
    let rest = if absent == 0 {
        String::new()
    } else {
        format!(", {absent} without their data")
    };
    Ok(Done::Passed(format!(
        "{ran} descriptions{rest}, {programs} programs"
    )))
}

/// Runs the programs among the library's examples; how many there are.
fn programs(target: &Path) -> Result<usize, String> {
    let sources = listed(&repository::root().join("crates/isograd/examples"), "rs")?;
    for source in &sources {
        let name = source.file_stem().unwrap_or_default();
        let program = target.join("debug/examples").join(name);
        let program = program.with_extension(std::env::consts::EXE_EXTENSION);
        let said = process::output(&mut Command::new(program))?;
        if said.trim().is_empty() {
            return Err(format!("{} says nothing", source.display()));
        }
    }
    Ok(sources.len())
}

/// The descriptions of a folder, by name.
fn descriptions(folder: &Path) -> Result<Vec<PathBuf>, String> {
    listed(folder, "toml")
}

/// The files of a folder with this ending, by name.
fn listed(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry
            .map_err(|e| format!("{}: {e}", folder.display()))?
            .path();
        if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// True if the description draws its own data, and so runs anywhere.
fn is_generated(text: &str) -> bool {
    const GENERATORS: &[&str] = &[
        "circles",
        "blobs",
        "spirals",
        "glyphs",
        "adding",
        "copy-memory",
    ];
    text.lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| key.trim() == "source")
        .any(|(_, value)| {
            let word = value.trim().trim_start_matches('"');
            GENERATORS.iter().any(|g| {
                word.strip_prefix(g)
                    .is_some_and(|rest| rest.starts_with('"'))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::is_generated;

    #[test]
    fn generated_data_are_told_from_named_sets() {
        for (text, generated) in [
            ("[data]\nsource = \"circles\"   # two rings", true),
            ("[data]\nsource=\"copy-memory\"", true),
            ("[data]\nsource = \"fashion-mnist\"", false),
            ("# source is circles\n[data]\nsource = \"csv\"", false),
        ] {
            assert_eq!(is_generated(text), generated, "{text}");
        }
    }
}
