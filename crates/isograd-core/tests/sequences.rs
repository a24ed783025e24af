//! Blocks of sequences: what they are written out as, and what is refused with words.

#![allow(clippy::unwrap_used, missing_docs)]

use isograd_core::describe::{DataShape, DescribeError, Document, Op, Plan, Shape, Task};
use std::path::Path;

const WORDS: DataShape = DataShape {
    input: Shape::Sequence {
        steps: 8,
        features: 1,
    },
    task: Task::Classification { classes: 20 },
    examples: 100,
};
const VECTORS: DataShape = DataShape {
    input: Shape::Sequence {
        steps: 8,
        features: 12,
    },
    ..WORDS
};
const IMAGE: DataShape = DataShape {
    input: Shape::Image {
        channels: 3,
        height: 12,
        width: 8,
    },
    ..WORDS
};

fn plan(layers: &str, data: &DataShape) -> Result<Plan, DescribeError> {
    let text = format!(
        "[data]\nsource = \"circles\"\n[network]\nlayers = [{layers}, \"flatten\", {{ dense = \"classes\" }}]\n\
         [train]\nloss = \"cross_entropy\"\noptimizer = \"adam\"\n"
    );
    Document::parse(&text, Path::new("case.toml"))?.plan(data)
}

#[test]
fn what_cannot_be_computed_is_refused_with_words() {
    let cases = [
        (
            "{ attention = 5 }",
            &VECTORS,
            "5 heads do not divide the 12 features",
            "1, 2, 3, 4, 6, 12",
        ),
        (
            "{ transformer = 5 }",
            &VECTORS,
            "5 heads do not divide the 12 features",
            "1, 2, 3, 4, 6, 12",
        ),
        (
            "\"flatten\", { attention = 2 }",
            &VECTORS,
            "attention cannot take a vector",
            "steps of a sequence",
        ),
        (
            "{ attention = 1 }",
            &IMAGE,
            "attention cannot take an image",
            "patches",
        ),
        (
            "{ transformer = 1 }",
            &IMAGE,
            "transformer cannot take an image",
            "patches",
        ),
        (
            "{ patches = 5 }",
            &IMAGE,
            "patches of 5×5 do not divide an image of 12×8",
            "[1, 8]",
        ),
        (
            "{ patches = 2 }",
            &VECTORS,
            "patches cannot take a sequence",
            "image",
        ),
        (
            "\"positions\"",
            &IMAGE,
            "positions cannot take an image",
            "sequence",
        ),
        (
            "{ embedding = 4 }",
            &IMAGE,
            "embedding cannot take an image",
            "ids",
        ),
        (
            "{ dense = 1 }, { embedding = 4 }",
            &VECTORS,
            "ids come from the data",
            "dense",
        ),
        (
            "{ embedding = 4, vocabulary = 9 }",
            &VECTORS,
            "12 features",
            "vocabulary",
        ),
        (
            "{ attention = 2, memory = \"enc\" }",
            &VECTORS,
            "no block before this one is called \"enc\"",
            "name",
        ),
        (
            "{ dense = 6, name = \"encoder\" }, { attention = 2, memory = \"encodr\" }",
            &VECTORS,
            "no block before",
            "encoder",
        ),
        (
            "{ residual = [{ dense = 12, name = \"in\" }] }, { attention = 2, memory = \"in\" }",
            &VECTORS,
            "inside a residual",
            "outside",
        ),
        (
            "{ residual = [{ dense = 12, name = \"in\" }, { attention = 2, memory = \"in\" }] }",
            &VECTORS,
            "inside a residual",
            "outside",
        ),
        (
            "{ dense = 6, name = \"m\" }, { attention = 2, memory = \"m\", causal = true }",
            &VECTORS,
            "cannot be causal",
            "causal",
        ),
        (
            "\"global_avg_pool\", { dense = 6, name = \"m\" }, { queries = 3 }, { attention = 2, memory = \"m\" }",
            &VECTORS,
            "has a sequence as memory",
            "sequence",
        ),
        (
            "{ dense = 4, name = \"m\" }, { transformer = 2, memory = \"m\", decoder_depth = 3 }",
            &VECTORS,
            "decoder",
            "depth",
        ),
        (
            "{ transformer = 2, count = 200000 }",
            &VECTORS,
            "too large",
            "200000",
        ),
    ];
    for (layers, data, message, help) in cases {
        let error = plan(layers, data)
            .err()
            .unwrap_or_else(|| panic!("{layers} is not refused"));
        let text = error.plain();
        assert!(error.to_string().contains(message), "{layers}: {text}");
        assert!(text.contains(help), "{layers}: {text}");
        assert!(text.contains("network.layers["), "{layers}: {text}");
    }
}

