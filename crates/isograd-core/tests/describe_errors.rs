//! Bad descriptions: each is refused at its place, with what to do, and nothing panics.

#![allow(clippy::unwrap_used)]

use isograd_core::describe::{
    DataShape, DescribeError, Document, ErrorKind, Patch, Shape, Task, describe_patch, split_repeat,
};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::path::Path;

const GOOD: &str = "\
[data]
source = \"circles\"

[network]
layers = [ { dense = 8 }, \"relu\", { dense = \"classes\" } ]

[train]
loss = \"cross_entropy\"
optimizer = { name = \"adam\", lr = 1e-3 }
";

const VECTOR: DataShape = DataShape {
    input: Shape::Flat(2),
    task: Task::Classification { classes: 2 },
    examples: 100,
};
const IMAGE: DataShape = DataShape {
    input: Shape::Image {
        channels: 1,
        height: 28,
        width: 28,
    },
    task: Task::Classification { classes: 10 },
    examples: 100,
};

/// A description with one thing changed.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

fn layers(list: &str) -> String {
    with("{ dense = 8 }, \"relu\", { dense = \"classes\" }", list)
}

fn refused(text: &str, data: &DataShape) -> Option<DescribeError> {
    Document::parse(text, Path::new("bad.toml"))
        .and_then(|document| document.plan(data))
        .err()
}

#[test]
fn bad_descriptions_are_refused_with_help() {
    let vector = [
        (
            "broken TOML",
            with("source = \"circles\"", "source = circles"),
        ),
        ("unclosed list", with(", { dense = \"classes\" } ]", "")),
        (
            "duplicate key",
            with("loss =", "batch = 1\nbatch = 2\nloss ="),
        ),
        ("empty file", String::new()),
        (
            "missing network",
            with(
                "[network]\nlayers = [ { dense = 8 }, \"relu\", { dense = \"classes\" } ]\n",
                "",
            ),
        ),
        ("missing layers", with("layers =", "# layers =")),
        ("missing loss", with("loss = \"cross_entropy\"\n", "")),
        (
            "section as a text",
            with("[data]\nsource = \"circles\"", "data = \"circles\""),
        ),
        ("unknown key", with("loss =", "bacth = 3\nloss =")),
        ("a key of another table", with("loss =", "lr = 0.1\nloss =")),
        (
            "a key of another program",
            with("loss =", "batch_size = 3\nloss ="),
        ),
        ("unknown section", with("[train]", "[training]")),
        ("misspelt block", layers("\"relo\"")),
        ("misspelt block in a table", layers("{ dens = 8 }")),
        ("block of another program", layers("{ fc = 8 }")),
        (
            "layer named by type",
            layers("{ type = \"dense\", units = 8 }"),
        ),
        ("activation as a layer", layers("{ linear = 8 }")),
        (
            "two blocks in a table",
            layers("{ dense = 8, relu = true }"),
        ),
        ("empty table", layers("{}")),
        ("a number as a block", layers("8")),
        ("dense without units", layers("\"dense\"")),
        (
            "unknown option",
            layers("{ dense = 8, activation = \"relu\" }"),
        ),
        (
            "option given twice",
            layers("{ dense = { units = 8, bias = true }, bias = false }"),
        ),
        (
            "option of another block",
            layers("{ relu = true, init = \"he_normal\" }"),
        ),
        ("wrong type", layers("{ dense = \"8\" }")),
        ("a fraction of a unit", layers("{ dense = 8.5 }")),
        ("zero units", layers("{ dense = 0 }")),
        ("negative units", layers("{ dense = -3 }")),
        ("absurd units", layers("{ dense = 99999999999 }")),
        (
            "too large for an integer",
            layers("{ dense = 99999999999999999999999 }"),
        ),
        (
            "too many parameters",
            layers("{ dense = 2000000000 }, { dense = 2000000000 }"),
        ),
        ("empty layers", layers("")),
        ("empty residual", layers("{ residual = [] }")),
        ("negative rate", layers("{ dropout = -0.1 }")),
        ("rate of one", layers("{ dropout = 1.0 }")),
        (
            "repeat of zero",
            layers("{ repeat = 0, layers = [\"relu\"] }"),
        ),
        ("repeat without layers", layers("{ repeat = 3 }")),
        (
            "repeat beyond memory",
            layers(
                "{ repeat = 2000000000, layers = [{ repeat = 2000000000, layers = [\"relu\"] }] }",
            ),
        ),
        (
            "name of an unnamed block",
            layers("{ dense = 8, name = \"dense3\" }"),
        ),
        ("name with a dot", layers("{ dense = 8, name = \"a.b\" }")),
        (
            "unknown initialisation",
            layers("{ dense = 8, init = \"kaiming_normal\" }"),
        ),
        (
            "initialisation without value",
            layers("{ dense = 8, init = \"constant\" }"),
        ),
        (
            "limits the wrong way round",
            layers("{ dense = 8, init = { name = \"uniform\", min = 1, max = 0 } }"),
        ),
        (
            "critical without a critical point",
            layers("{ dense = 8, init = \"critical\" }, \"softplus\", { dense = \"classes\" }"),
        ),
        (
            "critical where there is no point",
            layers(
                "{ dense = 8, init = { name = \"critical\", q = 1.0 } }, \"sigmoid\", { dense = \"classes\" }",
            ),
        ),
        ("convolution of a vector", layers("{ conv2d = 8 }")),
        (
            "groups that do not divide",
            layers("{ dense = 8 }, { group_norm = 3 }"),
        ),
        ("steps of a vector", layers("{ conv1d = 8 }")),
        (
            "unknown form of weights",
            layers("{ dense = 8, weight = \"normalized\" }"),
        ),
        (
            "a scale where there is none",
            layers("{ dense = 8, weight = \"standardised\", init = \"lsuv\" }"),
        ),
        (
            "identity that does not fit",
            layers("{ residual = { layers = [{ dense = 3 }], shortcut = \"identity\" } }"),
        ),
        (
            "unknown loss",
            with("\"cross_entropy\"", "\"categorical_crossentropy\""),
        ),
        ("unknown optimizer", with("\"adam\"", "\"adamax\"")),
        ("optimizer without name", with("name = \"adam\", ", "")),
        (
            "option of another optimizer",
            with("lr = 1e-3", "momentum = 0.9"),
        ),
        ("negative rate of learning", with("lr = 1e-3", "lr = -1e-3")),
        ("rate that is not a number", with("lr = 1e-3", "lr = nan")),
        ("infinite rate", with("lr = 1e-3", "lr = inf")),
        ("batch of zero", with("loss =", "batch = 0\nloss =")),
        ("no epochs", with("loss =", "epochs = 0\nloss =")),
        (
            "clipping at zero",
            with("loss =", "clip = { global_norm = 0 }\nloss ="),
        ),
        (
            "unknown metric",
            with("loss =", "metric = \"acuracy\"\nloss ="),
        ),
        ("unknown source", with("\"circles\"", "\"circels\"")),
        (
            "share of one",
            with("\"circles\"", "\"circles\"\nvalid = 1.0"),
        ),
        (
            "a file of generated data",
            with("\"circles\"", "\"circles\"\nvalid = \"v.csv\""),
        ),
        (
            "files without a training part",
            with("\"circles\"", "\"csv\""),
        ),
        (
            "unknown scale",
            with("\"circles\"", "\"circles\"\nscale = \"normal\""),
        ),
        (
            "shape of four",
            with("\"circles\"", "\"circles\"\nshape = [1, 2, 3, 4]"),
        ),
        (
            "unknown augmentation",
            with("\"circles\"", "\"circles\"\naugment = [\"flip\"]"),
        ),
        ("negative seed", format!("seed = -1\n{GOOD}")),
    ];
    let image = [
        ("dense on an image", layers("{ dense = 8 }")),
        (
            "more groups than channels",
            layers("{ conv2d = 8, groups = 2 }"),
        ),
        (
            "heads that do not divide",
            layers("{ patches = 4 }, { attention = 5 }"),
        ),
        (
            "delta-orthogonal that loses channels",
            layers("{ conv2d = 8 }, { conv2d = 4, init = \"delta_orthogonal\" }"),
        ),
        (
            "groups that do not divide the channels",
            layers("{ conv2d = 8 }, { group_norm = 3 }"),
        ),
        (
            "filters that the groups do not divide",
            layers("{ conv2d = 6 }, { conv2d = 8, groups = 3 }"),
        ),
        (
            "dilated beyond the image",
            layers("{ conv2d = 8, dilation = 14, padding = \"valid\" }"),
        ),
        (
            "kernel larger than the image",
            layers("{ conv2d = 8, kernel = 29, padding = \"valid\" }"),
        ),
        (
            "padding as large as the window",
            layers("{ max_pool2d = 2, padding = 2 }"),
        ),
        (
            "pooled to nothing",
            layers("{ repeat = 5, layers = [\"max_pool2d\"] }"),
        ),
        ("an image as output", layers("{ conv2d = 8 }")),
        ("image too large", layers("{ upsampling2d = 2000000000 }")),
        (
            "flatten in a residual",
            layers("{ residual = [\"flatten\"] }"),
        ),
    ];
    let all = vector
        .iter()
        .map(|c| (c, &VECTOR))
        .chain(image.iter().map(|c| (c, &IMAGE)));
    let mut shown = String::new();
    let mut accepted = Vec::new();
    for ((name, text), data) in all {
        let Some(error) = refused(text, data) else {
            accepted.push(*name);
            continue;
        };
        let _ = writeln!(shown, "## {name}\n{}", error.plain());
        if let Some(offending) = error.offending() {
            let short: String = offending.chars().take(60).collect();
            let _ = writeln!(shown, "  text: {short}");
        }
        shown.push('\n');
        assert!(
            error.line().is_some() && error.column().is_some(),
            "{name} has no place"
        );
        assert!(!error.to_string().ends_with('.'), "{name}");
    }
    assert!(accepted.is_empty(), "accepted: {accepted:?}");
    insta::assert_snapshot!(shown);
}

#[test]
fn bad_files_are_refused_with_help() {
    let folder = tempfile::tempdir().unwrap();
    let latin = folder.path().join("latin.toml");
    std::fs::write(&latin, b"# caf\xe9\nseed = 1\n").unwrap();
    let good = folder.path().join("good.toml");
    std::fs::write(&good, GOOD).unwrap();
    let cases: [(&Path, &[&str]); 6] = [
        (folder.path(), &[]),
        (&folder.path().join("absent.toml"), &[]),
        (&latin, &[]),
        (&good, &["train.batch"]),
        (&good, &["train.batch=0"]),
        (&good, &["network.layers[7]=relu"]),
    ];
    let mut shown = String::new();
    for (path, overrides) in cases {
        let overrides: Vec<String> = overrides.iter().map(|&o| o.to_owned()).collect();
        let error = Document::load(path, &overrides).unwrap_err();
        let plain = error
            .plain()
            .replace(&*folder.path().to_string_lossy(), "FOLDER");
        let _ = writeln!(shown, "{plain}\n");
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn an_error_is_drawn_at_its_place() {
    let error = refused(&with("lr = 1e-3", "lr = -1e-3"), &VECTOR).unwrap();
    assert_eq!(error.kind(), ErrorKind::OutOfRange);
    assert_eq!((error.line(), error.column()), (Some(9), Some(35)));
    assert_eq!(error.path(), "train.optimizer.lr");
    assert_eq!(error.offending(), Some("-1e-3"));
    let handler =
        miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
    let mut drawn = String::new();
    handler
        .with_width(80)
        .render_report(&mut drawn, &error)
        .unwrap();
    insta::assert_snapshot!(drawn);
}

#[test]
fn columns_count_characters() {
    let error = refused(&layers("\"é\", 3"), &VECTOR).unwrap();
    assert_eq!((error.line(), error.column()), (Some(5), Some(12)));
    let error = refused(&layers("{ dense = 8, name = \"é\" }"), &VECTOR).unwrap();
    assert_eq!(error.column(), Some(32));
}

#[test]
fn what_computes_but_is_wrong_is_accepted() {
    let texts = [
        with("lr = 1e-3", "lr = 1e6"),
        with("lr = 1e-3", "lr = 0"),
        with("lr = 1e-3", "gradient_sign = -1"),
        with(
            "{ name = \"adam\", lr = 1e-3 }",
            "{ name = \"sgd\", momentum = 0.999 }",
        ),
        layers("{ dense = 1 }, \"softmax\""),
        layers("{ dense = 2 }, { softmax = true, axis = \"batch\" }"),
        layers("{ dense = 2, init = \"zeros\" }"),
        layers("{ repeat = 40, layers = [{ dense = 2 }, \"sigmoid\"] }, { dropout = 0.99 }"),
        layers(
            "{ dense = 2, bias_init = { name = \"constant\", value = -1e3 } }, \"relu\", \"relu\"",
        ),
        with(
            "\"cross_entropy\"",
            "{ name = \"cross_entropy\", clip = 0, sum_over_batch = true }",
        ),
        with("\"cross_entropy\"", "\"mae\"\nbatch = 1\nepochs = 100000"),
        with("\"circles\"", "\"circles\"\nvalid = false"),
    ];
    for text in texts {
        if let Some(error) = refused(&text, &VECTOR) {
            panic!("{}", error.plain());
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    for depth in [10, 40, 79, 500, 100_000] {
        let open = "{ residual = [ ".repeat(depth);
        let close = " ] }".repeat(depth);
        let error = refused(&layers(&format!("{open}\"relu\"{close}")), &VECTOR);
        assert_eq!(error.is_some(), depth > 10, "depth {depth}");
        let dotted = format!("{}.a = 1\n{GOOD}", vec!["a"; depth].join("."));
        assert!(refused(&dotted, &VECTOR).is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = refused(&text, &VECTOR);
    }

    /// A description with a piece cut out and another put in somewhere.
    #[test]
    fn damaged_descriptions_never_panic(
        at in 0..GOOD.len(),
        length in 0..20usize,
        piece in "[a-z0-9_ =\\[\\]{}\",.\n-]{0,12}|é|\u{0}|\\{ repeat = 99999999, layers = \\[|1e999|0x7f|[0-9]{1,30}",
    ) {
        let end = (at + length).min(GOOD.len());
        let text = format!("{}{piece}{}", &GOOD[..at], &GOOD[end..]);
        for data in [&VECTOR, &IMAGE] {
            if let Some(error) = refused(&text, data) {
                prop_assert!(!error.plain().is_empty());
                let mut drawn = String::new();
                miette::GraphicalReportHandler::new().render_report(&mut drawn, &error).unwrap();
            }
        }
    }

    /// Overrides and patches that may or may not fit.
    #[test]
    fn arbitrary_changes_never_panic(
        path in "(data|network|train|layers|\\[[0-9]\\]|\\.|dense|optimizer|lr|name|valid|clip|x|é){0,6}",
        value in "[0-9]{1,3}|relu|\\{ dense = 2 \\}|\\[1, \\[2\\]\\]|\"|1979-05-27|",
        action in prop::sample::select(vec!["set", "insert", "delete"]),
    ) {
        let document = Document::parse(GOOD, Path::new("good.toml")).unwrap();
        let _ = document.with_override(&format!("{path}={value}"));
        let _ = document.with_override(&path);
        let patch: Patch = serde_json::from_value(serde_json::json!([
            { "op": action, "path": path, "from": null, "to": value },
        ])).unwrap();
        let _ = document.with_patch(&patch);
        let _ = describe_patch(&document, &patch);
        let _ = document.value_at(&path);
        let _ = split_repeat(&document, &path, 0);
    }

    /// Blocks put together at random, with shapes that may or may not meet.
    #[test]
    fn random_networks_never_panic(
        blocks in prop::collection::vec(
            prop::sample::select(vec![
                "\"flatten\"", "\"relu\"", "\"batch_norm\"", "\"layer_norm\"", "\"global_avg_pool\"",
                "\"softmax\"", "{ dense = 3 }", "{ dense = \"classes\" }", "{ conv2d = 2, stride = 3 }",
                "{ conv2d = 2147483647, kernel = 2147483647, padding = 2147483647 }",
                "{ max_pool2d = 3, stride = [1, 2], padding = \"same\" }", "{ avg_pool2d = [7, 1] }",
                "{ upsampling2d = [1, 4] }", "{ residual = [\"max_pool2d\", { conv2d = 4 }] }",
                "{ residual = { layers = [{ dense = 5 }], shortcut = \"projection\" } }",
                "{ repeat = 7, layers = [{ upsampling2d = 1000 }] }", "{ repeat = 3, layers = [\"max_pool2d\"] }",
            ]),
            1..8,
        ),
        data in prop::sample::select(vec![
            VECTOR,
            IMAGE,
            DataShape { input: Shape::Sequence { steps: 5, features: 3 }, ..VECTOR },
            DataShape { input: Shape::Flat(0), ..VECTOR },
            DataShape { input: Shape::Flat(usize::MAX), ..VECTOR },
        ]),
    ) {
        let _ = refused(&layers(&blocks.join(", ")), &data);
    }
}
