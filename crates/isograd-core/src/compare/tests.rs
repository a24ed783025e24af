#![allow(clippy::unwrap_used)]

pub(crate) mod runs;

use super::record::{PartScore, RunRecord};
use super::store::{Identity, key};
use super::{CellRuns, Goal, Grid, Look, Measure, Store, Stretch, Target, summarise};
use crate::describe::{DataShape, DescribeError, Document, Shape, Task};
use crate::number::Number;
use std::path::Path;

/// A grid with its description in it.
pub(crate) const GRID: &str = r#"seeds = [1, 2]
control = "relu"

[base]
seed = 4
[base.data]
source = "circles"
valid = 0.2
[base.network]
layers = [{ repeat = 3, layers = [{ dense = 8 }, "relu"] }, { dense = "classes" }]
[base.train]
loss = "cross_entropy"
optimizer = { name = "adam", lr = 1e-3 }
clip = { global_norm = 1.0 }

[axis.activation.values]
relu = {}
tanh = { "network.layers[0].layers[1]" = "tanh", train.batch = 32 }

[axis.depth]
set = "network.layers[0].repeat"
values = [2, 30]

[axis.lr]
set = "train.optimizer.lr"
values = [1e-3, 1e-2]
best = "metric"

[[when]]
is = { activation = "tanh", depth = [30] }
"network.init" = "glorot_normal"
delete = "train.clip"
insert = { "network.layers[0].layers[2]" = { dropout = 0.1 } }

[[when]]
is = { activation = "relu", lr = 0.01 }
skip = true

[quick]
seeds = [7]
only = { depth = 2 }
train.epochs = 1
"#;

fn parse(text: &str) -> Result<Grid, DescribeError> {
    Grid::parse(text, Path::new("grid.toml"))
}

/// Every cell, planned: what the command refuses before any work.
fn plan(text: &str) -> Result<Vec<super::Cell>, DescribeError> {
    let grid = parse(text)?;
    let cells = grid.cells(false)?;
    let data = DataShape {
        input: Shape::Flat(2),
        task: Task::Classification { classes: 2 },
        examples: 100,
    };
    for cell in &cells {
        let planned = cell.document.plan(&data);
        planned.map_err(|e| grid.place(cell, e))?;
    }
    Ok(cells)
}

#[test]
fn cells_are_all_combinations_with_their_changes() {
    let grid = parse(GRID).unwrap();
    let cells = plan(GRID).unwrap();
    // 2 × 2 × 2 without the two of relu at 0.01.
    assert_eq!(cells.len(), 6);
    let called: Vec<String> = cells.iter().map(|c| grid.call(&c.choice)).collect();
    assert_eq!(called[0], "activation = relu, depth = 2, lr = 1e-3");
    assert_eq!(called[5], "activation = tanh, depth = 30, lr = 1e-2");
    let say = |cell: usize, path: &str| cells[cell].document.value_at(path);
    assert_eq!(say(0, "network.layers[0].repeat"), Some(2.into()));
    assert_eq!(say(0, "train.batch"), None);
    assert_eq!(say(5, "train.batch"), Some(32.into()));
    assert_eq!(say(5, "train.optimizer.lr"), Some(0.01.into()));
    assert_eq!(say(5, "network.layers[0].layers[1]"), Some("tanh".into()));
    assert_eq!(
        say(5, "network.layers[0].layers[2].dropout"),
        Some(0.1.into())
    );
    assert_eq!(say(5, "train.clip"), None);
    assert_eq!(say(5, "network.init"), Some("glorot_normal".into()));
    assert_eq!(say(3, "network.init"), None, "only where both hold");
    assert_eq!(say(0, "seed"), Some(4.into()));
}

#[test]
fn the_quick_tier_keeps_what_it_says() {
    let grid = parse(GRID).unwrap();
    let cells = grid.cells(true).unwrap();
    assert_eq!(
        (cells.len(), grid.seeds(true), grid.seeds(false)),
        (3, &[7][..], &[1, 2][..])
    );
    assert!(
        cells
            .iter()
            .all(|c| c.document.description.train.epochs == 1)
    );
}

