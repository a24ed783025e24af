#![allow(clippy::unwrap_used)]

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

/// A run that reached these figures.
fn run(seed: u64, valid: f64, test: f64, train_loss: f64) -> RunRecord {
    let score = |metric| PartScore {
        loss: 1.0 - metric,
        metric,
        examples: 100,
    };
    RunRecord {
        key: format!("{seed:032x}"),
        build: "test".into(),
        cell: vec![],
        seed,
        metric: "accuracy".into(),
        larger_is_better: true,
        parameters: 10,
        steps: 100,
        non_finite: false,
        seconds: 2.0,
        cpu_seconds: 3.0,
        train: score(test + 0.01),
        valid: Some(score(valid)),
        test: Some(score(test)),
        train_loss,
        initial_loss: 1.0,
        slope: Some(Number(0.1)),
        ratio: Some(Number(10f64.powi(-(seed as i32)))),
        looks: vec![
            Look {
                step: 0,
                seconds: 0.0,
                loss: 1.0,
                metric: 0.1,
            },
            Look {
                step: 50,
                seconds: 1.0,
                loss: 0.5,
                metric: valid,
            },
        ],
        stretches: vec![Stretch {
            step: 10,
            seconds: 0.2,
            loss: train_loss,
        }],
        layers: vec![],
    }
}

/// The grid's cells with (valid, test) of seed 1; seed 2 is 0.02 better everywhere, and 0.001 more
/// a cell, so that differences vary.
pub(crate) fn filled<'a>(grid: &'a Grid, figures: &[(f64, f64)]) -> super::Summary<'a> {
    let cells = grid.cells(false).unwrap();
    assert_eq!(cells.len(), figures.len());
    let runs = cells
        .iter()
        .zip(figures)
        .enumerate()
        .map(|(i, (cell, (valid, test)))| {
            let more = 0.02 + 0.001 * i as f64;
            let both = vec![
                run(1, *valid, *test, 0.3),
                run(2, valid + more, test + more, 0.3),
            ];
            CellRuns::new(cell, both)
        });
    summarise(grid, false, runs.collect(), true)
}

#[test]
fn the_best_is_chosen_on_validation_and_reported_on_test() {
    let grid = parse(GRID).unwrap();
    // relu 2, relu 30, tanh 2 (two rates), tanh 30 (two rates).
    let summary = filled(
        &grid,
        &[
            (0.8, 0.80),
            (0.7, 0.70),
            (0.8, 0.99),
            (0.9, 0.85),
            (0.6, 0.60),
            (0.5, 0.90),
        ],
    );
    let labels: Vec<String> = summary.rows.iter().map(|r| r.labels.join(" ")).collect();
    assert_eq!(labels, ["relu 2", "relu 30", "tanh 2", "tanh 30"]);
    let chosen: Vec<&str> = summary.rows.iter().map(|r| r.chosen[0].as_str()).collect();
    assert_eq!(chosen, ["1e-3", "1e-3", "1e-2", "1e-3"]);
    let test: Vec<f64> = summary
        .rows
        .iter()
        .map(|r| r.mean(Measure::Test).value)
        .collect();
    assert!(
        (test[2] - (0.85 + 0.85 + 0.023) / 2.0).abs() < 1e-12,
        "{test:?}"
    );
    let controls: Vec<bool> = summary.rows.iter().map(|r| r.control).collect();
    assert_eq!(controls, [true, true, false, false]);
    // tanh 2 against relu 2: differences 0.05 and 0.053; t(1) has the closed form of Cauchy.
    let paired = summary.rows[2].test.unwrap();
    assert!((paired.effect - 0.0515).abs() < 1e-12);
    let p = 1.0 - 2.0 / std::f64::consts::PI * (0.0515f64 / 0.0015).atan();
    assert!((paired.p - p).abs() < 1e-9, "{paired:?}");
    // The other one's, −0.1 and −0.097, is smaller: corrected by two, and not undercut by this one.
    let other = 1.0 - 2.0 / std::f64::consts::PI * (0.0985f64 / 0.0015).atan();
    assert!((paired.holm - 2.0 * other).abs() < 1e-9, "{paired:?}");
    assert_eq!(paired.pairs, 2);
    // Geometric mean of 0.1 and 0.01.
    assert!((summary.rows[0].mean(Measure::Ratio).value - 10f64.powf(-1.5)).abs() < 1e-12);
    assert!((summary.rows[0].mean(Measure::Gap).value - 0.01).abs() < 1e-12);
    assert!(
        summary.notes.iter().all(|n| !n.contains("the best lr")),
        "of two values one is always at the end"
    );

    let [map] = &summary.maps[..] else {
        panic!("one map")
    };
    assert_eq!((map.x.as_str(), map.y.as_str()), ("activation", "depth"));
    assert_eq!(
        (&*map.columns, &*map.rows),
        (
            &["relu", "tanh"].map(String::from)[..],
            &["2", "30"].map(String::from)[..]
        )
    );
    assert!((map.values[1][0].unwrap() - 0.7105).abs() < 1e-12);
}

