//! What is made of runs: the choice, targets, keys, the store.

use super::*;

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
pub(crate) fn filled<'a>(grid: &'a Grid, figures: &[(f64, f64)]) -> crate::compare::Summary<'a> {
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
