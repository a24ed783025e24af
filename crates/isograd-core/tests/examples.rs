//! The shipped descriptions can be read and written out as networks, and so can those of the
//! reference numbers.

#![allow(clippy::unwrap_used)]

use isograd_core::describe::{DataShape, Document, Shape, Task};
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(repository().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    files.sort();
    files
}

#[test]
fn every_example_can_be_written_out() {
    let mut wrong = Vec::new();
    let examples = files("examples", "toml");
    for path in &examples {
        let name = path.file_stem().unwrap().to_string_lossy();
        if name.starts_with("compare-") {
            // Grids, which the tests of the command run.
            continue;
        }
        let data = if name.starts_with("fashion") {
            DataShape {
                input: Shape::Image {
                    channels: 1,
                    height: 28,
                    width: 28,
                },
                task: Task::Classification { classes: 10 },
                examples: 54_000,
            }
        } else {
            DataShape {
                input: Shape::Flat(2),
                task: Task::Binary,
                examples: 3500,
            }
        };
        let plan = Document::load(path, &[]).and_then(|document| document.plan(&data));
        match plan {
            Ok(plan) if plan.output == Shape::Flat(data.task.outputs()) => {}
            Ok(plan) => wrong.push(format!("{name}: puts out {}", plan.output)),
            Err(error) => wrong.push(format!("{name}: {}", error.plain())),
        }
    }
    assert!(!examples.is_empty());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every parameter that PyTorch has a gradient for belongs to a node of that name, and every node
/// with parameters is there.
#[test]
fn reference_networks_have_the_nodes_that_their_parameters_name() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in files("crates/isograd/tests/reference", "json") {
        let text = std::fs::read_to_string(&path).unwrap();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        for case in document["cases"].as_array().unwrap() {
            let Some(description) = case["description"].as_str() else {
                continue;
            };
            seen += 1;
            let name = case["name"].as_str().unwrap();

            let numbers = |key: &str| -> Vec<usize> {
                let shape = case[key]["shape"].as_array().unwrap();
                shape.iter().map(|n| n.as_u64().unwrap() as usize).collect()
            };
            let input = match *numbers("inputs") {
                [_, features] => Shape::Flat(features),
                [_, steps, features] => Shape::Sequence { steps, features },
                [_, channels, height, width] => Shape::Image {
                    channels,
                    height,
                    width,
                },
                ref other => panic!("{name}: {other:?}"),
            };
            let data = DataShape {
                input,
                task: Task::Regression { targets: 1 },
                examples: 8,
            };
            let plan =
                match Document::parse(description, Path::new(name)).and_then(|d| d.plan(&data)) {
                    Ok(plan) => plan,
                    Err(error) => {
                        wrong.push(format!("{name}: {}", error.plain()));
                        continue;
                    }
                };
            let mut have: Vec<&str> = plan
                .nodes
                .iter()
                .filter(|node| node.op.parameters() > 0)
                .map(|node| node.name.as_str())
                .collect();
            have.sort_unstable();
            // The node whose name a parameter's path begins with: `attention1` of
            // `attention1.query.weight`.
            let node = |key: &'_ str| -> String {
                let begins =
                    |name: &&&str| key.strip_prefix(**name).is_some_and(|r| r.starts_with('.'));
                let longest = have.iter().filter(begins).max_by_key(|name| name.len());
                longest.map_or_else(|| key.to_owned(), |name| (*name).to_owned())
            };
            let mut stated: Vec<String> = case["parameters"]
                .as_object()
                .unwrap()
                .keys()
                .map(|key| node(key))
                .collect();
            stated.sort_unstable();
            stated.dedup();
            if stated != have {
                wrong.push(format!("{name}: {stated:?} and {have:?}"));
            }
        }
    }
    assert!(seen > 60, "only {seen} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
