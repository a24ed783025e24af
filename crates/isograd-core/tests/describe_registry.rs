//! Schema and page are those of the registry, and everything they say is true.

#![allow(clippy::unwrap_used)]

use isograd_core::describe::{DataShape, Document, Shape, Task, examples, page, schema};
use std::path::{Path, PathBuf};

/// Set to write the files anew: `ISOGRAD_WRITE=1 cargo test -p isograd-core --test describe_registry`.
const WRITE: &str = "ISOGRAD_WRITE";

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn same_as(path: &str, text: &str) {
    let path = root(path);
    if std::env::var_os(WRITE).is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "{} is not what the registry says: set {WRITE}=1 to write it anew",
        path.display()
    );
}

fn json(text: &str) -> serde_json::Value {
    toml::from_str(text).unwrap()
}

#[test]
fn the_schema_is_fresh() {
    same_as("docs/description.schema.json", &format!("{:#}\n", schema()));
}

#[test]
fn the_page_is_fresh() {
    same_as("docs/description.md", &page());
}

#[test]
fn examples_are_valid_by_schema() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(root("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let value = json(&std::fs::read_to_string(&path).unwrap());
            if let Some(error) = validator.iter_errors(&value).next() {
                panic!("{}: {error} at {}", path.display(), error.instance_path());
            }
            seen += 1;
        }
    }
    assert!(seen > 0, "no example found");
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let good = snippet("block", "\"relu\"");
    assert!(validator.is_valid(&json(&good)));
    for (from, to) in [
        ("\"relu\"", "\"relo\""),
        ("\"relu\"", "\"dense\""),
        ("\"relu\"", "{ dense = 0 }"),
        ("\"relu\"", "{ dense = 8, relu = true }"),
        ("\"relu\"", "{ dropout = 1.0 }"),
        ("\"relu\"", "{ dense = 8, activation = \"relu\" }"),
        ("\"adam\"", "{ name = \"adam\", momentum = 0.9 }"),
        ("[train]", "[train]\nbatch = 0"),
        ("\"glyphs\"", "\"glyfs\""),
    ] {
        let bad = good.replacen(from, to, 1);
        assert!(!validator.is_valid(&json(&bad)), "{to} is valid by schema");
        assert!(
            Document::parse(&bad, Path::new("bad.toml")).is_err(),
            "{to} is read"
        );
    }
}

/// A description with `value` at its place.
fn snippet(key: &str, value: &str) -> String {
    let pick = |name: &str, default: &str| {
        format!("{name} = {}\n", if name == key { value } else { default })
    };
    let image = [
        "conv2d",
        "max_pool2d",
        "avg_pool2d",
        "upsampling2d",
        "global_",
        "basic_block",
        "bottleneck",
        "squeeze",
        "dense_block",
        "transition",
        "resnet",
        "densenet",
    ];
    let sequence = [
        "embedding",
        "positions",
        "queries",
        "attention",
        "transformer",
        "{ rnn",
        "{ gru",
        "{ lstm",
        "1d",
    ];
    let before = if value.contains("patches") || image.iter().any(|word| value.contains(word)) {
        ""
    } else if sequence.iter().any(|word| value.contains(word)) {
        "{ patches = 4 }, "
    } else {
        "\"flatten\", "
    };
    let block = if key == "block" { value } else { "\"relu\"" };
    let files = ["csv", "idx", "cifar", "npy", "\"text"]
        .iter()
        .any(|w| key == "source" && value.contains(w));
    format!(
        "[data]\n{}{}{}\n[network]\n{}layers = [{before}{block}, \"flatten\", {{ dense = \"classes\" }}]\n\n\
         [train]\n{}{}",
        pick("source", "\"glyphs\""),
        pick("augment", "[]"),
        if files {
            "train = \"a\"\nvalid = false\n"
        } else {
            ""
        },
        pick("init", "\"ones\""),
        pick("loss", "\"mse\""),
        pick("optimizer", "\"adam\""),
    ) + &match key {
        "curriculum" => format!("curriculum = {value}\n"),
        "difficulty" => {
            format!("curriculum = {{ name = \"linear\", difficulty = {value} }}\n")
        }
        _ => String::new(),
    }
}

#[test]
fn every_example_of_the_page_runs() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let data = DataShape {
        input: Shape::Image {
            channels: 1,
            height: 28,
            width: 28,
        },
        task: Task::Classification { classes: 10 },
        examples: 10,
    };
    let all = examples();
    assert!(all.len() > 60, "{}", all.len());
    for (key, example) in all {
        let text = snippet(key, example);
        let plan = Document::parse(&text, Path::new("example.toml")).and_then(|d| d.plan(&data));
        plan.unwrap_or_else(|e| panic!("{example}\n{}", e.plain()));
        if let Some(error) = validator.iter_errors(&json(&text)).next() {
            panic!("{example}: {error}");
        }
        assert!(page().contains(example), "{example} is not on the page");
    }
    // The long example at the head of the page.
    let page = page();
    let example = page
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    Document::parse(example, Path::new("page.toml"))
        .and_then(|d| d.plan(&data))
        .unwrap();
    assert!(validator.is_valid(&json(example)));
}
