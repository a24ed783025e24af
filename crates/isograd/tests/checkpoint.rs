//! Gradient checkpointing changes nothing but memory and time: losses, everything that is measured,
//! weights and running statistics are those of the network in one piece.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod common;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use isograd::nn::{Cuts, Network};
use isograd::train::Finished;
use isograd_core::describe::train::Checkpoint;
use isograd_core::trace::Quantity;

fn text(source: &str, layers: &str, train: &str) -> String {
    format!(
        "seed = 3\n[data]\nsource = {source}\nvalid = 0.2\n[network]\nlayers = [\n{layers}\n]\n\
         [train]\nloss = \"cross_entropy\"\nbatch = 24\n{train}\n"
    )
}

/// Adam would make steps of the rounding errors that are the gradients of the biases of keys.
const SGD: &str = r#"optimizer = { name = "sgd", lr = 1e-3, momentum = 0.9 }"#;
const ADAM: &str = r#"optimizer = { name = "adamw", lr = 1e-3 }"#;

const BLOBS: &str = r#"{ name = "blobs", samples = 120, classes = 3 }"#;
const GLYPHS: &str = r#"{ name = "glyphs", samples = 120 }"#;
const COPY: &str = r#"{ name = "copy-memory", length = 6, samples = 120 }"#;

const PERCEPTRON: &str = r#"
    { repeat = 6, layers = [ { dense = 12 }, "batch_norm", "tanh", { dropout = 0.2 } ] },
    { dense = "classes" }"#;
const CONVOLUTIONS: &str = r#"
    { conv2d = 4 }, "batch_norm", "relu",
    { basic_block = 4 }, { basic_block = 8, stride = 2 }, { basic_block = 8, drop = 0.3 },
    "global_avg_pool", { dense = "classes" }"#;
const TRANSFORMER: &str = r#"
    { embedding = 8 }, "positions", { transformer = 2, ff = 16, count = 3, rate = 0.1 },
    "layer_norm", { dense = "classes" }"#;
const DECODER: &str = r#"
    { embedding = 8, name = "front" }, { dense = 8 }, { transformer = 2, ff = 16, name = "encoder" },
    { dense = 8, name = "between" },
    { transformer = 2, ff = 16, memory = "between", name = "first" },
    { dense = 8 }, { transformer = 2, ff = 16, memory = "between", name = "second" },
    { transformer = 2, ff = 16, memory = "front", name = "third" }, { dense = "classes" }"#;
/// Nothing is trained below `dense3`, and what is there has running statistics.
const FROZEN: &str = r#"
    { dense = 12, frozen = true }, "tanh", { batch_norm = true, frozen = true },
    { dense = 12, frozen = true }, "tanh", { dense = 12 }, "tanh", { dense = 12, frozen = true },
    "tanh", { dense = 12 }, "tanh", { dense = "classes" }"#;

/// All numbers of a training, with what they are.
fn numbers(done: &Finished) -> Vec<(String, f64)> {
    let mut all = Vec::new();
    for (i, record) in done.trace.records.iter().enumerate() {
        let n = record.network;
        all.push((format!("record {i}: loss"), n.loss));
        all.push((format!("record {i}: norm"), n.global_norm));
        for (row, site) in record.rows.iter().zip(&done.trace.sites) {
            for quantity in Quantity::ALL {
                // One that only one of the two has measured differs from NaN.
                let value = row.get(quantity).unwrap_or(-1.0);
                all.push((format!("record {i}: {quantity:?} of {}", site.name), value));
            }
        }
    }
    for v in &done.trace.validations {
        all.push((format!("validation at {}", v.step), v.loss));
    }
    all.extend(parameters(&done.network));
    all
}

/// Weights and running statistics.
fn parameters(network: &Network) -> Vec<(String, f64)> {
    #[derive(Default)]
    struct All(Vec<String>, Vec<(String, f64)>);
    impl ModuleVisitor for All {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.0.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.0.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let values = param.val().into_data();
            let path = self.0.join(".");
            self.1
                .extend(values.iter::<f64>().map(|x| (path.clone(), x)));
        }
    }
    let mut all = All::default();
    network.visit(&mut all);
    all.1
}

#[test]
fn a_network_in_pieces_trains_as_one_in_one_piece() {
    for (name, source, layers, optimizer, more) in [
        ("perceptron", BLOBS, PERCEPTRON, ADAM, ""),
        (
            "two batches a step",
            BLOBS,
            PERCEPTRON,
            ADAM,
            "accumulate = 2\nl2 = 1e-3",
        ),
        (
            "residual",
            GLYPHS,
            CONVOLUTIONS,
            ADAM,
            "clip = { global_norm = 1.0 }",
        ),
        ("transformer", COPY, TRANSFORMER, SGD, ""),
        ("encoder and decoder", COPY, DECODER, SGD, ""),
        ("frozen", BLOBS, FROZEN, ADAM, ""),
    ] {
        let run = |checkpoint: &str| {
            let text = text(
                source,
                layers,
                &format!("{optimizer}\ncheckpoint = {checkpoint}\n{more}"),
            );
            common::run(&common::ready(&text), 1, 5)
        };
        // The gradients of a memory are added in another order.
        let allowed = if layers == DECODER { 1e-3 } else { 0.0 };
        let whole = numbers(&run("false"));
        for checkpoint in ["true", "2", "1000"] {
            let pieces = numbers(&run(checkpoint));
            assert_eq!(whole.len(), pieces.len());
            let mut off = 0.0f64;
            for ((what, a), (_, b)) in whole.iter().zip(&pieces) {
                let apart = (a - b).abs() / a.abs().max(1e-3);
                // A NaN here and there is none in what was measured.
                assert!(apart <= allowed, "{name}, {checkpoint}: {what}: {a} {b}");
                off = off.max(apart);
            }
            println!("{name}, {checkpoint}: {} numbers, {off:.1e}", whole.len());
        }
    }
}

#[test]
fn pieces_are_even_and_begin_with_layers() {
    let pieces = |layers: &str, checkpoint| {
        Cuts::of(&common::ready(&text(BLOBS, layers, ADAM)).plan, checkpoint).pieces()
    };
    let deep = r#"{ repeat = 99, layers = [ { dense = 4 }, "tanh" ] }, { dense = "classes" }"#;
    assert_eq!(pieces(deep, Checkpoint::Off), 1);
    assert_eq!(pieces(deep, Checkpoint::Root), 10);
    assert_eq!(pieces(deep, Checkpoint::Pieces(7)), 7);
    // A hundred layers give a hundred pieces and no more.
    assert_eq!(pieces(deep, Checkpoint::Pieces(5000)), 100);
    // Only the three layers from the first trained one on.
    assert_eq!(pieces(FROZEN, Checkpoint::Pieces(5000)), 4);
    let all_frozen = r#"{ dense = 4, frozen = true }, { dense = "classes", frozen = true }"#;
    assert_eq!(pieces(all_frozen, Checkpoint::Root), 1);
}