#[test]
fn a_transformer_is_written_out_under_its_name() {
    let text = r#"{ transformer = 3, count = 2, ff = 7, rate = 0.1, norm = "post", name = "t" }"#;
    let plan = plan(text, &VECTORS).unwrap();
    let names: Vec<&str> = plan.nodes.iter().map(|n| n.name.as_str()).collect();
    let layer = |n: usize| {
        [
            "attention",
            "drop1",
            "skip1",
            "norm1",
            "ff1",
            "phi",
            "drop",
            "ff2",
            "drop2",
            "skip2",
            "norm2",
        ]
        .map(|part| format!("t.l{n}.{part}"))
    };
    let mut expected: Vec<String> = layer(1).into_iter().chain(layer(2)).collect();
    expected.extend(["flatten1".to_owned(), "dense1".to_owned()]);
    assert_eq!(names, expected);
    // Attention of 12 features: 4 matrices and biases; two dense layers; two normalisations.
    let layer = 4 * 12 * 13 + 7 * 13 + 12 * 8 + 2 * 24;
    assert_eq!(plan.parameters(), 2 * layer + 20 * (96 + 1));
}

#[test]
fn a_decoder_reads_the_end_of_a_block_that_was_written_out() {
    let text = "{ transformer = 3, count = 2, name = \"encoder\" }, { queries = 5, size = 6 }, \
                { transformer = 2, memory = \"encoder\" }";
    let plan = plan(text, &VECTORS).unwrap();
    let cross = plan.node("transformer1.cross").unwrap();
    let Op::Attention {
        memory: Some((id, features)),
        ..
    } = cross.op
    else {
        panic!("{:?}", cross.op)
    };
    assert_eq!(
        (plan.nodes[id].name.as_str(), features),
        ("encoder.l2.skip2", 12)
    );
    assert_eq!(
        cross.output,
        Shape::Sequence {
            steps: 5,
            features: 6
        }
    );
}

#[test]
fn ids_and_one_hot_vectors_are_told_apart() {
    let embedding = |layers: &str, data| match &plan(layers, data).unwrap().nodes[0].op {
        Op::Embedding {
            vocabulary, ids, ..
        } => (*vocabulary, *ids),
        other => panic!("{other:?}"),
    };
    assert_eq!(embedding("{ embedding = 4 }", &WORDS), (20, true));
    assert_eq!(
        embedding("{ embedding = 4, vocabulary = 33 }", &WORDS),
        (33, true)
    );
    assert_eq!(embedding("{ embedding = 4 }", &VECTORS), (12, false));
}

#[test]
fn deep_norm_scales_what_it_should() {
    let text = r#"{ transformer = 3, count = 8, norm = "deep", init = "glorot_uniform" }"#;
    let plan = plan(text, &VECTORS).unwrap();
    let beta = 64f64.powf(-0.25);
    let gain = |init: &isograd_core::describe::network::Init| match init {
        isograd_core::describe::network::Init::GlorotUniform { gain } => *gain,
        other => panic!("{other:?}"),
    };
    let mut scaled = 0;
    for node in plan
        .nodes
        .iter()
        .filter(|n| n.name.starts_with("transformer1"))
    {
        match &node.op {
            Op::Dense { init, .. } => {
                assert!((gain(init) - beta).abs() < 1e-12);
                scaled += 1;
            }
            Op::Attention {
                init, value_gain, ..
            } => {
                assert!((gain(init) - 1.0).abs() < 1e-12 && (value_gain - beta).abs() < 1e-12);
                scaled += 1;
            }
            Op::Multiplier { value, learned, .. } => {
                assert!((value - 2.0).abs() < 1e-12 && !learned, "α = (2·8)^¼ = 2");
                scaled += 1;
            }
            _ => {}
        }
    }
    assert_eq!(scaled, 8 * (2 + 1 + 2));
}
