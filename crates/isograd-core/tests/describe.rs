//! Descriptions as people write them.

#![allow(clippy::unwrap_used)]

use isograd_core::describe::network::{BlockKind, Init, Units};
use isograd_core::describe::{
    DataShape, Document, Op, Shape, Task, describe_patch, diff, isolate, split_repeat,
};
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

fn patch(json: serde_json::Value) -> isograd_core::describe::Patch {
    serde_json::from_value(json).unwrap()
}

#[test]
fn overrides_set_one_value() {
    let document = parse(DEEP_SIGMOID);
    let set = |one: &str| {
        document
            .with_override(one)
            .unwrap_or_else(|e| panic!("{}", e.plain()))
    };
    assert_eq!(set("train.batch=64").description.train.batch, 64);
    assert_eq!(
        set("train.optimizer.lr = 0.5")
            .description
            .train
            .optimizer
            .lr,
        0.5
    );
    assert_eq!(
        set("network.layers[0].repeat=3")
            .plan(&flat(2, 2))
            .unwrap()
            .layers
            .len(),
        4
    );
    let relu = set("network.layers[0].layers[1]=relu");
    assert_eq!(relu.plan(&flat(2, 2)).unwrap().nodes[1].name, "relu1");
    // A word becomes a table where an option is set, and a table that is not there is made.
    assert_eq!(
        set("network.init.gain=2").description.network.init,
        Init::HeUniform { gain: 2.0 }
    );
    let named = set("network.layers[0].layers[1].name=act");
    assert!(
        named.text.contains("{ sigmoid = true, name = \"act\" }"),
        "{}",
        named.text
    );
    assert!(
        set("data.augment=[\"flip_horizontal\"]")
            .description
            .data
            .augment
            .len()
            == 1
    );
    let made = DEEP_SIGMOID.replace("clip = { global_norm = 1.0 }", "");
    let made = parse(&made).with_override("train.clip.value=0.5").unwrap();
    assert_eq!(made.description.train.clip.value, Some(0.5));
}

#[test]
fn a_patch_keeps_comments_and_layout() {
    let text = DEEP_SIGMOID.replace("batch = 128", "batch = 128  # small");
    let before = parse(&text);
    let change = patch(serde_json::json!([
        { "op": "set", "path": "network.layers[0].layers[1]", "from": "sigmoid", "to": "relu" },
        { "op": "insert", "path": "network.layers[0].layers[1]", "from": null, "to": "batch_norm" },
        { "op": "set", "path": "train.optimizer.lr", "from": 0.001, "to": 0.01 },
        { "op": "set", "path": "train.batch", "from": 128, "to": 64 },
        { "op": "delete", "path": "train.clip", "from": null, "to": null },
        { "op": "insert", "path": "network.layers[2]", "from": null, "to": { "dropout": 0.5 } },
    ]));
    let after = before
        .with_patch(&change)
        .unwrap_or_else(|e| panic!("{}", e.plain()));
    insta::assert_snapshot!(diff(&before, &after));
    insta::assert_snapshot!(describe_patch(&before, &change).join("\n"));
}

#[test]
fn one_copy_of_a_repeat_can_be_changed_alone() {
    let text = DEEP_SIGMOID.replace(
        "{ repeat = 30, layers = [ { dense = 64 }, \"sigmoid\" ] }",
        "{ repeat = 3, layers = [ { repeat = { count = 4, layers = [ { dense = 8, name = \"d\" } ] } }, \
         \"tanh\" ] }",
    );
    let before = parse(&text);
    let plan = before.plan(&flat(2, 2)).unwrap();
    let names = |document: &Document| -> Vec<String> {
        document
            .plan(&flat(2, 2))
            .unwrap()
            .nodes
            .into_iter()
            .map(|n| n.name)
            .collect()
    };
    for node in &plan.nodes {
        let split =
            isolate(&before, node).unwrap_or_else(|e| panic!("{}: {}", node.name, e.plain()));
        let alone = before.with_patch(&split.patch).unwrap();
        assert_eq!(names(&alone), names(&before), "{}", node.name);
        let places: Vec<String> = alone
            .plan(&flat(2, 2))
            .unwrap()
            .nodes
            .into_iter()
            .filter(|n| n.path == split.path)
            .map(|n| n.name)
            .collect();
        assert_eq!(places, std::slice::from_ref(&node.name));
    }
    let split = split_repeat(&before, "network.layers[0]", 1).unwrap();
    assert_eq!(split.path, "network.layers[1]");
    insta::assert_snapshot!(diff(&before, &before.with_patch(&split.patch).unwrap()));
}

#[test]
fn a_change_of_a_list_of_tables_keeps_its_meaning() {
    let text = "[data]\nsource = \"blobs\"\n[[network.layers]] # first\ndense = 4\n\n\
                [[network.layers]]\ndense = \"classes\"\n[train]\nloss = \"cross_entropy\"\n\
                optimizer = \"sgd\"\n";
    let before = parse(text);
    let change = patch(serde_json::json!([
        { "op": "insert", "path": "network.layers[1]", "from": null, "to": "relu" },
        { "op": "set", "path": "network.layers[0].init", "from": null, "to": "ones" },
    ]));
    let after = before
        .with_patch(&change)
        .unwrap_or_else(|e| panic!("{}", e.plain()));
    let plan = after.plan(&flat(2, 3)).unwrap();
    let names: Vec<&str> = plan.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["dense1", "relu1", "dense2"]);
}

