//! A description in a few words.

use isograd::data::Part;
use isograd::session::Prepared;
use isograd_core::describe::data::Source;
use isograd_core::describe::train::{LossKind, OptimizerKind, TrainSpec};
use isograd_core::describe::{Document, Shape, Task};
use isograd_core::report::Facts;
use isograd_core::report::terminal::count;

/// What was asked for.
pub(super) fn facts(document: &Document, prepared: &Prepared) -> Facts {
    let description = &document.description;
    Facts {
        name: description.name.clone(),
        file: document.file.display().to_string(),
        data: data(&description.data.source, prepared),
        recipe: recipe(&description.train),
        device: "CPU (Flex)".into(),
        seed: description.seed,
    }
}

fn data(source: &Source, prepared: &Prepared) -> String {
    let data = &prepared.data;
    let mut parts = vec![format!("{} training", count(data.train.len()))];
    let mut add = |part: &Option<Part>, word: &str| {
        parts.extend(part.as_ref().map(|p| format!("{} {word}", count(p.len()))));
    };
    add(&data.valid, "validation");
    add(&data.test, "test");
    let inputs = match data.shape.input {
        Shape::Flat(n) => format!("{} inputs", count(n)),
        shape => shape.to_string(),
    };
    let targets = match data.shape.task {
        Task::Classification { classes } => format!("{classes} classes"),
        Task::Steps { classes, steps } => format!("{classes} classes at each of {steps} steps"),
        Task::Binary => "a yes-or-no target".into(),
        Task::MultiLabel { labels } => format!("{labels} labels"),
        Task::Regression { targets: 1 } => "a real target".into(),
        Task::Regression { targets } => format!("{targets} real targets"),
    };
    let examples = listed(&parts);
    format!(
        "{}: {examples} examples, {inputs}, {targets}",
        source_word(source)
    )
}

/// `a`, `a and b`, `a, b and c`.
fn listed(parts: &[String]) -> String {
    match parts {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => parts.concat(),
    }
}

fn source_word(source: &Source) -> &str {
    match source {
        Source::Circles(_) => "circles",
        Source::Blobs(_) => "blobs",
        Source::Spirals(_) => "spirals",
        Source::Glyphs(_) => "glyphs",
        Source::Adding(_) => "adding",
        Source::CopyMemory(_) => "copy-memory",
        Source::Named(name) | Source::NamedText(name, _) => name,
        Source::Csv(_) => "csv",
        Source::Idx => "idx",
        Source::Cifar => "cifar",
        Source::Npy => "npy",
        Source::Text(_) => "text",
        _ => "data",
    }
}

fn recipe(train: &TrainSpec) -> String {
    let loss = match train.loss.kind {
        LossKind::CrossEntropy => "cross-entropy",
        LossKind::BinaryCrossEntropy => "binary cross-entropy",
        LossKind::Mse => "mean squared error",
        LossKind::Mae => "mean absolute error",
        LossKind::Hinge => "hinge loss",
        LossKind::SquaredHinge => "squared hinge loss",
        LossKind::Huber { .. } => "Huber loss",
        LossKind::Msle => "mean squared logarithmic error",
        LossKind::Kld => "Kullback–Leibler divergence",
        LossKind::Poisson { .. } => "Poisson loss",
        LossKind::Angle { .. } => "angle between directions",
        _ => "another loss",
    };
    let optimizer = match train.optimizer.kind {
        OptimizerKind::Sgd { momentum: 0.0, .. } => "SGD",
        OptimizerKind::Sgd { .. } => "SGD with momentum",
        OptimizerKind::Adam { .. } => "Adam",
        OptimizerKind::AdamW { .. } => "AdamW",
        OptimizerKind::Sign { .. } => "signSGD",
        OptimizerKind::NAdam { .. } => "NAdam",
        OptimizerKind::Lion { .. } => "Lion",
        OptimizerKind::Lamb { .. } => "LAMB",
        OptimizerKind::Muon { .. } => "Muon",
        OptimizerKind::Adan { .. } => "Adan",
        OptimizerKind::RmsProp { .. } => "RMSprop",
        OptimizerKind::Adagrad { .. } => "Adagrad",
        OptimizerKind::Adadelta { .. } => "Adadelta",
        _ => "another optimiser",
    };
    let epochs = if train.epochs == 1 { "epoch" } else { "epochs" };
    format!(
        "{loss}, {optimizer} at rate {}, batches of {}, {} {epochs}",
        train.optimizer.lr, train.batch, train.epochs
    )
}
