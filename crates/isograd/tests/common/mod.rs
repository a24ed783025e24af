//! What several integration tests share.
#![allow(clippy::unwrap_used, clippy::print_stderr, dead_code)]

use isograd::probe::Schedule;
use isograd::session::{Prepared, input_moments, prepare};
use isograd::train::{Finished, Silent, TrainOptions, train};
use isograd_core::describe::{Document, Plan};
use isograd_core::diagnose::{Diagnosis, Examination, diagnose};
use isograd_core::predict::{Prediction, predict};
use isograd_core::trace::{Quantity, Trace};
use std::path::{Path, PathBuf};

/// A description from its text, with its data.
pub(crate) fn ready(text: &str) -> Prepared {
    let document =
        Document::parse(text, Path::new("test.toml")).unwrap_or_else(|e| panic!("{e}\n{text}"));
    prepare(&document, None).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// At most so many steps with this seed, everything measured as `doctor` does.
pub(crate) fn run(prepared: &Prepared, seed: u64, steps: u64) -> Finished {
    let options = TrainOptions {
        max_steps: Some(steps),
        watch: Schedule::default(),
        seed: Some(seed),
        ..TrainOptions::default()
    };
    train(prepared, &options, &mut Silent).unwrap()
}

/// The network of this seed before its first step, probed.
pub(crate) fn start(prepared: &Prepared, seed: u64) -> Trace {
    let options = TrainOptions {
        max_steps: Some(0),
        watch: Schedule {
            every: None,
            probes: true,
            ..Schedule::default()
        },
        seed: Some(seed),
        ..TrainOptions::default()
    };
    train(prepared, &options, &mut Silent).unwrap().trace
}

/// Least-squares slope of ln G over the outputs of the hidden layers.
pub(crate) fn measured_slope(plan: &Plan, trace: &Trace) -> f64 {
    let rows = &trace.first_probe().unwrap().rows;
    let hidden = &plan.layers[..plan.layers.len() - 1];
    let points: Vec<(f64, f64)> = hidden
        .iter()
        .enumerate()
        .map(|(i, layer)| {
            let site = trace.site(&plan.nodes[layer.output].name).unwrap();
            (i as f64, rows[site].get(Quantity::Gradient).unwrap().ln())
        })
        .collect();
    let n = points.len() as f64;
    let (mx, my) = (
        points.iter().map(|p| p.0).sum::<f64>() / n,
        points.iter().map(|p| p.1).sum::<f64>() / n,
    );
    let sxy: f64 = points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum();
    let sxx: f64 = points.iter().map(|p| (p.0 - mx).powi(2)).sum();
    sxy / sxx
}

/// The diagnosis of a training.
pub(crate) fn judge(prepared: &Prepared, done: &Finished) -> (Prediction, Diagnosis) {
    let prediction = predict(&prepared.plan, input_moments(&prepared.data, 1));
    let diagnosis = diagnose(&Examination {
        description: &prepared.description,
        plan: &prepared.plan,
        prediction: &prediction,
        trace: &done.trace,
    });
    (prediction, diagnosis)
}

/// A folder beside the project that tests may read: `ISOGRAD_SHARED`, or `../shared` from the root.
/// Says so and gives `None` where there is none; with the variable set, a missing folder fails.
pub(crate) fn shared(what: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("ISOGRAD_SHARED") {
        let path = PathBuf::from(folder).join(what);
        assert!(
            path.exists(),
            "ISOGRAD_SHARED is set, but {} is not there",
            path.display()
        );
        return Some(path);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared")
        .join(what);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: no {what} in ISOGRAD_SHARED or ../shared");
    None
}
