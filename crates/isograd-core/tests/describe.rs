//! Descriptions as people write them.

#![allow(clippy::unwrap_used)]

use isograd_core::describe::network::{BlockKind, Init, Units};
use isograd_core::describe::{DataShape, Document, Op, Shape, Task};
use isograd_theory::Activation;
use std::path::Path;

const DEEP_SIGMOID: &str = r#"
seed = 1

[data]
source = "circles"
valid = 0.3
scale = "standard"

[network]
init = "he_uniform"
layers = [
  { repeat = 30, layers = [ { dense = 64 }, "sigmoid" ] },
  { dense = "classes" },
]

[train]
loss = "cross_entropy"
optimizer = { name = "adamw", lr = 1e-3 }
batch = 128
epochs = 20
clip = { global_norm = 1.0 }
"#;

fn parse(text: &str) -> Document {
    Document::parse(text, Path::new("deep.toml")).unwrap_or_else(|e| panic!("{}", e.plain()))
}

fn flat(n: usize, classes: usize) -> DataShape {
    DataShape {
        input: Shape::Flat(n),
        task: Task::Classification { classes },
        examples: 100,
    }
}

#[test]
fn the_deep_sigmoid_is_read_and_written_out() {
    let document = parse(DEEP_SIGMOID);
    assert_eq!(document.description.name, "deep");
    let layers = &document.description.network.layers;
    let BlockKind::Repeat {
        count,
        layers: inside,
    } = &layers[0].kind
    else {
        panic!()
    };
    assert_eq!((*count, inside.len()), (30, 2));
    assert_eq!(inside[1].path, "network.layers[0].layers[1]");
    assert_eq!(&document.text[inside[1].span.clone()], "\"sigmoid\"");
    assert_eq!(
        layers[1].kind,
        BlockKind::Dense {
            units: Units::Outputs,
            bias: true
        }
    );

    let plan = document.plan(&flat(2, 2)).unwrap();
    assert_eq!(plan.nodes.len(), 61);
    assert_eq!(plan.layers.len(), 31);
    assert_eq!(plan.chain, (0..61).collect::<Vec<_>>());
    assert_eq!(plan.nodes[59].name, "sigmoid30");
    assert_eq!(plan.nodes[59].copy, [29]);
    assert_eq!(plan.output, Shape::Flat(2));
    let init = Init::HeUniform { gain: 1.0 };
    let dense = Op::Dense {
        inputs: 2,
        units: 64,
        init,
        bias: Some(Init::ZEROS),
    };
    assert_eq!(plan.nodes[0].op, dense);
    assert_eq!(plan.nodes[1].op, Op::Activation(Activation::Sigmoid));
    assert_eq!(plan.layers[0].activation, Some(1));
    assert_eq!(
        plan.parameters(),
        2 * 64 + 64 + 29 * (64 * 64 + 64) + 64 * 2 + 2
    );
}
