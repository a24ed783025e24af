//! The shipped examples on Fashion-MNIST: the right verdict with every seed.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod common;

use isograd::session::prepare;
use isograd_core::describe::Document;
use isograd_core::diagnose::Severity;
use std::path::Path;

/// Steps that `doctor` gives a network.
const STEPS: u64 = 300;

#[test]
fn verdicts_hold_with_every_seed() {
    let Some(data) = common::shared("data") else {
        return;
    };
    let table = [
        ("fashion-sigmoid", Some("vanishing-gradient")),
        ("fashion-exploding", Some("exploding-gradient")),
        ("fashion-dead", Some("dead-units")),
        ("fashion-healthy", None),
    ];
    let mut wrong = Vec::new();
    for (name, expected) in table {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        let document = Document::load(&examples.join(format!("{name}.toml")), &[]).unwrap();
        let prepared = prepare(&document, Some(&data)).unwrap();
        for seed in 1..=5 {
            let (_, diagnosis) = common::judge(&prepared, &common::run(&prepared, seed, STEPS));
            let first = diagnosis
                .findings
                .iter()
                .find(|f| f.severity >= Severity::Warning);
            // Blame terms sum to the measured profile.
            let sum: f64 = diagnosis.blame.iter().map(|b| b.db).sum();
            let profile = diagnosis.profile_db.unwrap();
            let sums = (sum - profile).abs() < 0.1 || !profile.is_finite();
            let codes: Vec<&str> = diagnosis.findings.iter().map(|f| f.code).collect();
            println!("{name} seed {seed}: {codes:?}, blame {sum:.3} dB of {profile:.3} dB");
            if first.map(|f| f.code) != expected || !sums {
                wrong.push(format!(
                    "{name} seed {seed}: {codes:?}, blame {sum} of {profile} dB"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
