//! The table of `crates/isograd/tests/table`: run, read and printed.

use crate::{process, repository};
use serde_json::Value;
use std::fmt::Write as _;

/// How it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
}

/// Runs the test that fills the table, prints it, and says whether everything passed.
pub(super) fn main(format: Format) -> Result<bool, String> {
    let file = repository::target().join("reference/table.json");
    // An old table must not be taken for the new one.
    match std::fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("{}: {error}", file.display()));
        }
        _ => {}
    }
    let mut test = process::cargo(&["test", "--workspace", "--test", "table"]);
    // Fails where an item does, which the table says better.
    let outcome = process::output(&mut test);
    let Ok(text) = std::fs::read_to_string(&file) else {
        return Err(outcome.err().unwrap_or_else(|| {
            format!("the test passed and left no table in {}", file.display())
        }));
    };
    let table: Value =
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?;
    match format {
        Format::Json => print!("{text}"),
        Format::Text => print!("{}", written(&table)),
    }
    let good = table["verdict"] == "pass";
    match outcome {
        // Something else in it failed: its own tests.
        Err(error) if good => Err(error),
        _ => Ok(good),
    }
}

/// The table in aligned columns, with a line that sums it up.
fn written(table: &Value) -> String {
    let word = |item: &Value, key: &str| item[key].as_str().unwrap_or("–").to_owned();
    let number = |value: &Value| match value {
        Value::Number(n) => n.as_f64().map_or_else(String::new, |x| format!("{x:.1e}")),
        Value::String(text) => text.clone(),
        _ => "–".to_owned(),
    };
    let mut rows = vec![
        [
            "family", "item", "source", "error", "bound", "in", "verdict",
        ]
        .map(str::to_owned),
    ];
    let items = table["items"].as_array().map_or(&[][..], Vec::as_slice);
    rows.extend(items.iter().map(|item| {
        [
            word(item, "family"),
            word(item, "item"),
            word(item, "source"),
            number(&item["error"]),
            number(&item["bound"]),
            word(item, "precision"),
            word(item, "verdict"),
        ]
    }));
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    let failed: Vec<&Value> = items
        .iter()
        .filter(|item| item["verdict"] != "pass")
        .collect();
    for item in &failed {
        let _ = writeln!(
            text,
            "\n{} {}: {}",
            word(item, "family"),
            word(item, "item"),
            item["problem"]
                .as_str()
                .map_or_else(|| format!("at {}", word(item, "at")), str::to_owned)
        );
    }
    let without = table["without_item"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    for missing in without {
        let _ = writeln!(text, "\n{} has no item", missing.as_str().unwrap_or("–"));
    }
    let _ = writeln!(
        text,
        "\n{} items, {} passed, {} failed, {} without one",
        items.len(),
        items.len() - failed.len(),
        failed.len(),
        without.len()
    );
    text
}

#[cfg(test)]
mod tests {
    use super::written;
    use serde_json::json;

    #[test]
    fn columns_are_aligned_and_failures_are_explained() {
        let table = json!({
            "items": [
                { "family": "activation", "item": "gelu", "source": "PyTorch a/b", "error": 2.5e-9,
                  "bound": 1e-8, "precision": "f64", "at": "loss", "problem": null, "verdict": "pass" },
                { "family": "init", "item": "σ", "source": "its definition", "error": "NaN",
                  "bound": 1.0, "precision": "f64", "at": "weights", "problem": null, "verdict": "fail" },
                { "family": "loss", "item": "mse", "source": "x", "error": null, "bound": null,
                  "precision": null, "at": null, "problem": "no case", "verdict": "fail" },
            ],
            "without_item": ["block dense"],
        });
        assert_eq!(
            written(&table),
            "\
family      item  source          error   bound   in   verdict
activation  gelu  PyTorch a/b     2.5e-9  1.0e-8  f64  pass
init        σ     its definition  NaN     1.0e0   f64  fail
loss        mse   x               –       –       –    fail

init σ: at weights

loss mse: no case

block dense has no item

3 items, 1 passed, 2 failed, 1 without one
"
        );
    }
}
