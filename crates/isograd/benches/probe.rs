//! What the probe costs: the same training with and without it, alternating in one run.
//!
//! Run with `cargo bench -p isograd --bench probe`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use isograd::probe::Schedule;
use isograd::session::{Prepared, prepare};
use isograd::train::{Silent, TrainOptions, train};
use isograd_core::describe::Document;
use std::path::Path;

/// Steps of one training; the default schedule measures three times in them.
const STEPS: u64 = 30;
/// Pairs of trainings whose ratio is taken.
const PAIRS: usize = 15;

const NETWORKS: [(&str, &str); 3] = [
    (
        "MLP 30 × 128, batch 128",
        r#""flatten", { repeat = 30, layers = [ { dense = 128 }, "relu" ] }, { dense = "classes" }"#,
    ),
    (
        "MLP 100 × 64, batch 128",
        r#""flatten", { repeat = 100, layers = [ { dense = 64 }, "tanh" ] }, { dense = "classes" }"#,
    ),
    (
        "residual CNN of 8 filters, batch 128",
        r#"{ conv2d = 8, stride = 2 }, { repeat = 3, layers = [ { residual = { layers = [ { conv2d = 8 }, "batch_norm", "relu", { conv2d = 8 }, "batch_norm" ] } }, "relu" ] }, "global_avg_pool", { dense = "classes" }"#,
    ),
];

fn prepared(layers: &str) -> Prepared {
    let text = format!(
        "[data]\nsource = {{ name = \"glyphs\", samples = 4096 }}\nvalid = false\n\
         [network]\ninit = \"he_uniform\"\nlayers = [ {layers} ]\n\
         [train]\nloss = \"cross_entropy\"\noptimizer = {{ name = \"adamw\", lr = 1e-3 }}\nbatch = 128\nepochs = 100\n"
    );
    let document = Document::parse(&text, Path::new("bench.toml")).unwrap();
    prepare(&document, None).unwrap()
}

fn seconds(prepared: &Prepared, watch: Schedule) -> f64 {
    let options = TrainOptions {
        max_steps: Some(STEPS),
        watch: Schedule {
            probes: false,
            ..watch
        },
        ..TrainOptions::default()
    };
    train(prepared, &options, &mut Silent).unwrap().seconds
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    println!(
        "{:<40} {:>16} {:>16}",
        "added time (median of pairs)", "every 10th step", "every step"
    );
    for (name, layers) in NETWORKS {
        let prepared = prepared(layers);
        seconds(&prepared, Schedule::none());
        let added = |watch: Schedule| {
            let ratios = (0..PAIRS).map(|i| {
                // Which of the two goes first changes from pair to pair.
                let (with, without) = if i % 2 == 0 {
                    let with = seconds(&prepared, watch);
                    (with, seconds(&prepared, Schedule::none()))
                } else {
                    let without = seconds(&prepared, Schedule::none());
                    (seconds(&prepared, watch), without)
                };
                with / without - 1.0
            });
            100.0 * median(ratios.collect())
        };
        println!(
            "{name:<40} {:>15.1}% {:>15.1}%",
            added(Schedule::default()),
            added(Schedule::every_step())
        );
    }
}
