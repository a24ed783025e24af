//! What the loop does, computed a second way.

use super::closed_form::Pair;
use isograd::probe::Schedule;
use isograd::session::{Prepared, prepare};
use isograd::train::{RangeOptions, Silent, TrainOptions, range_test, train};
use isograd_core::describe::Document;
use isograd_core::trace::Quantity;
use std::path::Path;

fn prepared(recipe: &str) -> Prepared {
    let text = format!(
        "seed = 3\n[data]\nsource = {{ name = \"blobs\", samples = 300, classes = 3 }}\n\
         [network]\nlayers = [{{ dense = 12 }}, \"tanh\", {{ dense = \"classes\" }}]\n\
         [train]\nloss = \"cross_entropy\"\noptimizer = {{ name = \"adam\", lr = 0.01 }}\n{recipe}\n"
    );
    let document = Document::parse(&text, Path::new("loop.toml"));
    prepare(&document.unwrap_or_else(|e| panic!("{text}{e}")), None).unwrap()
}

fn losses(recipe: &str) -> Vec<f64> {
    let done = train(&prepared(recipe), &TrainOptions::default(), &mut Silent).unwrap();
    done.trace.steps().map(|r| r.network.loss).collect()
}

/// The losses of four batches of 18 together and of one of 72, over three epochs whose last step
/// has 24 examples.
pub(crate) fn accumulation() -> Pair {
    let small = losses("epochs = 3\nbatch = 18\naccumulate = 4");
    (small, losses("epochs = 3\nbatch = 72"))
}

/// Losses and gradients of every layer of a network in five pieces and of one in one piece, over the
/// 15 steps of three epochs.
pub(crate) fn checkpoint() -> Pair {
    let numbers = |checkpoint: &str| -> Vec<f64> {
        let text = format!(
            "seed = 3\n[data]\nsource = {{ name = \"blobs\", samples = 300, classes = 3 }}\n\
             [network]\nlayers = [{{ repeat = 8, layers = [{{ dense = 12 }}, \"batch_norm\", \"tanh\",\
             {{ dropout = 0.1 }}] }}, {{ dense = \"classes\" }}]\n[train]\n\
             loss = \"cross_entropy\"\noptimizer = {{ name = \"adam\", lr = 0.01 }}\n\
             batch = 60\nepochs = 3\ncheckpoint = {checkpoint}\n"
        );
        let document = Document::parse(&text, Path::new("loop.toml"));
        let prepared = prepare(&document.unwrap_or_else(|e| panic!("{text}{e}")), None).unwrap();
        let options = TrainOptions {
            watch: Schedule {
                every: Some(1),
                probes: true,
                ..Schedule::default()
            },
            ..TrainOptions::default()
        };
        let done = train(&prepared, &options, &mut Silent).unwrap();
        let records = done.trace.records.iter();
        records
            .flat_map(|record| {
                let rows = record.rows.iter();
                let gradients = rows.filter_map(|row| row.get(Quantity::Gradient));
                std::iter::once(record.network.loss).chain(gradients)
            })
            .collect()
    };
    (numbers("5"), numbers("false"))
}

/// from·(to/from)^(i/(n − 1)).
pub(crate) fn range() -> Pair {
    let options = RangeOptions {
        from: 1e-6,
        to: 1e-2,
        steps: 41,
    };
    let test = range_test(&prepared("batch = 60"), &options, &mut Silent).unwrap();
    let got: Vec<f64> = test.points().iter().map(|p| p.lr).collect();
    let wanted = (0..41).map(|i| 10f64.powf(-6.0 + f64::from(i) / 10.0));
    (got, wanted.collect())
}
