//! The gradient through time in what `doctor` prints.
#![allow(clippy::unwrap_used, missing_docs)]

use serde_json::Value;
use std::path::Path;
use std::process::Command;

const DESCRIPTION: &str = r#"
[data]
source = { name = "adding", length = 12, samples = 80 }
valid = 0.2
[network]
layers = [
  { rnn = 8 },
  { gru = 8, bidirectional = true },
  { lstm = 8, return = "last" },
  { dense = "outputs" },
]
[train]
loss = "mse"
optimizer = "adam"
batch = 16
epochs = 2
"#;

fn doctor(folder: &Path, format: &str) -> String {
    std::fs::write(folder.join("seq.toml"), DESCRIPTION).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_isograd"))
        .args(["doctor", "seq.toml", "--format", format])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn doctor_shows_the_gradient_through_time() {
    let folder = tempfile::tempdir().unwrap();
    let report: Value = serde_json::from_str(&doctor(folder.path(), "json")).unwrap();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/output.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let valid = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = valid.iter_errors(&report).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    // A layer that reads in both directions has no last step.
    let all = report["through_time"].as_array().unwrap();
    let layers: Vec<&str> = all.iter().map(|t| t["layer"].as_str().unwrap()).collect();
    assert_eq!(layers, ["rnn1", "lstm1"]);
    for one in all {
        let state = one["state"].as_array().unwrap();
        assert_eq!((state.len(), state[0].as_f64()), (12, Some(1.0)));
        assert_eq!(one["cell"].is_null(), one["layer"] == "rnn1");
    }
    // Lines are broken where the page ends.
    let text = doctor(folder.path(), "text");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("Gradient through time, before the first step"),
        "{text}"
    );
    assert!(
        text.contains("rnn1: steps back") && text.contains("theory:"),
        "{text}"
    );
    assert!(text.contains("lstm1, its cell: steps back"), "{text}");
}
