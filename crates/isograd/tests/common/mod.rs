//! What several integration tests share.
#![allow(clippy::unwrap_used, clippy::print_stderr, dead_code)]

use isograd::probe::Schedule;
use isograd::session::{Prepared, input_moments, prepare};
use isograd::train::{Finished, Silent, TrainOptions, train};
use isograd_core::describe::Document;
use isograd_core::diagnose::{Diagnosis, Examination, diagnose};
use isograd_core::predict::{Prediction, predict};
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
