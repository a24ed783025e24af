//! Where paths meet: predicted gradients and signals against measured ones.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod common;

use common::start;
use isograd::session::{input_moments, prepare};
use isograd_core::describe::Document;
use isograd_core::predict::predict;
use isograd_core::trace::Quantity;
use std::path::Path;

const SEEDS: u64 = 6;

struct Case {
    name: &'static str,
    layers: &'static str,
    /// Allowed error of the gradient at any node of the chain, in dB.
    gradient: f64,
    /// Allowed error of the root mean square of the signal, relative.
    signal: f64,
}

const fn case(name: &'static str, layers: &'static str, gradient: f64, signal: f64) -> Case {
    Case {
        name,
        layers,
        gradient,
        signal,
    }
}

/// Wide networks of sixteen blocks: errors of a single block would add up to several dB.
const CASES: [Case; 12] = [
    case(
        "residual, unscaled",
        r#"{ dense = 256 }, { repeat = 16, layers = [ { residual = { layers = [ "tanh", { dense = 256, init = "lecun_normal" } ] } } ] }"#,
        0.7,
        0.1,
    ),
    case(
        "residual, 1/√L",
        r#"{ dense = 256 }, { repeat = 16, layers = [ { residual = { layers = [ "relu", { dense = 256 } ], scale = "inverse_sqrt_depth" } } ] }"#,
        0.7,
        0.1,
    ),
    case(
        "residual, 1/√L, weights first",
        r#"{ dense = 256 }, { repeat = 16, layers = [ { residual = { layers = [ { dense = 256 }, "relu" ], scale = "inverse_sqrt_depth" } } ] }"#,
        0.9,
        0.1,
    ),
    case(
        "residual, DeepNorm's factor",
        r#"{ dense = 256 }, { repeat = 16, layers = [ { residual = { layers = [ "relu", { dense = 256 } ], skip_scale = 1.2 } } ] }"#,
        // Unscaled sums of ReLU at finite width: the mean over seeds itself scatters.
        0.9,
        0.3,
    ),
    case(
        "residual, rezero",
        r#"{ dense = 256 }, { repeat = 16, layers = [ { residual = { layers = [ { dense = 256 }, "relu" ], rezero = true } } ] }"#,
        0.1,
        0.05,
    ),
    case(
        "residual, layer_scale",
        r#"{ dense = 256 }, { repeat = 16, layers = [ { residual = { layers = [ "relu", { dense = 256 } ], layer_scale = 0.3 } } ] }"#,
        0.7,
        0.1,
    ),
    case(
        "residual, fixup",
        r#"{ dense = 256 }, { repeat = 8, layers = [ { residual = { layers = [ { dense = 256 }, "relu", { dense = 256 } ], fixup = true } } ] }, "relu", { dense = 64, init = "he_normal" }"#,
        0.7,
        0.1,
    ),
    case(
        "residual, stochastic depth",
        r#"{ dense = 256 }, { repeat = 16, layers = [ { residual = { layers = [ "relu", { dense = 256 } ], drop = 0.4, scale = 0.5 } } ] }"#,
        0.7,
        0.2,
    ),
    case(
        "highway, gates alike",
        r#"{ dense = 256 }, "tanh", { repeat = 16, layers = [ { highway = { layers = [ { dense = 256, init = "lecun_normal" }, "tanh" ], gate_init = "zeros" } } ] }"#,
        0.7,
        0.1,
    ),
    case(
        "highway, gates of their own",
        r#"{ dense = 256 }, "tanh", { repeat = 16, layers = [ { highway = { layers = [ { dense = 256, init = "lecun_normal" }, "tanh" ], gate_init = "lecun_normal" } } ] }"#,
        0.7,
        0.1,
    ),
    case(
        "concat",
        r#"{ dense = 128 }, { repeat = 8, layers = [ { concat = { layers = [ "relu", { dense = 64 } ] } } ] }"#,
        0.9,
        0.1,
    ),
    case(
        "gated",
        r#"{ dense = 256 }, { repeat = 4, layers = [ { dense = 256 }, { gated = { layers = [ { dense = 256, init = "lecun_normal" }, "sigmoid" ] } } ] }"#,
        0.7,
        0.1,
    ),
];

fn document(layers: &str) -> Document {
    let text = format!(
        "[data]\nsource = {{ name = \"glyphs\", samples = 300 }}\nvalid = false\nscale = \"standard\"\n\
         [network]\ninit = \"he_normal\"\nlayers = [ \"flatten\", {layers}, {{ dense = \"classes\", init = \"lecun_normal\" }} ]\n\
         [train]\nloss = \"cross_entropy\"\noptimizer = {{ name = \"sgd\", lr = 0.0001 }}\nbatch = 256\n"
    );
    Document::parse(&text, Path::new("skips.toml")).unwrap_or_else(|e| panic!("{}", e.plain()))
}

/// Largest errors over the nodes of the outermost chain: of G in dB, of the signal relative.
fn errors(case: &Case) -> (f64, f64) {
    let document = document(case.layers);
    let prepared = prepare(&document, None).unwrap();
    let plan = &prepared.plan;
    let predicted = predict(plan, input_moments(&prepared.data, 1));
    for note in &predicted.notes {
        println!("  {note}");
    }
    // Behind the flattened data, which no gradient reaches.
    let chain = &plan.chain[1..];
    let mut gradient = vec![0.0; chain.len()];
    let mut square = gradient.clone();
    for seed in 1..=SEEDS {
        let trace = start(&prepared, seed);
        let rows = &trace.first_probe().unwrap().rows;
        let at = |node: usize, quantity: Quantity| {
            let site = trace.site(&plan.nodes[node].name).unwrap();
            rows[site].get(quantity).unwrap()
        };
        let end = at(*chain.last().unwrap(), Quantity::Gradient);
        for (i, &node) in chain.iter().enumerate() {
            gradient[i] += (at(node, Quantity::Gradient) / end).powi(2) / SEEDS as f64;
            square[i] += at(node, Quantity::ForwardRms).powi(2) / SEEDS as f64;
        }
    }
    let mut worst = (0.0_f64, 0.0_f64);
    for (i, &node) in chain.iter().enumerate() {
        let theory = predicted.nodes[node];
        // The last of the chain is the network's output, whose second moment is that of ten units.
        let (g, q) = (theory.gradient.unwrap(), theory.second_moment.unwrap());
        let db = 10.0 * (g * g / gradient[i]).log10();
        worst.0 = worst.0.max(db.abs());
        if i + 1 < chain.len() {
            worst.1 = worst.1.max(((q / square[i]).sqrt() - 1.0).abs());
        }
    }
    worst
}

#[test]
fn paths_that_meet_are_predicted() {
    let mut failed = Vec::new();
    for case in &CASES {
        let (gradient, signal) = errors(case);
        let line = format!(
            "{}: gradient within {gradient:.2} dB of {}, signal within {signal:.3} of {}",
            case.name, case.gradient, case.signal
        );
        println!("{line}");
        let good = gradient <= case.gradient && signal <= case.signal;
        if !good {
            failed.push(line);
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