#[test]
fn whole_tables_and_descriptions_can_be_replaced() {
    let text = GRID.replace(
        "tanh = {",
        r#"other = { train = { loss = "cross_entropy", optimizer = { name = "sgd", lr = 1 } }, network.layers = [{ dense = "classes" }] }
tanh = {"#,
    );
    let text = text.replace("values = [2, 30]", "values = [2]").replace(
        "set = \"network.layers[0].repeat\"",
        "set = \"train.epochs\"",
    );
    let text = text.replace("depth = [30]", "depth = 2");
    let cells = plan(&text).unwrap();
    let other = &cells[1].document;
    assert_eq!(other.value_at("train.optimizer.name"), Some("sgd".into()));
    assert_eq!(other.value_at("train.clip"), None);
    assert_eq!(other.description.network.layers.len(), 1);

    let folder = tempfile::tempdir().unwrap();
    let base = "[data]\nsource = \"circles\"\n[network]\nlayers = [{ dense = \"classes\" }]\n\
                [train]\nloss = \"cross_entropy\"\noptimizer = \"adam\"\n";
    std::fs::write(folder.path().join("a.toml"), base).unwrap();
    let grid = "[axis.d.values]\na = { description = \"a.toml\" }\n\
                b = { description = \"a.toml\", train.epochs = 3 }\n";
    let grid = Grid::parse(grid, &folder.path().join("grid.toml")).unwrap();
    let cells = grid.cells(false).unwrap();
    assert_eq!(cells[0].document.description.train.epochs, 10);
    assert_eq!(cells[1].document.description.train.epochs, 3);
}

/// What is wrong, what is replaced by what, the line, and what the message and its help hold.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    usize,
    &'static [&'static str],
);

