//! Pacing functions and measures of difficulty, computed a second way.

use super::closed_form::Pair;
use burn::module::Module as _;
use burn::tensor::{Device, Tensor, TensorData};
use isograd::nn::Pass;
use isograd::session::{Prepared, prepare};
use isograd::train::{Silent, TrainOptions, difficulty, train};
use isograd_core::describe::{CurriculumSpec, Document};
use isograd_core::random::{Purpose, stream};
use rand::RngExt as _;
use std::path::Path;

fn prepared(data: &str, train: &str, file: &Path) -> Prepared {
    let text = format!(
        "[data]\n{data}\n[network]\nlayers = [\"flatten\", {{ dense = 8 }}, \"tanh\", {{ dense = \"outputs\" }}]\n\
         [train]\noptimizer = \"adam\"\n{train}\n"
    );
    let document = Document::parse(&text, file).unwrap_or_else(|e| panic!("{text}{e}"));
    prepare(&document, None).unwrap_or_else(|e| panic!("{text}{e}"))
}

fn here(data: &str, train: &str) -> Prepared {
    prepared(data, train, Path::new("case.toml"))
}

fn spec(curriculum: &str) -> CurriculumSpec {
    let train = format!("loss = \"mse\"\ncurriculum = {curriculum}");
    let data = "source = { name = \"blobs\", samples = 20, least_noise = 0.1 }";
    let spec = here(data, &train).description.train.curriculum;
    spec.unwrap()
}

/// The shares of every step of 60.
fn shares(curriculum: &str, wanted: impl Fn(f64) -> f64) -> Pair {
    let spec = spec(curriculum);
    let got = (0..60).map(|step| spec.share(step, 60)).collect();
    (got, (0..60).map(|step| wanted(f64::from(step))).collect())
}

/// b + (1 − b)·⌊t/(aT)⌋.
pub(crate) fn step() -> Pair {
    shares(
        r#"{ name = "step", start = 0.3, full = 0.5, difficulty = "noise" }"#,
        |t| (0.3 + 0.7 * (t / 30.0).floor()).min(1.0),
    )
}

/// min(1, b + (1 − b)·t/(aT)).
pub(crate) fn linear() -> Pair {
    shares(
        r#"{ name = "linear", start = 0.1, full = 0.75, difficulty = "noise" }"#,
        |t| (0.1 + 0.9 * t / 45.0).min(1.0),
    )
}

/// min(start · inc^⌊i/length⌋, 1): five stages of eight steps from 0.04, inc = 25^(1/5).
pub(crate) fn exponential() -> Pair {
    let full = 40.0 / 60.0;
    shares(
        &format!(
            r#"{{ name = "exponential", start = 0.04, full = {full}, stages = 5, difficulty = "noise" }}"#
        ),
        |t| (0.04 * 25f64.powf(0.2).powf((t / 8.0).floor())).min(1.0),
    )
}

fn of(prepared: &Prepared) -> Vec<f64> {
    let spec = prepared.description.train.curriculum.as_ref().unwrap();
    difficulty(prepared, &spec.difficulty, 4).unwrap()
}

/// The reference trained without a curriculum, and −ln softmax of its outputs in double precision.
pub(crate) fn loss() -> Pair {
    let data = "source = { name = \"spirals\", samples = 300 }";
    let train_table = |rest: &str| format!("loss = \"cross_entropy\"\nbatch = 32\n{rest}");
    let curriculum =
        r#"curriculum = { name = "step", difficulty = { name = "loss", epochs = 2 } }"#;
    let got = of(&here(data, &train_table(curriculum)));
    let plain = here(data, &train_table("epochs = 2"));
    let options = TrainOptions {
        seed: Some(stream(4, Purpose::Curriculum, "reference", 0).random()),
        ..TrainOptions::default()
    };
    let network = train(&plain, &options, &mut Silent).unwrap().network;
    let part = &plain.data.train;
    let rows = TensorData::new(part.inputs.clone(), [part.len(), part.elements]);
    let x = Tensor::<2>::from_data(rows, &Device::flex());
    let y = network.valid().forward(x, &Pass::evaluate()).into_data();
    let logits: Vec<f64> = y.iter::<f64>().collect();
    let isograd::data::Targets::Index(classes) = &part.targets else {
        panic!("spirals have classes")
    };
    let wanted = logits.chunks(3).zip(classes).map(|(y, &class)| {
        let sum: f64 = y.iter().map(|y| y.exp()).sum();
        sum.ln() - y[class as usize]
    });
    (got, wanted.collect())
}

/// A table whose last column is a target, and a file of scores beside it.
fn files(train: &str) -> (Prepared, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: i32| format!("{},{},{}\n", i % 7, 100 - i, f64::from(i).sqrt());
    let table: String = (0..40).map(row).collect();
    std::fs::write(folder.path().join("a.csv"), format!("age,b,y\n{table}")).unwrap();
    let scores: String = (0..40).map(|i| (i * 17 % 40).to_string() + "\n").collect();
    std::fs::write(folder.path().join("scores.csv"), format!("score\n{scores}")).unwrap();
    let data =
        "source = \"csv\"\ntrain = { file = \"a.csv\", scores = \"scores.csv\" }\nvalid = false";
    let train = format!("loss = \"mse\"\n{train}");
    (
        prepared(data, &train, &folder.path().join("case.toml")),
        folder,
    )
}

pub(crate) fn scores() -> Pair {
    let (prepared, _folder) = files(r#"curriculum = { name = "step", difficulty = "scores" }"#);
    (
        of(&prepared),
        (0..40).map(|i| f64::from(i * 17 % 40)).collect(),
    )
}

pub(crate) fn column() -> Pair {
    let (prepared, _folder) = files(
        r#"curriculum = { name = "step", difficulty = { name = "column", column = "age" } }"#,
    );
    (of(&prepared), (0..40).map(|i| f64::from(i % 7)).collect())
}

/// Steps of the adding problem from the first that is not empty.
pub(crate) fn length() -> Pair {
    let prepared = here(
        "source = { name = \"adding\", samples = 200, length = 30, least_length = 5 }",
        "loss = \"mse\"\ncurriculum = { name = \"step\", difficulty = \"length\" }",
    );
    let part = &prepared.data.train;
    let steps = |row: usize| {
        let empty = part.row(row).iter().position(|&x| x != 0.0).unwrap_or(60) / 2;
        30.0 - empty as f64
    };
    (of(&prepared), (0..part.len()).map(steps).collect())
}

/// One blob: coordinates are level × a standard normal number. Within each of eight groups of
/// examples by their level, the spread of the inputs is the mean level.
pub(crate) fn noise() -> Pair {
    let prepared = here(
        "source = { name = \"blobs\", samples = 40000, classes = 1, noise = 2.0, least_noise = 0.5 }",
        "loss = \"mse\"\ncurriculum = { name = \"step\", difficulty = \"noise\" }",
    );
    let part = &prepared.data.train;
    let mut rows: Vec<(f64, usize)> = of(&prepared).into_iter().zip(0..).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let groups = rows.chunks(part.len() / 8);
    groups
        .map(|group| {
            let mean_square = group.iter().map(|(level, _)| level * level).sum::<f64>();
            let inputs = group.iter().flat_map(|&(_, row)| part.row(row));
            let squares = inputs.map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
            let n = group.len() as f64;
            ((mean_square / n).sqrt(), (squares / (2.0 * n)).sqrt())
        })
        .unzip()
}