#[test]
fn residuals_compute_after_their_body() {
    let text = DEEP_SIGMOID.replace(
        "{ repeat = 30, layers = [ { dense = 64 }, \"sigmoid\" ] }",
        "{ dense = 8 }, \"relu\",
         { residual = [ { dense = 8, name = \"inner\" }, { residual = [ \"tanh\" ] } ], frozen = true },
         { residual = { layers = [ \"batch_norm\", \"relu\", { dense = 6 } ] }, init = \"ones\" }",
    );
    let plan = parse(&text).plan(&flat(2, 2)).unwrap();
    let names: Vec<&str> = plan.nodes.iter().map(|n| n.name.as_str()).collect();
    let expected = [
        "dense1",
        "relu1",
        "inner",
        "tanh1",
        "residual2",
        "residual1",
        "batch_norm1",
        "relu2",
        "dense2",
        "residual3.shortcut",
        "residual3",
        "dense3",
    ];
    assert_eq!(names, expected);
    let parents: Vec<Option<usize>> = plan.nodes.iter().map(|n| n.parent).collect();
    let some = Some;
    assert_eq!(
        parents,
        [
            None,
            None,
            some(5),
            some(4),
            some(5),
            None,
            some(10),
            some(10),
            some(10),
            some(10),
            None,
            None
        ]
    );
    assert_eq!(plan.chain, [0, 1, 5, 10, 11]);
    assert_eq!(
        plan.nodes[5].op,
        Op::Residual {
            body: vec![2, 4],
            shortcut: Vec::new()
        }
    );
    assert_eq!(
        plan.nodes[10].op,
        Op::Residual {
            body: vec![6, 7, 8],
            shortcut: vec![9]
        }
    );
    assert_eq!(
        plan.nodes[9].op,
        Op::Dense {
            inputs: 8,
            units: 6,
            init: Init::ONES,
            bias: None
        }
    );
    assert!(plan.nodes[2].frozen && !plan.nodes[0].frozen);
    let layers: Vec<(&str, Vec<usize>, Option<usize>, usize)> = plan
        .layers
        .iter()
        .map(|l| (l.name.as_str(), l.nodes.clone(), l.activation, l.output))
        .collect();
    // Normalisation and ReLU of the third residual are after `inner`, not on its path.
    assert_eq!(
        layers,
        [
            ("dense1", vec![0, 1], some(1), 1),
            ("inner", vec![2, 3, 4, 5, 6, 7], None, 5),
            ("dense2", vec![8, 10], None, 10),
            ("dense3", vec![11], None, 11),
        ]
    );
}

#[test]
fn images_shrink_as_the_windows_say() {
    struct Case {
        block: &'static str,
        output: Shape,
        padding: [usize; 4],
    }
    let image = |height, width, channels| Shape::Image {
        channels,
        height,
        width,
    };
    // Sizes by hand: ⌊(n + p − k)/s⌋ + 1, and ⌈n/s⌉ for "same" with the odd row at the end.
    let cases = [
        Case {
            block: "{ conv2d = 5 }",
            output: image(28, 27, 5),
            padding: [1, 1, 1, 1],
        },
        Case {
            block: "{ conv2d = 5, kernel = 4 }",
            output: image(28, 27, 5),
            padding: [1, 2, 1, 2],
        },
        Case {
            block: "{ conv2d = 5, stride = 2, kernel = 3 }",
            output: image(14, 14, 5),
            padding: [0, 1, 1, 1],
        },
        Case {
            block: "{ conv2d = 5, kernel = [5, 3], padding = \"valid\" }",
            output: image(24, 25, 5),
            padding: [0; 4],
        },
        Case {
            block: "{ conv2d = 5, padding = 2, stride = [3, 1] }",
            output: image(10, 29, 5),
            padding: [2; 4],
        },
        Case {
            block: "\"max_pool2d\"",
            output: image(14, 13, 3),
            padding: [0; 4],
        },
        Case {
            block: "{ avg_pool2d = 3, stride = 1, padding = \"same\" }",
            output: image(28, 27, 3),
            padding: [1; 4],
        },
    ];
    let data = DataShape {
        input: image(28, 27, 3),
        task: Task::Binary,
        examples: 1,
    };
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let layers = format!("{}, \"flatten\"", case.block);
            let text = DEEP_SIGMOID.replace(
                "{ repeat = 30, layers = [ { dense = 64 }, \"sigmoid\" ] }",
                &layers,
            );
            let plan = parse(&text).plan(&data).unwrap();
            let node = &plan.nodes[0];
            let (Op::Conv2d { padding, .. }
            | Op::MaxPool2d { padding, .. }
            | Op::AvgPool2d { padding, .. }) = node.op
            else {
                panic!("{}", node.name)
            };
            (node.output != case.output || padding != case.padding)
                .then(|| format!("{}: {} {padding:?}", case.block, node.output))
        })
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn ten_thousand_layers_are_written_out() {
    let text = DEEP_SIGMOID.replace("repeat = 30", "repeat = 10000");
    let plan = parse(&text).plan(&flat(2, 2)).unwrap();
    assert_eq!(plan.layers.len(), 10_001);
}

#[test]
fn the_examples_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            Document::load(&path, &["seed=7".into()]).unwrap_or_else(|e| panic!("{}", e.plain()));
            seen += 1;
        }
    }
    assert!(seen > 0, "no example found");
}
