//! What `[train]` says beside loss and optimiser is what the loop does.

#![allow(clippy::unwrap_used, missing_docs)]

use isograd::session::{Prepared, prepare};
use isograd::train::{Finished, RangeOptions, Silent, TrainOptions, range_test, train};
use isograd_core::describe::Document;
use std::path::Path;

fn prepared(network: &str, recipe: &str) -> Prepared {
    let text = format!(
        "seed = 3\n[data]\nsource = {{ name = \"blobs\", samples = 300, classes = 3 }}\n\
         [network]\nlayers = [{network}]\n\
         [train]\nloss = \"cross_entropy\"\n{recipe}\n"
    );
    let document = Document::parse(&text, Path::new("recipe.toml"));
    prepare(&document.unwrap_or_else(|e| panic!("{text}{e}")), None).unwrap()
}

const NETWORK: &str = "{ dense = 12 }, \"tanh\", { dense = 12 }, \"tanh\", { dense = \"classes\" }";

fn trained(recipe: &str) -> Finished {
    let prepared = prepared(NETWORK, recipe);
    train(&prepared, &TrainOptions::default(), &mut Silent).unwrap()
}

fn rates(finished: &Finished) -> Vec<f64> {
    finished.trace.steps().map(|r| r.network.lr).collect()
}

fn losses(finished: &Finished) -> Vec<f64> {
    finished.trace.steps().map(|r| r.network.loss).collect()
}

#[test]
fn the_schedule_runs_over_the_whole_budget_after_the_warm_up() {
    let done = trained(
        "optimizer = { name = \"sgd\", lr = 0.5 }\nbatch = 40\nepochs = 4\n\
         schedule = { name = \"linear\", warmup = 4, floor = 0.1 }",
    );
    // 240 examples in batches of 40: 24 steps.
    let rates = rates(&done);
    assert_eq!(rates.len(), 24);
    for (step, rate) in rates.iter().enumerate() {
        let t = step as f64;
        let expected = if step < 4 {
            0.5 * (t + 1.0) / 4.0
        } else {
            0.5 * (1.0 - 0.9 * (t - 4.0) / 20.0)
        };
        assert!((rate - expected).abs() < 1e-12, "{step}: {rate} {expected}");
    }
}

#[test]
fn a_plateau_goes_by_the_validation_loss() {
    // So high a rate that the loss does not fall.
    let done = trained(
        "optimizer = { name = \"sgd\", lr = 30.0 }\nbatch = 60\nepochs = 8\n\
         schedule = { name = \"plateau\", factor = 0.5, patience = 1 }",
    );
    let losses: Vec<f64> = done.trace.validations.iter().map(|v| v.loss).collect();
    let (mut best, mut bad, mut rate) = (f64::INFINITY, 0, 30.0);
    let mut expected = Vec::new();
    // The validation before the first step is none of an epoch.
    for loss in &losses[1..] {
        expected.extend([rate; 4]);
        if *loss < best * (1.0 - 1e-4) {
            (best, bad) = (*loss, 0);
        } else {
            bad += 1;
        }
        if bad > 1 {
            (rate, bad) = (rate * 0.5, 0);
        }
    }
    assert_eq!(rates(&done), expected);
    assert!(rate < 30.0, "{losses:?}");
}

#[test]
fn accumulated_batches_train_as_one_large_batch() {
    let recipe = "optimizer = { name = \"adam\", lr = 0.01 }\nepochs = 3";
    let large = trained(&format!("{recipe}\nbatch = 72"));
    // 240 examples are three steps of 72 and one of 24; 18 four times, and then once and 6.
    let small = trained(&format!("{recipe}\nbatch = 18\naccumulate = 4"));
    assert_eq!((large.steps, small.steps), (12, 12));
    for (a, b) in losses(&small).iter().zip(losses(&large)) {
        assert!((a / b - 1.0).abs() < 1e-5, "{a} {b}");
    }
    // What is measured of single examples does not depend on how they came.
    let gradient = |finished: &Finished| {
        let record = finished.trace.steps().next().unwrap();
        let rows = record.rows.iter();
        rows.map(|row| {
            row.get(isograd_core::trace::Quantity::Gradient)
                .unwrap_or(0.0)
        })
        .collect::<Vec<_>>()
    };
    for (a, b) in gradient(&small).iter().zip(gradient(&large)) {
        assert!(b > 0.0 && (a / b - 1.0).abs() < 1e-4, "{a} {b}");
    }
    assert!(small.valid.unwrap().loss < 0.9 * large.trace.validations[0].loss);
}

