//! The committed numbers of `tests/reference`.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

static TABLES: LazyLock<BTreeMap<String, Arc<Value>>> = LazyLock::new(|| {
    let files = std::fs::read_dir(folder()).unwrap();
    files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let value = serde_json::from_str(&text);
            let value = value.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            (name, Arc::new(value))
        })
        .collect()
});

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference")
}

/// A whole file, without its ending.
pub(crate) fn table(name: &str) -> Arc<Value> {
    let found = TABLES.get(name);
    found
        .unwrap_or_else(|| panic!("tests/reference/{name}.json is not there"))
        .clone()
}

/// The case `table/name`.
pub(crate) fn case(path: &str) -> Value {
    let (file, name) = path.split_once('/').unwrap();
    let table = table(file);
    let found = table["cases"]
        .as_array()
        .and_then(|cases| cases.iter().find(|case| case["name"] == name));
    found
        .unwrap_or_else(|| panic!("tests/reference/{file}.json has no case {name}"))
        .clone()
}

/// All cases as `table/name`.
pub(crate) fn names() -> Vec<String> {
    let of = |(table, value): (&String, &Arc<Value>)| {
        let cases = value["cases"].as_array().cloned().unwrap_or_default();
        let name = |case: Value| format!("{table}/{}", case["name"].as_str().unwrap());
        cases.into_iter().map(name).collect::<Vec<_>>()
    };
    TABLES.iter().flat_map(of).collect()
}

/// The numbers of a tensor (`{ shape, values }`), of a list, or one number.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Object(tensor) => numbers(&tensor["values"]),
        Value::Array(list) => list.iter().map(|x| x.as_f64().unwrap()).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

/// The shape of a tensor.
pub(crate) fn shape(tensor: &Value) -> Vec<usize> {
    let shape = tensor["shape"].as_array().unwrap();
    shape.iter().map(|n| n.as_u64().unwrap() as usize).collect()
}
