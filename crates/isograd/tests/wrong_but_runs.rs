//! Descriptions that compute but are wrong run to the end.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod common;

struct Case {
    what: &'static str,
    data: &'static str,
    network: &'static str,
    train: &'static str,
}

const BLOBS: &str = r#"source = { name = "blobs", samples = 120 }"#;
const PLAIN: &str = r#"layers = [ { dense = 8 }, "relu", { dense = "outputs" } ]"#;
const CROSS: &str = r#"loss = "cross_entropy""#;

fn cases() -> Vec<Case> {
    let case = |what, data, network, train| Case {
        what,
        data,
        network,
        train,
    };
    vec![
        case(
            "one class",
            r#"source = "csv"
train = "one.csv""#,
            PLAIN,
            CROSS,
        ),
        case(
            "constant targets",
            r#"source = "csv"
train = "one.csv"
target = "real""#,
            PLAIN,
            r#"loss = "mse""#,
        ),
        case(
            "NaN in a column",
            r#"source = "csv"
train = "nan.csv""#,
            PLAIN,
            CROSS,
        ),
        case(
            "a constant column, scaled",
            r#"source = "csv"
train = "one.csv"
scale = "standard""#,
            PLAIN,
            CROSS,
        ),
        case(
            "a single row",
            r#"source = "csv"
train = "row.csv"
valid = false"#,
            PLAIN,
            CROSS,
        ),
        case(
            "softmax on one unit",
            r#"source = { name = "circles", samples = 120 }"#,
            r#"layers = [ { dense = 8 }, "tanh", { dense = 1 }, "softmax" ]"#,
            r#"loss = "binary_cross_entropy""#,
        ),
        case(
            "softmax over the batch",
            BLOBS,
            r#"layers = [ { dense = 8 }, "relu", { dense = "classes" }, { softmax = true, axis = "batch" } ]"#,
            CROSS,
        ),
        case(
            "ReLU before a logarithm that nobody guards",
            BLOBS,
            r#"layers = [ { dense = "classes" }, "relu" ]"#,
            r#"loss = { name = "cross_entropy", on = "probabilities", clip = 0 }"#,
        ),
        case(
            "everything starts at zero",
            BLOBS,
            r#"init = "zeros"
layers = [ { dense = 8 }, "relu", { dense = "classes" } ]"#,
            CROSS,
        ),
        case(
            "the gradient is added",
            BLOBS,
            PLAIN,
            r#"loss = "cross_entropy"
optimizer = { name = "sgd", lr = 0.1, gradient_sign = -1 }"#,
        ),
        case(
            "an absurd learning rate",
            BLOBS,
            PLAIN,
            r#"loss = "cross_entropy"
optimizer = { name = "sgd", lr = 1e6 }"#,
        ),
        case(
            "no learning rate at all",
            BLOBS,
            PLAIN,
            r#"loss = "cross_entropy"
optimizer = { name = "sgd", lr = 0.0 }"#,
        ),
        case(
            "a regression loss on classes",
            BLOBS,
            PLAIN,
            r#"loss = "mse""#,
        ),
        case(
            "every prediction against every target",
            BLOBS,
            PLAIN,
            r#"loss = { name = "mse", pairwise = true }"#,
        ),
        case(
            "more outputs than classes",
            BLOBS,
            r"layers = [ { dense = 50 } ]",
            CROSS,
        ),
        case(
            "no activation anywhere",
            BLOBS,
            r#"layers = [ { dense = 8 }, { dense = 8 }, { dense = "classes" } ]"#,
            CROSS,
        ),
        case(
            "batch normalisation on batches of one",
            BLOBS,
            r#"layers = [ { dense = 8 }, "batch_norm", "relu", { dense = "classes" } ]"#,
            r#"loss = "cross_entropy"
batch = 1"#,
        ),
        case(
            "weights that overflow",
            BLOBS,
            r#"init = { name = "normal", std = 1e30 }
layers = [ { repeat = 4, layers = [ { dense = 8 }, "relu" ] }, { dense = "classes" } ]"#,
            CROSS,
        ),
    ]
}

fn write_tables(folder: &std::path::Path) {
    let row = |i: usize, x: &str| format!("{i}.5,1,{x},0\n");
    let one: String = (0..40).map(|i| row(i, "2.5")).collect();
    let nan: Vec<String> = (0..40)
        .map(|i| format!("{i}.5,{},{}", if i == 7 { "NaN" } else { "1" }, i % 2))
        .collect();
    let nan = nan.join("\n");
    std::fs::write(folder.join("one.csv"), format!("a,b,c,y\n{one}")).unwrap();
    std::fs::write(folder.join("nan.csv"), format!("a,b,y\n{nan}")).unwrap();
    std::fs::write(folder.join("row.csv"), "a,b,y\n1.0,2.0,0\n").unwrap();
}

#[test]
fn what_computes_but_is_wrong_runs() {
    let folder = tempfile::tempdir().unwrap();
    write_tables(folder.path());
    for case in cases() {
        let optimizer = if case.train.contains("optimizer") {
            ""
        } else {
            "optimizer = \"adam\""
        };
        let batch = if case.train.contains("batch =") {
            ""
        } else {
            "batch = 32\n"
        };
        let text = format!(
            "[data]\n{}\n[network]\n{}\n[train]\n{}\n{optimizer}\nepochs = 20\n{batch}",
            case.data, case.network, case.train
        );
        let file = folder.path().join("wrong.toml");
        std::fs::write(&file, &text).unwrap();
        let document = isograd_core::describe::Document::load(&file, &[])
            .unwrap_or_else(|e| panic!("{}: {e}\n{text}", case.what));
        let prepared = isograd::session::prepare(&document, None)
            .unwrap_or_else(|e| panic!("{}: {e}\n{text}", case.what));
        let done = common::run(&prepared, 1, 20);
        assert!(done.steps > 0, "{} made no step", case.what);
        let (_, diagnosis) = common::judge(&prepared, &done);
        let codes: Vec<&str> = diagnosis.findings.iter().map(|f| f.code).collect();
        println!("{}: {:?} {codes:?}", case.what, done.stopped);
        if case.what.contains("NaN") || case.what.contains("overflow") {
            assert!(
                codes.contains(&"non-finite-values"),
                "{}: {codes:?}",
                case.what
            );
        }
    }
}
