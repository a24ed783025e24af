//! LSUV as training prepares it, and the slopes of a PReLU as it trains them.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod common;

use isograd_core::trace::{Quantity, Trace};

fn text(init: &str, phi: &str, optimizer: &str) -> String {
    format!(
        r#"
        [data]
        source = {{ name = "glyphs", samples = 400 }}
        scale = "standard"
        [network]
        init = "{init}"
        layers = [
          "flatten", {{ repeat = 12, layers = [ {{ dense = 48 }}, {phi} ] }}, {{ dense = "classes" }},
        ]
        [train]
        loss = "cross_entropy"
        optimizer = {optimizer}
        batch = 128
        "#
    )
}

fn run(text: &str) -> Trace {
    common::run(&common::ready(text), 3, 4).trace
}

/// Variance of the pre-activations of each dense layer before the first step.
fn variances(trace: &Trace) -> Vec<f64> {
    let rows = &trace.first_probe().unwrap().rows;
    let dense = |i: &usize| trace.sites[*i].kind == "dense";
    (0..trace.sites.len())
        .filter(dense)
        .map(|i| {
            let get = |q| rows[i].get(q).unwrap();
            get(Quantity::ForwardRms).powi(2) - get(Quantity::ForwardMean).powi(2)
        })
        .collect()
}

#[test]
fn training_begins_with_unit_variance_behind_every_layer() {
    let sgd = r#"{ name = "sgd", lr = 1e-4 }"#;
    let trace = run(&text("lsuv", "\"sigmoid\"", sgd));
    let got = variances(&trace);
    assert_eq!(got.len(), 13);
    // On other rows than those of the batch: 128 of them give the variance to some 10 %.
    assert!(got.iter().all(|v| (v - 1.0).abs() < 0.35), "{got:?}");
    // Without the batch, sigmoids take it away.
    let without = variances(&run(&text("orthogonal", "\"sigmoid\"", sgd)));
    assert!(without.last().unwrap() < &0.4, "{without:?}");
    // Weights made with a gain are scaled by it.
    for form in ["normalised", "scaled"] {
        let formed = text("lsuv", "\"sigmoid\"", sgd)
            .replace("dense = 48", &format!("dense = 48, weight = \"{form}\""));
        let got = variances(&run(&formed));
        assert!(
            got.iter().all(|v| (v - 1.0).abs() < 0.35),
            "{form}: {got:?}"
        );
    }
    // Once more, bit by bit.
    assert_eq!(got, variances(&run(&text("lsuv", "\"sigmoid\"", sgd))));
}

#[test]
fn weight_decay_leaves_the_slopes_alone() {
    // lr·decay = ½ a step would halve them; a rate of 1e-3 hardly moves them.
    let sgd = r#"{ name = "sgd", lr = 1e-3, weight_decay = 500.0 }"#;
    let ready = common::ready(&text("he_normal", "{ prelu = 0.25 }", sgd));
    let trained = common::run(&ready, 3, 4);
    let slopes: Vec<f32> = trained
        .network
        .parameters
        .iter()
        .filter_map(|(_, p)| match p {
            isograd::nn::Parameters::Prelu(p) => {
                Some(p.slope.val().into_data().iter::<f32>().next().unwrap())
            }
            _ => None,
        })
        .collect();
    assert_eq!(slopes.len(), 12);
    assert!(slopes.iter().all(|s| (s - 0.25).abs() < 0.05), "{slopes:?}");
    assert!(slopes.iter().any(|s| *s != 0.25), "they are trained");
}
