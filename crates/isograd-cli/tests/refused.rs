//! Bad input as a user meets it: exit code 2, a message to act on, nothing written.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

struct Case {
    what: &'static str,
    /// The `[data]` table.
    data: &'static str,
    /// The `[network]` table.
    network: &'static str,
    /// The `[train]` table.
    train: &'static str,
}

const CIRCLES: &str = r#"source = "circles""#;
const PLAIN: &str = r#"layers = [ { dense = 4 }, "relu", { dense = "outputs" } ]"#;
const BINARY: &str = r#"loss = "binary_cross_entropy"
optimizer = "adam""#;
const CROSS: &str = r#"loss = "cross_entropy"
optimizer = "adam""#;

fn described() -> Vec<Case> {
    let data = |what, data| Case {
        what,
        data,
        network: PLAIN,
        train: CROSS,
    };
    let network = |what, network| Case {
        what,
        data: CIRCLES,
        network,
        train: BINARY,
    };
    let train = |what, train| Case {
        what,
        data: CIRCLES,
        network: PLAIN,
        train,
    };
    vec![
        network(
            "an unknown block",
            r#"layers = [ { dense = 4 }, "sigmod" ]"#,
        ),
        network("an unknown key", r"layer = [ { dense = 4 } ]"),
        network(
            "two blocks in one table",
            r"layers = [ { dense = 4, dropout = 0.5 } ]",
        ),
        network(
            "text where a number belongs",
            r#"layers = [ { dense = "four" } ]"#,
        ),
        network("no layers", "layers = []"),
        network("a layer of no units", r"layers = [ { dense = 0 } ]"),
        network(
            "a negative rate",
            r"layers = [ { dropout = -0.1 }, { dense = 1 } ]",
        ),
        network("a kernel on a vector", r"layers = [ { conv2d = 4 } ]"),
        network(
            "shapes that do not meet",
            r#"layers = [ { residual = { layers = [ { dense = 5 } ], shortcut = "identity" } } ]"#,
        ),
        network(
            "an unknown initialisation",
            r#"init = "he_unifrom"
layers = [ { dense = 1 } ]"#,
        ),
        network(
            "repeated no times",
            r"layers = [ { repeat = 0, layers = [ { dense = 4 } ] } ]",
        ),
        network("a table that is not closed", r"layers = [ { dense = 4 ]"),
        network(
            "more than memory can hold",
            r"layers = [ { dense = 2000000000 }, { dense = 2000000000 } ]",
        ),
        train(
            "an unknown loss",
            r#"loss = "crossentropy"
optimizer = "adam""#,
        ),
        train(
            "an unknown optimiser",
            r#"loss = "binary_cross_entropy"
optimizer = "addam""#,
        ),
        train("no optimiser", r#"loss = "binary_cross_entropy""#),
        train(
            "a batch of nothing",
            r#"loss = "binary_cross_entropy"
optimizer = "adam"
batch = 0"#,
        ),
        train(
            "a learning rate that is no number",
            r#"loss = "binary_cross_entropy"
optimizer = { name = "adam", lr = nan }"#,
        ),
        data("an unknown source", r#"source = "circels""#),
        data("a named set without a data folder", r#"source = "mnist""#),
        data(
            "a missing file",
            r#"source = "csv"
train = "missing.csv""#,
        ),
        data(
            "a folder where a file belongs",
            r#"source = "csv"
train = "folder""#,
        ),
        data(
            "an empty file",
            r#"source = "csv"
train = "empty.csv""#,
        ),
        data(
            "a header and no rows",
            r#"source = "csv"
train = "header.csv""#,
        ),
        data(
            "text in a numeric column",
            r#"source = "csv"
train = "text.csv""#,
        ),
        data(
            "rows of different lengths",
            r#"source = "csv"
train = "ragged.csv""#,
        ),
        data(
            "a target column that is not there",
            r#"source = { name = "csv", target = "z" }
train = "good.csv""#,
        ),
        data(
            "a label beyond the outputs",
            r#"source = "csv"
train = "good.csv"
outputs = 2"#,
        ),
        data(
            "a wrong magic number",
            r#"source = "idx"
train = { file = "magic.idx", labels = "labels.idx" }"#,
        ),
        data(
            "a truncated file",
            r#"source = "idx"
train = { file = "short.idx", labels = "labels.idx" }"#,
        ),
        data(
            "a length field that lies",
            r#"source = "idx"
train = { file = "lies.idx", labels = "labels.idx" }"#,
        ),
        data(
            "as many labels as there are not images",
            r#"source = "idx"
train = { file = "images.idx", labels = "labels.idx" }"#,
        ),
        data(
            "CIFAR records that do not come out even",
            r#"source = "cifar"
train = "images.idx""#,
        ),
        data(
            "an NPY file that is none",
            r#"source = "npy"
train = { file = "good.csv", labels = "good.csv" }"#,
        ),
        data(
            "a gzip file cut off",
            r#"source = "csv"
train = "cut.csv.gz""#,
        ),
        Case {
            what: "fewer outputs than classes",
            data: r#"source = "csv"
train = "good.csv""#,
            network: r"layers = [ { dense = 2 } ]",
            train: CROSS,
        },
        Case {
            what: "targets at every step, a network that ends in a vector",
            data: r#"source = { name = "copy-memory", length = 3, samples = 10 }"#,
            network: r#"layers = [ "flatten", { dense = "classes" } ]"#,
            train: CROSS,
        },
        Case {
            what: "predictions and targets of different widths",
            data: r#"source = { name = "csv", target = ["a", "b", "y"] }
train = "reals.csv"
target = "real""#,
            network: r"layers = [ { dense = 2 } ]",
            train: r#"loss = "mse"
optimizer = "adam""#,
        },
    ]
}

fn write_files(folder: &Path) {
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    fs::create_dir(folder.join("folder")).unwrap();
    write("empty.csv", b"");
    write("header.csv", b"a,b,y\n");
    write(
        "good.csv",
        b"a,b,y\n1,2,0\n2,3,1\n3,4,2\n4,5,0\n5,6,1\n6,7,2\n7,8,0\n8,9,1\n9,1,2\n2,2,0\n",
    );
    write(
        "reals.csv",
        b"x,a,b,y\n1,2,0,1\n2,3,1,2\n3,4,2,3\n4,5,0,4\n5,6,1,5\n",
    );
    write("text.csv", b"a,b,y\n1,2,0\n2,blue,1\n3,4,1\n");
    write("ragged.csv", b"a,b,y\n1,2,0\n2,3\n3,4,1\n");
    write("labels.idx", &[0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2]);
    write("magic.idx", &[9, 9, 9, 9, 0, 0, 0, 3, 0, 1, 2]);
    write(
        "short.idx",
        &[0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3],
    );
    write(
        "lies.idx",
        &[
            0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1,
        ],
    );
    write(
        "images.idx",
        &[
            0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8,
        ],
    );
    let file = fs::File::create(folder.join("whole.gz")).unwrap();
    let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    gz.write_all(&b"1,2,0\n2,3,1\n".repeat(50)).unwrap();
    gz.finish().unwrap();
    let whole = fs::read(folder.join("whole.gz")).unwrap();
    write("cut.csv.gz", &whole[..whole.len() - 12]);
}

/// Names of everything in a folder.
fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn bad_input_is_refused_with_a_message_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path());
    let cases = described();
    assert!(cases.len() >= 30);
    let mut told = String::new();
    for case in &cases {
        let text = format!(
            "[data]\n{}\n\n[network]\n{}\n\n[train]\n{}\n",
            case.data, case.network, case.train
        );
        fs::write(folder.path().join("bad.toml"), text).unwrap();
        let before = listing(folder.path());
        let output = Command::new(env!("CARGO_BIN_EXE_isograd"))
            .args(["doctor", "bad.toml"])
            .current_dir(folder.path())
            .env_remove("ISOGRAD_DATA")
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{}: {message}", case.what);
        assert!(!message.contains("panicked"), "{}: {message}", case.what);
        assert!(output.stdout.is_empty(), "{} prints on stdout", case.what);
        assert_eq!(
            before,
            listing(folder.path()),
            "{} leaves something",
            case.what
        );
        told.extend(["── ", case.what, "\n", message.as_str(), "\n"]);
    }
    let told = told.replace(&*folder.path().to_string_lossy(), "FOLDER");
    insta::assert_snapshot!(told);
}
