//! What a normalisation does: the shift of each layer's gradient under the step of the layers below
//! it, and the smoothness of the loss along the gradient (Santurkar et al. 2018), with the
//! normalisation of a description and without it.
//!
//! `cargo run --release -p isograd --example landscape -- DESCRIPTION.toml [PATH=VALUE …]`; named data sets
//! lie in `ISOGRAD_DATA`. Without a description it takes a small one, for a look.

#![allow(clippy::print_stdout)]

use burn::module::Module as _;
use isograd::nn::{Mode, Network, Pass};
use isograd::probe::{Along, Schedule, along_gradient, covariate_shift};
use isograd::session::{Prepared, prepare};
use isograd::train::loss::{Loss, resolve_output};
use isograd::train::{Silent, TrainOptions, train};
use isograd_core::describe::{Block, Document};
use std::error::Error;
use std::path::{Path, PathBuf};

const SEEDS: [u64; 3] = [1, 2, 3];
/// What is measured where no description is given.
const SMALL: &str = r#"
[data]
source = { name = "circles", samples = 400 }
[network]
init = "he_normal"
layers = [{ repeat = 4, layers = [{ dense = 16 }, "batch_norm", "relu"] }, { dense = "classes" }]
[train]
loss = "binary_cross_entropy"
optimizer = { name = "sgd", lr = 0.05 }
batch = 64
epochs = 100
"#;

/// Steps done before a measurement.
const STEPS: [u64; 5] = [0, 10, 50, 150, 400];
/// Of the learning rate: the range of Santurkar et al.
const LENGTHS: [f64; 4] = [0.5, 1.0, 2.0, 4.0];

/// The network after so many steps; the same for the same seed.
fn trained(prepared: &Prepared, seed: u64, steps: u64) -> Result<Network, Box<dyn Error>> {
    let options = TrainOptions {
        seed: Some(seed),
        max_steps: Some(steps),
        watch: Schedule {
            every: None,
            probes: false,
            ..Schedule::default()
        },
        ..TrainOptions::default()
    };
    // A trained network comes back without gradients.
    Ok(train(prepared, &options, &mut Silent)?.network.train())
}

fn without_norms(blocks: Vec<Block>) -> Vec<Block> {
    let keep = blocks.into_iter().filter(|block| !block.kind.normalises());
    keep.map(|mut block| {
        block.kind.map_layers(without_norms);
        block
    })
    .collect()
}

fn report(name: &str, prepared: &Prepared) -> Result<(), Box<dyn Error>> {
    let (spec, data, plan) = (&prepared.description.train, &prepared.data, &prepared.plan);
    let last = plan.chain.last().map(|&id| &plan.nodes[id].op);
    let output = resolve_output(spec.loss.on, last);
    let outputs = plan.output.elements();
    let judge = Loss::new(&spec.loss, output, outputs, data.shape.task, data.target)?;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    for steps in STEPS {
        let (mut cosine, mut shift) = (Vec::new(), Vec::new());
        let (mut fall, mut turn, mut beta, mut start) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for seed in SEEDS {
            let before = trained(prepared, seed, steps)?;
            let after = trained(prepared, seed, steps + 1)?;
            // The batch of that step.
            let epoch = steps / prepared.steps_per_epoch();
            let in_epoch = (steps % prepared.steps_per_epoch()) as usize;
            let Some(batch) = data.batches(spec.batch, seed, epoch).nth(in_epoch) else {
                continue;
            };
            let loss = |network: &Network| {
                let device = burn::tensor::Device::flex().autodiff();
                let pass = Pass {
                    mode: Mode::Probe,
                    ..Pass::train(seed, steps)
                };
                let y = network.forward(batch.x(&device), &pass);
                judge.evaluate(y, &batch.targets).value
            };
            let shifts = covariate_shift(&before, &after, loss);
            for one in &shifts[1..] {
                cosine.push(one.cosine);
                shift.push(one.change / one.gradient);
            }
            let lengths = LENGTHS.map(|l| l * spec.optimizer.lr);
            let along = along_gradient(&before, loss, &lengths);
            let range = |f: fn(&Along) -> f64| {
                let values = along[1..].iter().map(f);
                values.clone().fold(f64::MIN, f64::max) - values.fold(f64::MAX, f64::min)
            };
            start.push(along[0].loss);
            fall.push(range(|a| a.loss));
            turn.push(range(|a| a.change));
            beta.push(along.iter().map(|a| a.smoothness).fold(0.0, f64::max));
        }
        println!(
            "| {name} | {steps} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.2} |",
            mean(&start),
            mean(&cosine),
            mean(&shift),
            mean(&fall),
            mean(&turn),
            mean(&beta)
        );
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::var_os("ISOGRAD_DATA").map(PathBuf::from);
    let changes: Vec<String> = std::env::args().skip(2).collect();
    let mut document = match std::env::args().nth(1) {
        Some(file) => Document::load(Path::new(&file), &changes)?,
        None => Document::parse(SMALL, Path::new("small.toml"))?,
    };
    println!(
        "| network | step | loss | cosine of G and G′ | ‖G′ − G‖/‖G‖ | range of the loss | range of the gradient's change | β |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    report("as described", &prepare(&document, folder.as_deref())?)?;
    let network = &mut document.description.network;
    network.layers = without_norms(std::mem::take(&mut network.layers));
    report(
        "without normalisation",
        &prepare(&document, folder.as_deref())?,
    )
}
