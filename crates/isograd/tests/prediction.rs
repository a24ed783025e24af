//! The predicted slope of ln G against the measured one.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod common;

use common::{measured_slope, start};
use isograd::session::{input_moments, prepare};
use isograd_core::describe::Document;
use isograd_core::predict::predict;
use std::path::Path;

/// Networks whose slopes are averaged.
const SEEDS: u64 = 10;

fn document(activation: &str, gain: f64, family: &str) -> Document {
    let text = format!(
        r#"
        [data]
        source = {{ name = "glyphs", samples = 300 }}
        valid = false
        scale = "standard"
        [network]
        init = {{ name = "{family}", gain = {gain} }}
        layers = [
          "flatten",
          {{ repeat = 20, layers = [ {{ dense = 256 }}, "{activation}" ] }},
          {{ dense = "classes" }},
        ]
        [train]
        loss = "cross_entropy"
        optimizer = {{ name = "sgd", lr = 0.0001 }}
        batch = 256
        "#
    );
    Document::parse(&text, Path::new("slope.toml")).unwrap()
}

#[test]
fn the_predicted_slope_is_the_measured_one() {
    // LeCun's variance 1/n is the plain scale of a saturating activation, He's 2/n that of ReLU.
    let scales = [0.7, 1.0, 1.4];
    let table = [
        ("tanh", "lecun_normal"),
        ("sigmoid", "lecun_normal"),
        ("relu", "he_normal"),
    ];
    let mut failed = Vec::new();
    for (activation, family) in table {
        for gain in scales {
            let document = document(activation, gain, family);
            let prepared = prepare(&document, None).unwrap();
            let moments = input_moments(&prepared.data, 1);
            let predicted = predict(&prepared.plan, moments).slope.unwrap();
            let slopes =
                (1..=SEEDS).map(|seed| measured_slope(&prepared.plan, &start(&prepared, seed)));
            let measured = slopes.sum::<f64>() / SEEDS as f64;
            let allowed = (0.1 * measured.abs()).max(0.02);
            let line = format!(
                "{activation} {family} × {gain}: predicted {predicted:.4}, measured {measured:.4}, allowed ±{allowed:.4}"
            );
            println!("{line}");
            if (predicted - measured).abs() > allowed
                || !predicted.is_finite()
                || !measured.is_finite()
            {
                failed.push(line);
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
