//! The predicted slope of ln G against the measured one, with every normalisation of the signal and
//! of the weights, and through convolutions with groups and dilation.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod common;

use common::{measured_slope, start};
use isograd::session::{input_moments, prepare};
use isograd_core::describe::Document;
use isograd_core::predict::predict;
use std::path::Path;

/// Networks whose slopes are averaged.
const SEEDS: u64 = 3;

/// Layers, and how far prediction and measurement may lie apart: a share, or so much a layer.
struct Case {
    layers: &'static str,
    share: f64,
    layer: f64,
}

fn document(layers: &str) -> Document {
    let text = format!(
        r#"
        [data]
        source = {{ name = "glyphs", samples = 300 }}
        valid = false
        scale = "standard"
        [network]
        init = "he_normal"
        layers = [ {layers}, "flatten", {{ dense = "classes" }} ]
        [train]
        loss = "cross_entropy"
        optimizer = {{ name = "sgd", lr = 0.0001 }}
        batch = 256
        "#
    );
    Document::parse(&text, Path::new("slope.toml")).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn the_slope_is_the_predicted_one() {
    let dense = |layers| Case {
        layers,
        share: 0.1,
        layer: 0.02,
    };
    // Positions of an image are more alike than the examples that the theory takes them for.
    let image = |layers| Case {
        layer: 0.05,
        ..dense(layers)
    };
    let cases = [
        // Published: 1.2112 a layer (Yang et al. 2019).
        dense(r#""flatten", { repeat = 12, layers = [ { dense = 256 }, "batch_norm", "relu" ] }"#),
        dense(r#""flatten", { repeat = 12, layers = [ { dense = 256 }, "layer_norm", "tanh" ] }"#),
        dense(
            r#""flatten", { repeat = 12, layers = [ { dense = 256 }, { group_norm = 16 }, "relu" ] }"#,
        ),
        dense(
            r#""flatten", { repeat = 12, layers = [ { dense = 256 }, { group_norm = 32 }, "tanh" ] }"#,
        ),
        dense(r#""flatten", { repeat = 12, layers = [ { dense = 256 }, "rms_norm", "relu" ] }"#),
        dense(r#""flatten", { repeat = 12, layers = [ { dense = 256 }, "relu", "rms_norm" ] }"#),
        dense(r#""flatten", { repeat = 12, layers = [ { dense = 256 }, { dyt = 0.7 } ] }"#),
        dense(
            r#""flatten", { repeat = 12, layers = [ { dense = 256, weight = "normalised" }, "relu" ] }"#,
        ),
        dense(
            r#""flatten", { repeat = 12, layers = [ { dense = 256, weight = "scaled" }, "relu" ] }"#,
        ),
        dense(
            r#""flatten", { repeat = 12, layers = [ { dense = 256, weight = "standardised" }, "layer_norm", "relu" ] }"#,
        ),
        dense(r#"{ repeat = 6, layers = [ { conv2d = 16, kernel = 3, dilation = 2 }, "relu" ] }"#),
        dense(
            r#"{ conv2d = 16 }, { repeat = 6, layers = [ { conv2d = 16, groups = 4 }, "relu" ] }"#,
        ),
        image(r#"{ repeat = 6, layers = [ { conv2d = 16 }, { group_norm = 4 }, "relu" ] }"#),
        image(r#"{ repeat = 6, layers = [ { conv2d = 16 }, "instance_norm", "relu" ] }"#),
    ];
    let mut failed = Vec::new();
    for case in cases {
        let document = document(case.layers);
        let prepared = prepare(&document, None).unwrap();
        let moments = input_moments(&prepared.data, 1);
        let predicted = predict(&prepared.plan, moments).slope.unwrap();
        let slopes =
            (1..=SEEDS).map(|seed| measured_slope(&prepared.plan, &start(&prepared, seed)));
        let measured = slopes.sum::<f64>() / SEEDS as f64;
        let allowed = (case.share * measured.abs()).max(case.layer);
        let line = format!(
            "{}: predicted {predicted:.4}, measured {measured:.4}, allowed ±{allowed:.4}",
            case.layers
        );
        println!("{line}");
        if (predicted - measured).abs() > allowed || !predicted.is_finite() || !measured.is_finite()
        {
            failed.push(line);
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