#[test]
fn targets_and_divergence_are_told_run_by_run() {
    let good = run(1, 0.9, 0.9, 0.3);
    let goal = |goal| Some(Target { goal, every: None });
    let reached = [
        (Goal::Metric(0.9), Some(50.0)),
        (Goal::Metric(0.91), None),
        (Goal::ValidLoss(0.5), Some(50.0)),
        (Goal::ValidLoss(0.49), None),
        (Goal::TrainLoss(0.3), Some(10.0)),
        (Goal::TrainLoss(0.2), None),
    ];
    for (target, steps) in reached {
        assert_eq!(
            Measure::StepsToTarget.of(&good, goal(target)),
            steps,
            "{target:?}"
        );
    }
    let errors = RunRecord {
        larger_is_better: false,
        ..good.clone()
    };
    assert_eq!(
        Measure::StepsToTarget.of(&errors, goal(Goal::Metric(0.5))),
        Some(0.0)
    );
    assert_eq!(Measure::StepsToTarget.of(&good, None), None);
    assert!(!good.diverged());
    for bad in [
        RunRecord {
            non_finite: true,
            ..good.clone()
        },
        RunRecord {
            train_loss: f64::NAN,
            ..good.clone()
        },
        RunRecord {
            train_loss: 3.1,
            ..good.clone()
        },
    ] {
        assert!(bad.diverged());
    }
}

#[test]
fn a_key_changes_with_what_a_result_depends_on() {
    let document = |text: &str| Document::parse(text, Path::new("a.toml")).unwrap();
    let text = "[data]\nsource = \"circles\"\n[network]\nlayers = [{ dense = \"classes\" }]\n\
                [train]\nloss = \"cross_entropy\"\noptimizer = \"adam\"\n";
    let base = document(text);
    let identity = |d: &Document, seed, data: &str, every, threads| {
        key(&Identity {
            description: &d.description,
            seed,
            data,
            every,
            threads,
        })
    };
    let known = identity(&base, 1, "d", None, 1);
    let commented = document(&text.replace("[train]", "# more\n[train]\nbatch = 128"));
    assert_eq!(
        identity(&commented, 1, "d", None, 1),
        known,
        "a default written out"
    );
    let others = [
        identity(&base, 2, "d", None, 1),
        identity(&base, 1, "e", None, 1),
        identity(&base, 1, "d", Some(5), 1),
        identity(&base, 1, "d", None, 2),
        identity(
            &base.with_override("train.batch=64").unwrap(),
            1,
            "d",
            None,
            1,
        ),
        identity(
            &base.with_override("network.init=he_normal").unwrap(),
            1,
            "d",
            None,
            1,
        ),
        identity(&base.with_override("seed=5").unwrap(), 1, "d", None, 1),
    ];
    assert!(others.iter().all(|other| *other != known));
    assert_eq!(known.len(), 32);
}

#[test]
fn the_store_gives_back_whole_runs_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(&folder.path().join("new"));
    assert!(store.is_usable());
    store.begin("text").unwrap();
    assert!(store.is_usable());
    let mut record = run(1, f64::NAN, 0.5, f64::INFINITY);
    record.key = "abc".into();
    store.keep(&record).unwrap();
    let back = store.find("abc").unwrap();
    assert!(back.valid.unwrap().metric.is_nan() && back.train_loss.is_infinite());
    assert_eq!(back.stretches, record.stretches);
    assert!(store.find("abd").is_none());
    let file = store.folder().join("runs/abc.json");
    let bytes = std::fs::read(&file).unwrap();
    for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&file, &bytes[..cut]).unwrap();
        assert!(store.find("abc").is_none(), "{cut} bytes");
    }
    std::fs::write(folder.path().join("mine.txt"), "").unwrap();
    assert!(!Store::at(folder.path()).is_usable());
}
