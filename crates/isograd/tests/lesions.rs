//! Lesions and linear probes on networks of which is known what they must give.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use burn::tensor::Device;
use isograd::nn::{Build, Network, Pass};
use isograd::probe::linear_probes;
use isograd::session::{Prepared, prepare};
use isograd_core::describe::Document;
use isograd_core::describe::lesion::lesions;
use std::path::Path;

fn ready(layers: &str) -> (Prepared, Network) {
    let text = format!(
        "[data]\nsource = {{ name = \"blobs\", samples = 600, classes = 3 }}\nvalid = 0.3\nscale = \"standard\"\n\
         [network]\nlayers = [ {layers}, {{ dense = \"classes\" }} ]\n\
         [train]\nloss = \"cross_entropy\"\noptimizer = \"sgd\"\n"
    );
    let document = Document::parse(&text, Path::new("lesions.toml")).unwrap();
    let prepared = prepare(&document, None).unwrap();
    let network = Build::new(3, Device::flex()).network(&prepared.plan);
    (prepared, network)
}

fn output(network: &Network, prepared: &Prepared) -> Vec<f32> {
    let part = &prepared.data.train;
    let rows: Vec<u32> = (0..part.len() as u32).collect();
    let data = burn::tensor::TensorData::new(part.batch(&rows).inputs, [part.len(), part.elements]);
    let x = burn::tensor::Tensor::<2>::from_data(data, &Device::flex());
    let y = network.forward(x, &Pass::evaluate());
    y.into_data().iter::<f32>().collect()
}

#[test]
fn a_block_that_adds_nothing_is_not_missed() {
    let (prepared, network) = ready(
        r#"{ dense = 8 }, { residual = { layers = [ { dense = 8 }, "tanh" ], rezero = true } }, { residual = { layers = [ { dense = 8 }, "tanh" ] } }"#,
    );
    let whole = output(&network, &prepared);
    let of = |name: &str| {
        let lesion = lesions(network.plan()).into_iter().find(|l| l.name == name);
        output(&network.rearranged(lesion.unwrap().plan), &prepared)
    };
    // The first starts closed: without it, or behind the second, all is as it was.
    assert_eq!(of("without residual1"), whole);
    assert_eq!(of("residual1 and residual2 exchanged"), whole);
    assert_ne!(of("without residual2"), whole);
}

#[test]
fn a_silent_concatenation_gives_zeros() {
    let (prepared, network) = ready(r#"{ concat = { layers = [ { dense = 4 }, "tanh" ] } }"#);
    let lesion = lesions(network.plan()).remove(0);
    let silent = output(&network.rearranged(lesion.plan), &prepared);
    // The classifier then sees its input's part of the weights alone.
    let (closed, _) =
        ready(r#"{ concat = { layers = [ { dense = 4, init = "zeros" }, "tanh" ] } }"#);
    let zeros = Build::new(3, Device::flex()).network(&closed.plan);
    assert_eq!(silent, output(&zeros, &closed));
    assert_ne!(silent, output(&network, &prepared));
}

#[test]
fn classes_are_read_off_where_they_are() {
    let (prepared, network) = ready(r#"{ dense = 8 }, "tanh""#);
    let part = prepared.data.valid.as_ref().unwrap();
    let probes = linear_probes(&network, &prepared.data.train, part);
    let names: Vec<&str> = probes.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["dense1", "tanh1", "dense2"]);
    // Well separated blobs, whatever the weights.
    assert!(probes[0].accuracy > 0.9, "{probes:?}");
    // Nothing is left behind weights of zero: the most frequent class.
    let (dead, _) = ready(r#"{ dense = 8, init = "zeros" }, "tanh""#);
    let network = Build::new(3, Device::flex()).network(&dead.plan);
    let probes = linear_probes(&network, &dead.data.train, part);
    assert!(probes[1].accuracy < 0.5, "{probes:?}");
}
