//! The same seed gives the same trace, whatever runs beside it.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod common;

use isograd_core::trace::{Quantity, Trace};

const NETWORK: &str = r#"
[data]
source = { name = "glyphs", samples = 300 }
augment = [ { name = "uniform_noise", probability = 0.5, delta = 0.1 } ]
[network]
init = "he_normal"
layers = [
  { conv2d = 4, stride = 2 }, "batch_norm", "relu", { dropout = 0.2 },
  { residual = { layers = [ { conv2d = 4 }, "relu" ] } },
  "flatten", { dense = 32 }, "tanh", { dense = "classes" },
]
[train]
loss = "cross_entropy"
optimizer = { name = "adamw", lr = 1e-3 }
batch = 32
clip = { global_norm = 1.0 }
"#;

/// Every number of a trace, bit by bit; what was not measured is `None`.
fn bits(trace: &Trace) -> Vec<Option<u64>> {
    let mut bits = Vec::new();
    for record in &trace.records {
        let n = record.network;
        for number in [n.loss, n.lr, n.global_norm, n.clipped_norm] {
            bits.push(Some(number.to_bits()));
        }
        for row in record.rows.iter() {
            bits.extend(Quantity::ALL.map(|q| row.get(q).map(f64::to_bits)));
        }
    }
    for v in &trace.validations {
        bits.push(Some(v.loss.to_bits()));
        bits.push(Some(v.metric.to_bits()));
    }
    bits
}

fn trace(seed: u64) -> Vec<Option<u64>> {
    bits(&common::run(&common::ready(NETWORK), seed, 25).trace)
}

#[test]
fn the_same_seed_gives_the_same_trace_beside_others() {
    let alone = trace(1);
    let beside = std::thread::scope(|scope| {
        let threads: Vec<_> = [1, 2, 1]
            .map(|seed| scope.spawn(move || trace(seed)))
            .into();
        threads
            .into_iter()
            .map(|t| t.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(
        alone == beside[0] && alone == beside[2],
        "a trace depends on what runs beside it"
    );
    assert!(alone != beside[1], "the seed changes nothing");
}

#[test]
fn an_edit_leaves_the_other_layers_initial_values_alone() {
    let norms = |text: &str| {
        let prepared = common::ready(text);
        let done = common::run(&prepared, 1, 0);
        let rows = &done.trace.first_probe().unwrap().rows;
        ["conv2d1", "conv2d2", "dense1", "dense2"].map(|name| {
            rows[done.trace.site(name).unwrap()]
                .get(Quantity::WeightNorm)
                .unwrap()
                .to_bits()
        })
    };
    let before = norms(NETWORK);
    let after = norms(&NETWORK.replace("\"tanh\"", "\"layer_norm\", \"relu\""));
    assert_eq!(before, after);
}
