//! Healing from end to end: a network that does not learn, its healed description, its training.
#![allow(clippy::unwrap_used, missing_docs)]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

const SICK: &str = r#"# Ten sigmoid layers learn nothing.
seed = 2

[data]
source = { name = "circles", samples = 500 }
valid = 0.3                    # rows that the choice never sees
scale = "standard"

[network]
init = "glorot_uniform"
layers = [
  { repeat = 10, layers = [ { dense = 16 }, "sigmoid" ] },   # the fault
  { dense = "classes" },
]

[train]
loss = "binary_cross_entropy"
optimizer = { name = "adam", lr = 5e-3 }
batch = 32
epochs = 30
"#;

fn isograd(dir: &Path, args: &[&str]) -> (i32, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_isograd"))
        .args(args)
        .args(["--format", "json"])
        .current_dir(dir)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"));
    (output.status.code().unwrap(), json)
}

#[test]
fn a_network_that_does_not_learn_is_healed_and_then_learns() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("sick.toml"), SICK).unwrap();
    let (code, healing) = isograd(dir.path(), &["heal", "sick.toml"]);
    assert_eq!((code, &healing["outcome"]), (0, &Value::from("healed")));
    let number = |value: &Value| value.as_f64().unwrap();
    let metric = &healing["metric"];
    let gain = number(&metric["after"]) - number(&metric["before"]);
    let interval: Vec<f64> = metric["interval"]
        .as_array()
        .unwrap()
        .iter()
        .map(number)
        .collect();
    assert!(gain > 0.2 && interval[0] > 0.0, "{metric}");
    assert!(!healing["trials"].as_array().unwrap().is_empty());

    // The file on disk is the description of the report; comments and depth are kept.
    let healed = fs::read_to_string(dir.path().join("sick.healed.toml")).unwrap();
    assert_eq!(healing["description"].as_str(), Some(healed.as_str()));
    assert!(healed.contains("# Ten sigmoid layers learn nothing."));
    assert!(healed.contains("repeat = 10"));
    assert_eq!(
        fs::read_to_string(dir.path().join("sick.toml")).unwrap(),
        SICK
    );

    let learned = |file| {
        let (code, training) = isograd(dir.path(), &["train", file]);
        assert_eq!(code, 0);
        number(&training["valid"]["metric"])
    };
    let (before, after) = (learned("sick.toml"), learned("sick.healed.toml"));
    assert!(
        before < 0.7 && after > 0.85,
        "accuracy {before} before, {after} after"
    );

    // What was healed is healthy, and left alone.
    let (code, again) = isograd(dir.path(), &["heal", "sick.healed.toml"]);
    assert_eq!(
        (code, &again["outcome"]),
        (0, &Value::from("healthy")),
        "{again:#}"
    );
}
