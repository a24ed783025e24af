//! The examples of the findings' pages: each triggers its finding, or does not.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod common;

use isograd_core::diagnose::{Severity, pages};

/// Steps that `doctor` gives a network.
const STEPS: u64 = 300;

/// The text of the fence ```` ```toml <tag> ```` of a page.
fn fence<'a>(page: &'a str, tag: &str) -> &'a str {
    let start = format!("```toml {tag}\n");
    let from = page
        .find(&start)
        .unwrap_or_else(|| panic!("no example that {tag}"))
        + start.len();
    &page[from..from + page[from..].find("```").unwrap()]
}

#[test]
fn the_examples_of_every_page_are_judged_as_the_page_says() {
    let mut wrong = Vec::new();
    for rule in pages() {
        for (tag, expected) in [("triggers", true), ("healthy", false)] {
            let prepared = common::ready(fence(rule.page, tag));
            let (_, diagnosis) = common::judge(&prepared, &common::run(&prepared, 1, STEPS));
            let found = diagnosis
                .findings
                .iter()
                .any(|f| f.code == rule.code && f.severity >= Severity::Warning);
            let codes: Vec<&str> = diagnosis.findings.iter().map(|f| f.code).collect();
            println!("{} {tag}: {codes:?}", rule.code);
            // The other example is healthy altogether, not only of this finding.
            if found != expected || (!expected && !diagnosis.healthy()) {
                wrong.push(format!("{} {tag}: {codes:?}", rule.code));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
