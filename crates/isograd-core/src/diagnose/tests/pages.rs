//! Pages have their headings, and their examples are descriptions.
#![allow(clippy::unwrap_used)]

use crate::describe::Document;
use crate::diagnose::{page, pages};
use std::path::Path;

const HEADINGS: [&str; 7] = [
    "## What it means",
    "## Why it hurts",
    "## How it is measured",
    "## Example that triggers it",
    "## Example that does not",
    "## Remedies",
    "## References",
];

#[test]
fn every_page_has_its_headings_in_order() {
    for rule in pages() {
        assert_eq!(page(rule.code), Some(rule.page));
        assert!(
            rule.page.starts_with(&format!("# {}\n", rule.code)),
            "{}",
            rule.code
        );
        let places: Vec<usize> = HEADINGS
            .iter()
            .map(|h| {
                rule.page
                    .find(h)
                    .unwrap_or_else(|| panic!("{}: no {h}", rule.code))
            })
            .collect();
        assert!(places.is_sorted(), "{}: headings out of order", rule.code);
    }
    assert_eq!(page("vanishing"), None);
}

#[test]
fn every_example_is_a_description() {
    for rule in pages() {
        for fence in ["```toml triggers\n", "```toml healthy\n"] {
            let examples: Vec<&str> = rule.page.split(fence).skip(1).collect();
            assert_eq!(examples.len(), 1, "{}: {fence}", rule.code);
            let text = examples[0].split("```").next().unwrap();
            if let Err(error) = Document::parse(text, Path::new("example.toml")) {
                panic!("{}: {error}", rule.code);
            }
        }
    }
}
