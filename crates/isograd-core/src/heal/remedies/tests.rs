//! Each remedy on descriptions with and without what it mends.
#![allow(clippy::unwrap_used)]

use super::all;
use crate::describe::Document;
use crate::heal::subject::Subject;
use serde_json::Value;
use std::path::Path;

/// A description with this network; `rest` goes into the training table.
pub(crate) fn document(network: &str, rest: &str) -> Document {
    let text = format!(
        "[data]\nsource = \"blobs\"\n\n[network]\n{network}\n\n[train]\nloss = \"cross_entropy\"\n{rest}\n"
    );
    Document::parse(&text, Path::new("test.toml")).unwrap()
}

fn values(document: &Document) -> Value {
    let table: toml::Table = document.text.parse().unwrap();
    serde_json::to_value(table).unwrap()
}

const RATE: &str = "optimizer = { name = \"adam\", lr = 1e-3 }";

struct Case {
    code: &'static str,
    network: &'static str,
    train: &'static str,
    /// Network, training table and number of edits afterwards; `None`: does not apply.
    expected: Option<(&'static str, &'static str, usize)>,
}

const fn network(
    code: &'static str,
    network: &'static str,
    expected: Option<(&'static str, usize)>,
) -> Case {
    Case {
        code,
        network,
        train: RATE,
        expected: match expected {
            Some((after, edits)) => Some((after, RATE, edits)),
            None => None,
        },
    }
}

const fn train(
    code: &'static str,
    train: &'static str,
    expected: Option<(&'static str, usize)>,
) -> Case {
    const LAYERS: &str = "layers = [{ dense = \"classes\" }]";
    Case {
        code,
        network: LAYERS,
        train,
        expected: match expected {
            Some((after, edits)) => Some((LAYERS, after, edits)),
            None => None,
        },
    }
}

const CASES: &[Case] = &[
    network(
        "relu",
        r#"layers = [{ repeat = 30, layers = [{ dense = 64 }, "sigmoid"] }, { dense = "classes" }]"#,
        Some((
            r#"init = "he_normal"
layers = [{ repeat = 30, layers = [{ dense = 64 }, "relu"] }, { dense = "classes" }]"#,
            2,
        )),
    ),
    // Already He: one edit; the output's softmax and the tanh without weights behind stay.
    network(
        "relu",
        r#"init = "he_uniform"
layers = [{ dense = 8 }, "tanh", { dense = 8, name = "x" }, "sigmoid", { dense = "classes" }, "tanh"]"#,
        Some((
            r#"init = "he_uniform"
layers = [{ dense = 8 }, "relu", { dense = 8, name = "x" }, "relu", { dense = "classes" }, "tanh"]"#,
            1,
        )),
    ),
    // A block's own initialisation is replaced where it stands.
    network(
        "relu",
        r#"layers = [{ dense = { units = 8, init = "ones" } }, "sigmoid", { dense = "classes" }]"#,
        Some((
            r#"layers = [{ dense = { units = 8, init = "he_normal" } }, "relu", { dense = "classes" }]"#,
            2,
        )),
    ),
    network(
        "relu",
        r#"layers = [{ dense = 8 }, "relu", { dense = "classes" }, "sigmoid"]"#,
        None,
    ),
    network(
        "tanh",
        r#"layers = [{ dense = 8 }, "relu", { dense = "classes" }]"#,
        Some((
            "init = \"lecun_normal\"\nlayers = [{ dense = 8 }, \"tanh\", { dense = \"classes\" }]",
            2,
        )),
    ),
    network(
        "tanh",
        r#"layers = [{ dense = 8 }, "tanh", { dense = "classes" }]"#,
        None,
    ),
    network(
        "critical-init",
        r#"init = { name = "he_normal", gain = 2.0 }
layers = [{ repeat = 3, layers = [{ dense = 8 }, "relu"] }, { dense = "classes" }]"#,
        Some((
            r#"init = "he_normal"
layers = [{ repeat = 3, layers = [{ dense = 8 }, "relu"] }, { dense = "classes" }]"#,
            1,
        )),
    ),
    // Only where it is wrong, and the layer with its own setting keeps the place of it.
    network(
        "critical-init",
        r#"init = "he_uniform"
layers = [{ repeat = 3, layers = [{ dense = 8 }, "relu"], init = "ones" }, { dense = 8 }, "relu", { dense = "classes" }]"#,
        Some((
            r#"init = "he_uniform"
layers = [{ repeat = 3, layers = [{ dense = 8 }, "relu"], init = "he_normal" }, { dense = 8 }, "relu", { dense = "classes" }]"#,
            1,
        )),
    ),
    network(
        "critical-init",
        r#"init = "he_normal"
layers = [{ dense = 8 }, "relu", { dense = "classes" }]"#,
        None,
    ),
    network(
        "zero-bias",
        r#"bias_init = { name = "constant", value = -1.0 }
layers = [{ dense = 8 }, "relu", { dense = "classes" }]"#,
        Some((
            r#"bias_init = "zeros"
layers = [{ dense = 8 }, "relu", { dense = "classes" }]"#,
            1,
        )),
    ),
    network(
        "zero-bias",
        r#"layers = [{ dense = 8 }, "relu", { dense = "classes" }]"#,
        None,
    ),
    network(
        "batch-norm",
        r#"layers = [{ dense = 8 }, "relu", { repeat = 2, layers = [{ dense = 8 }, { dropout = 0.1 }, "relu"] }, { dense = 8 }, "layer_norm", "relu", { dense = "classes" }]"#,
        Some((
            r#"layers = [{ dense = 8 }, "batch_norm", "relu", { repeat = 2, layers = [{ dense = 8 }, "batch_norm", { dropout = 0.1 }, "relu"] }, { dense = 8 }, "layer_norm", "relu", { dense = "classes" }]"#,
            1,
        )),
    ),
    // A repeat without anything behind the dense block: the end of the list.
    network(
        "layer-norm",
        r#"layers = [{ repeat = 2, layers = [{ dense = 8 }] }, { dense = "classes" }]"#,
        Some((
            r#"layers = [{ repeat = 2, layers = [{ dense = 8 }, "layer_norm"] }, { dense = "classes" }]"#,
            1,
        )),
    ),
    network(
        "layer-norm",
        r#"layers = [{ dense = 8 }, "batch_norm", "relu", { dense = "classes" }]"#,
        None,
    ),
    Case {
        code: "batch-norm",
        network: r#"layers = [{ dense = 8 }, "relu", { dense = "classes" }]"#,
        train: "optimizer = \"adam\"\nbatch = 4",
        expected: None,
    },
    network(
        "residual",
        r#"init = "he_normal"
layers = [{ repeat = 30, layers = [{ dense = 64 }, "relu"] }, { dense = "classes" }]"#,
        Some((
            r#"init = "he_normal"
layers = [{ repeat = 30, layers = [{ residual = { layers = [{ dense = 64, init = { name = "he_normal", gain = 0.033 } }, "relu"] } }] }, { dense = "classes" }]"#,
            2,
        )),
    ),
    // Normalised branches keep their weights; the layer that changes the width stays as it is.
    network(
        "residual",
        r#"layers = [{ dense = 8 }, "batch_norm", "tanh", { dense = 8 }, "batch_norm", "tanh", { dense = 8 }, "batch_norm", "tanh", { dense = "classes" }]"#,
        Some((
            r#"layers = [{ dense = 8 }, "batch_norm", "tanh", { residual = { layers = [{ dense = 8 }, "batch_norm", "tanh"] } }, { residual = { layers = [{ dense = 8 }, "batch_norm", "tanh"] } }, { dense = "classes" }]"#,
            1,
        )),
    ),
    network(
        "residual",
        r#"layers = [{ repeat = 5, layers = [{ residual = { layers = [{ dense = 8 }, "relu"] } }] }, { dense = "classes" }]"#,
        None,
    ),
    network(
        "residual",
        r#"layers = [{ dense = 8 }, "relu", { dense = 8 }, "relu", { dense = "classes" }]"#,
        None,
    ),
    train(
        "clip",
        RATE,
        Some((
            "optimizer = { name = \"adam\", lr = 1e-3 }\nclip = { global_norm = 1.0 }",
            1,
        )),
    ),
    train(
        "clip",
        "optimizer = \"adam\"\nclip = { value = 0.5 }",
        Some((
            "optimizer = \"adam\"\nclip = { value = 0.5, global_norm = 1.0 }",
            1,
        )),
    ),
    train(
        "clip",
        "optimizer = \"adam\"\nclip = { global_norm = 0.5 }",
        None,
    ),
    train(
        "lr/3",
        RATE,
        Some(("optimizer = { name = \"adam\", lr = 3.3e-4 }", 1)),
    ),
    train(
        "lr/10",
        RATE,
        Some(("optimizer = { name = \"adam\", lr = 1e-4 }", 1)),
    ),
    train(
        "lr*10",
        RATE,
        Some(("optimizer = { name = \"adam\", lr = 1e-2 }", 1)),
    ),
];

#[test]
fn remedies_change_what_they_mend_and_nothing_else() {
    let mut wrong = Vec::new();
    for case in CASES {
        let before = document(case.network, case.train);
        let remedy = all().find(|r| r.code == case.code).unwrap();
        let subject = Subject::new(&before);
        let proposal = (remedy.propose)(subject);
        let found = proposal.map(|p| (values(&before.with_patch(&p.patch).unwrap()), p.edits));
        let expected = case
            .expected
            .map(|(network, train, edits)| (values(&document(network, train)), edits));
        if found != expected {
            wrong.push(format!(
                "{} on {}:\n  {found:?}\n  {expected:?}",
                case.code, case.network
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_is_unique_and_has_a_case() {
    let mut codes: Vec<_> = all().map(|r| r.code).collect();
    let untested: Vec<_> = codes
        .iter()
        .filter(|c| !c.starts_with("lr") && !CASES.iter().any(|case| case.code == **c))
        .collect();
    assert!(untested.is_empty(), "{untested:?}");
    let all = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all);
}
