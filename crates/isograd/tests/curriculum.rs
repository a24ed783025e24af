//! Curricula and label noise through a whole training.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod common;

use common::{ready, run};
use isograd::data::Targets;
use isograd::session::{Prepared, prepare};
use isograd::train::curriculum;
use isograd_core::describe::Document;
use std::path::Path;

fn text(data: &str, train: &str) -> String {
    format!(
        "[data]\n{data}\n[network]\nlayers = [{{ dense = 16 }}, \"tanh\", {{ dense = \"outputs\" }}]\n\
         [train]\nloss = \"cross_entropy\"\noptimizer = {{ name = \"adam\", lr = 0.01 }}\nbatch = 32\n\
         epochs = 4\n{train}\n"
    )
}

const NOISY: &str = "source = { name = \"blobs\", samples = 1000 }\nlabel_noise = 0.4\ntest = 0.1";

fn losses(prepared: &Prepared) -> Vec<f64> {
    let trace = run(prepared, 3, 1000).trace;
    trace.steps().map(|r| r.network.loss).collect()
}

#[test]
fn training_labels_alone_are_replaced() {
    let clean = ready(&text(&NOISY.replace("0.4", "0.0"), "")).data;
    let noisy = ready(&text(NOISY, "")).data;
    assert_eq!(clean.valid, noisy.valid);
    assert_eq!(clean.test, noisy.test);
    assert_eq!(clean.train.inputs, noisy.train.inputs);
    let (Targets::Index(a), Targets::Index(b)) = (&clean.train.targets, &noisy.train.targets)
    else {
        panic!("blobs have classes")
    };
    let replaced: Vec<bool> = a.iter().zip(b).map(|(a, b)| a != b).collect();
    assert_eq!(replaced, noisy.train.facts.wrong);
    // 700 rows: 280 ± 13.
    let count = replaced.iter().filter(|r| **r).count();
    assert!((228..=332).contains(&count), "{count}");
}

#[test]
fn a_full_curriculum_is_plain_training_and_every_other_is_repeatable() {
    let plain = losses(&ready(&text(NOISY, "")));
    let with =
        |curriculum: &str| losses(&ready(&text(NOISY, &format!("curriculum = {curriculum}"))));
    assert_eq!(
        plain,
        with(r#"{ name = "linear", start = 1.0, difficulty = "noise" }"#)
    );
    let easy = with(r#"{ name = "linear", difficulty = "noise" }"#);
    assert_eq!(easy, with(r#"{ name = "linear", difficulty = "noise" }"#));
    assert_eq!(easy.len(), plain.len(), "the budget is the same");
    let random = with(r#"{ name = "linear", difficulty = "noise", order = "random" }"#);
    let hard = with(r#"{ name = "linear", difficulty = "noise", order = "hard_first" }"#);
    assert!(easy != plain && random != easy && hard != random);
    // Clean labels first: the first tenth of the steps has no wrong one.
    let mean = |losses: &[f64]| losses[5..12].iter().sum::<f64>() / 7.0;
    assert!(
        mean(&easy) < 0.8 * mean(&random),
        "{} {}",
        mean(&easy),
        mean(&random)
    );
}

#[test]
fn a_reference_finds_the_wrong_labels() {
    let train = r#"curriculum = { name = "step", start = 0.5, difficulty = { name = "loss", epochs = 8, layers = [{ dense = "classes" }] } }"#;
    let prepared = ready(&text(NOISY, train));
    let curriculum = curriculum(&prepared, 3).unwrap().unwrap();
    let wrong = &prepared.data.train.facts.wrong;
    let rows = curriculum.available(0);
    assert_eq!(rows.len(), 350);
    let among = rows.iter().filter(|&&row| wrong[row as usize]).count();
    // 140 by chance.
    assert!(among < 20, "{among} wrong labels among the easier half");
    assert_eq!(curriculum.available(43).len(), 350);
    assert_eq!(curriculum.available(44).len(), 700);
}

#[test]
fn what_is_not_known_is_refused() {
    let refused = |data: &str, train: &str| {
        let text = text(data, &format!("curriculum = {train}"));
        let document = Document::parse(&text, Path::new("case.toml")).unwrap();
        prepare(&document, None).unwrap_err().to_string()
    };
    let blobs = "source = \"blobs\"";
    for (train, expected) in [
        (
            r#"{ name = "step", difficulty = "length" }"#,
            "least_length",
        ),
        (r#"{ name = "step", difficulty = "noise" }"#, "label_noise"),
        (
            r#"{ name = "step", difficulty = "scores" }"#,
            "`scores` of `data.train`",
        ),
        (
            r#"{ name = "step", difficulty = { name = "column", column = "age" } }"#,
            "the inputs have x0, x1",
        ),
        (
            r#"{ name = "step", difficulty = { name = "loss", layers = [{ conv2d = 3 }] } }"#,
            "the reference network",
        ),
        (
            r#"{ name = "step", difficulty = { name = "loss", layers = [{ dense = 2 }] } }"#,
            "train.curriculum",
        ),
    ] {
        let message = refused(blobs, train);
        assert!(message.contains(expected), "{train}: {message}");
    }
    let real = text("source = \"adding\"\nlabel_noise = 0.1", "").replace("cross_entropy", "mse");
    let real = real.replace("[{ dense = 16 }", "[\"flatten\", { dense = 16 }");
    let document = Document::parse(&real, Path::new("case.toml")).unwrap();
    let message = prepare(&document, None).unwrap_err().to_string();
    assert!(message.contains("classes"), "{message}");
}