#[test]
fn a_penalty_of_all_weights_is_that_of_every_block() {
    let recipe = "optimizer = { name = \"sgd\", lr = 0.1 }\nbatch = 60\nepochs = 2";
    let own = NETWORK.replace(" }", ", l1 = 1e-3, l2 = 2e-3 }");
    let run = |network: &str, recipe: &str| {
        let prepared = prepared(network, recipe);
        losses(&train(&prepared, &TrainOptions::default(), &mut Silent).unwrap())
    };
    let all = run(NETWORK, &format!("{recipe}\nl1 = 1e-3\nl2 = 2e-3"));
    assert_eq!(all, run(&own, recipe));
    assert_ne!(all, run(NETWORK, recipe));
}

#[test]
fn the_ledger_counts_what_was_clipped() {
    let recipe = "optimizer = \"adam\"\nbatch = 60\nepochs = 3";
    assert_eq!(trained(recipe).clipping, None);
    let done = trained(&format!("{recipe}\nclip = {{ global_norm = 0.05 }}"));
    let ledger = done.clipping.unwrap();
    let over = done.trace.steps().filter(|r| r.network.global_norm > 0.05);
    assert_eq!((ledger.steps, ledger.clipped), (12, over.count() as u64));
    assert!(ledger.clipped > 0 && ledger.norm_after() <= 0.05 && ledger.norm_before() > 0.05);
    assert!(ledger.tensors.is_empty());

    let done = trained(&format!("{recipe}\nclip = {{ adaptive = 0.001 }}"));
    let ledger = done.clipping.unwrap();
    let names: Vec<&str> = ledger.tensors.iter().map(|t| t.0.as_str()).collect();
    assert_eq!(names.len(), 6);
    assert!(
        ledger.tensors[0].1 > 0 && names[0] == "dense1.weight",
        "{ledger:?}"
    );
    // The last layer is exempt.
    assert!(ledger.tensors[4..].iter().all(|t| t.1 == 0), "{ledger:?}");
}

#[test]
fn every_optimiser_trains() {
    for (optimizer, lr) in [
        ("sgd", 0.3),
        ("sign", 0.01),
        ("adam", 0.02),
        ("adamw", 0.02),
        ("nadam", 0.02),
        ("rmsprop", 0.01),
        ("adagrad", 0.05),
        ("adadelta", 1.0),
        ("lion", 0.005),
        ("lamb", 0.05),
        ("muon", 0.05),
        ("adan", 0.05),
    ] {
        let aux = if optimizer == "muon" {
            ", aux_lr = 0.01"
        } else {
            ""
        };
        let done = trained(&format!(
            "optimizer = {{ name = \"{optimizer}\", lr = {lr}{aux} }}\nbatch = 30\nepochs = 10"
        ));
        let first = done.trace.validations[0].loss;
        let last = done.valid.unwrap().loss;
        assert!(last < 0.6 * first, "{optimizer}: {first} {last}");
    }
}

#[test]
fn the_suggested_rate_trains_better_than_rates_far_from_it() {
    let of =
        |lr: f64| format!("optimizer = {{ name = \"sgd\", lr = {lr:e} }}\nbatch = 30\nepochs = 4");
    let prepared = prepared(NETWORK, &of(1.0));
    let test = range_test(&prepared, &RangeOptions::default(), &mut Silent).unwrap();
    let points = test.points();
    assert!((points[0].lr - 1e-7).abs() < 1e-20 && points.len() <= 200);
    let suggested = test.suggested().unwrap();
    let loss = |lr: f64| trained(&of(lr)).valid.unwrap().loss;
    let good = loss(suggested);
    assert!(good < 0.8 * loss(suggested / 100.0), "{suggested}");
    assert!(good < 0.8 * loss(suggested * 1000.0), "{suggested}");
}