#[test]
fn mistakes_point_at_their_place_in_the_grid() {
    const CASES: &[Case] = &[
        ("a key", "seeds = [1", "sedes = [1", 1, &["sedes", "seeds"]),
        ("no TOML", "[1, 2]", "[1, 2", 2, &["not TOML"]),
        ("a seed twice", "[1, 2]", "[1, 1]", 1, &["twice"]),
        ("no seed", "[1, 2]", "[]", 1, &["1 to 1000"]),
        (
            "a negative seed",
            "[1, 2]",
            "[-1]",
            1,
            &["integers of at least 0"],
        ),
        (
            "the control",
            "\"relu\"\n",
            "\"rel\"\n",
            2,
            &["rel", "relu", "tanh"],
        ),
        (
            "the control is tuned",
            "control = \"relu\"",
            "control = { lr = 1e-3 }",
            2,
            &["best"],
        ),
        (
            "the base",
            "\"circles\"",
            "\"circle\"",
            7,
            &["circle", "circles"],
        ),
        (
            "the base has no loss",
            "loss = \"cross_entropy\"\n",
            "",
            11,
            &["needs `loss`"],
        ),
        (
            "a value",
            "= \"tanh\"",
            "= \"tahn\"",
            18,
            &["tahn", "tanh", "activation = tanh"],
        ),
        (
            "a path without its root",
            "train.batch",
            "trian.batch",
            18,
            &["trian", "train"],
        ),
        (
            "a key of the table",
            "train.batch",
            "train.batsh",
            18,
            &["batsh", "batch"],
        ),
        (
            "no such layer",
            "layers[1]\" = ",
            "layers[5]\" = ",
            18,
            &["has only 2 elements"],
        ),
        (
            "a list without a path",
            "set = \"network.layers[0].repeat\"",
            "",
            22,
            &["`set`"],
        ),
        (
            "a value in a list",
            "[1e-3, 1e-2]",
            "[-1, 1e-2]",
            26,
            &["lr = -1"],
        ),
        ("a value twice", "[2, 30]", "[2, 2]", 22, &["twice"]),
        (
            "an endless rate",
            "[1e-3, 1e-2]",
            "[1e-3, inf]",
            26,
            &["finite"],
        ),
        (
            "a key of an axis",
            "best =",
            "bets =",
            27,
            &["bets", "best"],
        ),
        (
            "a word of best",
            "\"metric\"",
            "\"valid\"",
            27,
            &["metric, loss"],
        ),
        (
            "an axis",
            "activation = \"tanh\", depth",
            "activaton = \"tanh\", depth",
            30,
            &["activaton", "activation"],
        ),
        ("a value of an axis", "[30]", "[31]", 30, &["31", "2, 30"]),
        (
            "nothing to delete",
            "\"train.clip\"",
            "\"train.steps\"",
            32,
            &["nothing to delete"],
        ),
        (
            "a shape",
            "{ dropout = 0.1 }",
            "{ conv2d = 4 }",
            33,
            &["activation = tanh, depth = 30"],
        ),
        ("skip", "skip = true", "skip = 1", 37, &["true"]),
        (
            "quick",
            "only = { depth = 2 }",
            "only = { depth = 3 }",
            41,
            &["2, 30"],
        ),
        (
            "quick leaves nothing",
            "train.epochs = 1",
            "train.epochs = 0",
            42,
            &["epochs"],
        ),
    ];
    let mut wrong = Vec::new();
    for (what, from, to, line, says) in CASES {
        assert!(GRID.contains(from), "{what}");
        let text = GRID.replacen(from, to, 1);
        let found = plan(&text).and_then(|_| parse(&text)?.cells(true));
        let Err(error) = found else {
            wrong.push(format!("{what}: accepted"));
            continue;
        };
        let plain = error.plain();
        if error.line() != Some(*line) || error.file() != Path::new("grid.toml") {
            wrong.push(format!("{what}: not at line {line}\n{plain}"));
        }
        for word in *says {
            if !plain.contains(word) {
                wrong.push(format!("{what}: does not say {word:?}\n{plain}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn settings_are_refused_in_words() {
    let cases = [
        ("target = \"high\"", "a number for the metric"),
        ("target = { every = 3 }", "a number for the metric"),
        ("target = { metric = 1, train_loss = 1 }", "twice"),
        ("target = { accuracy = 0.9 }", "metric, valid_loss"),
        ("columns = [\"tset\"]", "test"),
        ("columns = []", "1 to 1000"),
        ("measure = \"speed\"", "seconds"),
        ("map = { x = \"depth\" }", "two different axes"),
        ("map = { x = \"depth\", y = \"lr\" }", "best"),
        ("map = { x = \"depth\", z = \"lr\" }", "x, y"),
    ];
    for (line, says) in cases {
        let text = format!("{line}\n{GRID}");
        let error = parse(&text).unwrap_err();
        assert_eq!(error.line(), Some(1), "{}", error.plain());
        assert!(error.plain().contains(says), "{line}: {}", error.plain());
    }
    for (text, says) in [
        ("", "needs an axis"),
        ("[axis.a]\nset = \"seed\"\nvalues = [1]", "no description"),
        (
            "[axis.a]\nset = \"seed\"\nvalues = [1]\nbest = \"loss\"",
            "nothing to compare",
        ),
        (
            "base = \"nowhere.toml\"\n[axis.a]\nset = \"seed\"\nvalues = [1]",
            "no such file",
        ),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.plain().contains(says), "{text}: {}", error.plain());
    }
}

#[test]
fn too_many_runs_are_refused() {
    let values: Vec<String> = (0..1000).map(|i| i.to_string()).collect();
    let axis = format!("values = [{}]", values.join(", "));
    let text = GRID
        .replace("values = [2, 30]", &axis)
        .replace("depth = [30]", "depth = 3");
    let text = text
        .replace("values = [1e-3, 1e-2]", &axis)
        .replace("lr = 0.01", "lr = 1");
    let error = parse(&text).unwrap().cells(false).unwrap_err();
    assert!(error.plain().contains("100000"), "{}", error.plain());
}
