//! The reference table: everything that isograd computes against a second source, one line an item
//! (`items.rs`).
//!
//! `cargo xtask reference` runs it and prints the table, which is left in
//! `target/reference/table.json`.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod case;
mod cells;
mod closed_form;
mod differences;
mod difficulty;
mod distribution;
mod fill;
mod item;
// One line an item, however long.
#[rustfmt::skip]
mod items;
mod loops;
mod matrices;
mod rates;
mod sequences;
#[rustfmt::skip]
mod shapes;
#[rustfmt::skip]
mod skips;
mod torch;
mod trajectory;

use isograd_core::describe::vocabulary;
use item::{Item, Result as Line};
use rayon::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

/// Registries that say where examples come from and how they are changed: nothing in them computes
/// what another program defines. They are checked in `tests/data`.
const NOT_HERE: [&str; 2] = ["source", "augment"];

/// Words of the description that no item is about.
fn uncovered(items: &[Item]) -> Vec<String> {
    let words = vocabulary();
    let registries: BTreeSet<&str> = words.iter().map(|(registry, _)| *registry).collect();
    let covered: BTreeSet<(&str, &str)> = items
        .iter()
        .filter(|item| item.describes.is_empty() || item.describes.contains(item.word()))
        .map(|item| {
            // A family that is no registry is one of blocks.
            let registry = registries.get(item.family).copied().unwrap_or("block");
            (registry, item.word())
        })
        .collect();
    words
        .into_iter()
        .filter(|word| !NOT_HERE.contains(&word.0) && !covered.contains(word))
        .map(|(registry, word)| format!("{registry} {word}"))
        .collect()
}

#[test]
fn everything_agrees_with_its_second_source() {
    let items = items::all();
    let lines: Vec<Line> = items.par_iter().map(Item::run).collect();
    let missing = uncovered(&items);
    let failed: Vec<&Line> = lines.iter().filter(|line| !line.passed).collect();

    let table = json!({
        "schema_version": 1,
        "verdict": if failed.is_empty() && missing.is_empty() { "pass" } else { "fail" },
        "items": lines.iter().map(Line::json).collect::<Vec<_>>(),
        "without_item": missing,
    });
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../reference/table.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, format!("{table:#}\n")).unwrap();

    for line in &lines {
        println!("{line}");
    }
    let failed: Vec<String> = failed.iter().map(ToString::to_string).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(
        missing.is_empty(),
        "no item in tests/table/items.rs for: {}",
        missing.join(", ")
    );
}

#[test]
fn every_reference_case_has_an_item() {
    let used: BTreeSet<String> = items::all().into_iter().map(|item| item.source).collect();
    let unused: Vec<String> = case::names()
        .into_iter()
        .filter(|name| {
            let end = format!(" {name}");
            !used.iter().any(|source| source.ends_with(&end))
        })
        .collect();
    assert!(unused.is_empty(), "cases without an item: {unused:?}");
}

#[test]
fn no_two_items_have_one_name() {
    let mut seen = BTreeSet::new();
    for item in items::all() {
        let name = format!("{} {} {}", item.family, item.name, item.source);
        assert!(seen.insert(name.clone()), "{name}");
    }
}

#[test]
fn an_item_can_fail() {
    torch::a_wrong_number_is_found();
    differences::a_wrong_gradient_is_found();
    distribution::a_wrong_scale_is_found();
    item::judging_is_strict();
}
