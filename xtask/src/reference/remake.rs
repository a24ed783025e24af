//! `cargo xtask reference --remake`: the numbers of `crates/isograd/tests/reference`, made with PyTorch
//! and compared with the committed ones; `--write` replaces those.

use crate::{process, python, repository};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Largest difference of a fresh number from the committed one, relative to the largest number of
/// its tensor: single precision on another machine sums in another order.
const TOLERANCE: f64 = 1e-5;

/// Makes the numbers, and replaces the committed ones or compares.
pub(super) fn main(write: bool) -> Result<bool, String> {
    let folder = repository::root().join("crates/isograd/tests/reference");
    let python = python::environment()?;
    if write {
        process::run(
            Command::new(&python)
                .arg(folder.join("make.py"))
                .arg(&folder),
        )?;
        return Ok(true);
    }
    let fresh = repository::target().join("reference");
    std::fs::create_dir_all(&fresh).map_err(|e| format!("{}: {e}", fresh.display()))?;
    process::run(
        Command::new(&python)
            .arg(folder.join("make.py"))
            .arg(&fresh),
    )?;
    compare(&folder, &fresh)
}

/// Compares every committed file with the fresh one of its name.
fn compare(committed: &Path, fresh: &Path) -> Result<bool, String> {
    let mut good = true;
    for entry in
        std::fs::read_dir(committed).map_err(|e| format!("{}: {e}", committed.display()))?
    {
        let path = entry.map_err(|e| e.to_string())?.path();
        let Some(name) = path
            .file_name()
            .filter(|_| path.extension().is_some_and(|e| e == "json"))
        else {
            continue;
        };
        let (ours, theirs) = (read(&path)?, read(&fresh.join(name))?);
        let mut differences = Vec::new();
        differ("", &ours, &theirs, &mut differences);
        let name = name.to_string_lossy();
        if differences.is_empty() {
            println!("{name}: the same within {TOLERANCE:e}");
        } else {
            good = false;
            println!(
                "{name}: {} differences\n  {}",
                differences.len(),
                differences.join("\n  ")
            );
        }
    }
    Ok(good)
}

fn read(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}

/// Adds a line for every place where two documents differ; a list of numbers is one place.
fn differ(at: &str, a: &Value, b: &Value, found: &mut Vec<String>) {
    if let (Some(x), Some(y)) = (numbers(a), numbers(b)) {
        let largest = y.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
        let error = x
            .iter()
            .zip(&y)
            .fold(0.0_f64, |m, (p, q)| m.max((p - q).abs()))
            / largest;
        if x.len() != y.len() || error > TOLERANCE {
            found.push(format!(
                "{at}: {} and {} numbers, {error:.1e} apart",
                x.len(),
                y.len()
            ));
        }
        return;
    }
    match (a, b) {
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            for (i, (p, q)) in x.iter().zip(y).enumerate() {
                let name = p.get("name").and_then(Value::as_str);
                let step = name.map_or_else(|| format!("[{i}]"), |n| format!("/{n}"));
                differ(&(at.to_owned() + &step), p, q, found);
            }
        }
        (Value::Object(x), Value::Object(y)) if x.keys().eq(y.keys()) => {
            for (key, p) in x {
                differ(&format!("{at}/{key}"), p, &y[key], found);
            }
        }
        _ if a != b => found.push(format!("{at}: differs")),
        _ => {}
    }
}

/// The numbers of a number or of a list of numbers.
fn numbers(value: &Value) -> Option<Vec<f64>> {
    match value {
        Value::Number(n) => Some(vec![n.as_f64()?]),
        Value::Array(list) if !list.is_empty() => list.iter().map(Value::as_f64).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::differ;
    use serde_json::{Value, json};

    #[test]
    fn differences_are_found_where_they_are() {
        struct Case {
            a: Value,
            b: Value,
            found: &'static [&'static str],
        }
        for case in [
            Case {
                a: json!({"x": [1.0, 2.0]}),
                b: json!({"x": [1.0, 2.000_001]}),
                found: &[],
            },
            Case {
                a: json!({"x": [1.0, 2.0]}),
                b: json!({"x": [1.0, 2.1]}),
                found: &["/x"],
            },
            // Relative to the tensor, not to the number.
            Case {
                a: json!([1e-9, 1.0]),
                b: json!([2e-9, 1.0]),
                found: &[],
            },
            Case {
                a: json!([1.0]),
                b: json!([1.0, 1.0]),
                found: &[""],
            },
            Case {
                a: json!({"x": "a"}),
                b: json!({"x": "b"}),
                found: &["/x"],
            },
            Case {
                a: json!({"x": 1}),
                b: json!({"y": 1}),
                found: &[""],
            },
            Case {
                a: json!([{"name": "n", "v": 1}]),
                b: json!([{"name": "n", "v": 2}]),
                found: &["/n/v"],
            },
        ] {
            let mut found = Vec::new();
            differ("", &case.a, &case.b, &mut found);
            let places: Vec<&str> = found.iter().filter_map(|f| f.split(':').next()).collect();
            assert_eq!(places, case.found, "{} against {}", case.a, case.b);
        }
    }
}
