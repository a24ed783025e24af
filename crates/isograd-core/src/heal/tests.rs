//! Healing from description to healed description, with a scripted trainer.
#![allow(clippy::unwrap_used)]

use super::fake::Fake;
use super::remedies::tests::document;
use super::{HealOptions, Healing, HealingOutcome, TrainerError, heal};
use crate::describe::data::Source;
use crate::describe::network::{Block, BlockKind, Init};
use crate::describe::{DataShape, Description, Document, Shape, Task};
use crate::diagnose::{Blame, Diagnosis, Finding, Mechanism, Severity};
use isograd_theory::Activation;
use std::path::Path;

const RATE: &str = "optimizer = { name = \"adam\", lr = 1e-3 }  # kept";
const SIGMOID: &str = r#"init = "glorot_uniform"
layers = [
  # thirty of them
  { repeat = 30, layers = [ { dense = 64 }, "sigmoid" ] },
  { dense = "classes" },
]"#;
const LARGE: &str = r#"init = { name = "he_normal", gain = 2.0 }
layers = [ { repeat = 30, layers = [ { dense = 64 }, "relu" ] }, { dense = "classes" } ]"#;
const NEGATIVE: &str = r#"init = "he_normal"
bias_init = { name = "constant", value = -1.0 }
layers = [ { repeat = 4, layers = [ { dense = 128 }, "relu" ] }, { dense = "classes" } ]"#;

fn finding(code: &'static str, severity: Severity) -> Finding {
    Finding {
        code,
        severity,
        layers: Vec::new(),
        cause: String::new(),
        evidence: serde_json::Map::new(),
        advice: Vec::new(),
    }
}

fn diagnosis(codes: &[&'static str], mechanism: Mechanism) -> Diagnosis {
    Diagnosis {
        findings: codes
            .iter()
            .map(|c| finding(c, Severity::Critical))
            .collect(),
        blame: vec![Blame {
            layer: "x".into(),
            node: 0,
            kind: String::new(),
            mechanism,
            db: -12.0,
            excess_db: -12.0,
            split: None,
        }],
        ..Diagnosis::default()
    }
}

fn run(document: &Document, diagnosis: &Diagnosis, fake: &mut Fake) -> Healing {
    let data = DataShape {
        input: Shape::Flat(784),
        task: Task::Classification { classes: 10 },
        examples: 1000,
    };
    let plan = document.plan(&data).unwrap();
    heal(
        document,
        &plan,
        diagnosis,
        fake,
        &HealOptions::default(),
        &mut (),
    )
    .unwrap()
}

fn any(blocks: &[Block], test: &dyn Fn(&Block) -> bool) -> bool {
    blocks.iter().any(|block| {
        test(block)
            || match &block.kind {
                BlockKind::Repeat { layers, .. } | BlockKind::Residual { layers, .. } => {
                    any(layers, test)
                }
                _ => false,
            }
    })
}

/// What a deep network reaches: sigmoid without shortcuts and too large weights without
/// normalisation learn nothing, negative biases little; of ReLU networks those with normalisation
/// and shortcuts are best, or (`alone`) all are equal.
fn level(d: &Description, alone: f64) -> f64 {
    let has = |test: &dyn Fn(&Block) -> bool| any(&d.network.layers, test);
    let norm = has(&|b| {
        matches!(
            b.kind,
            BlockKind::BatchNorm { .. } | BlockKind::LayerNorm { .. }
        )
    });
    let skip = has(&|b| matches!(b.kind, BlockKind::Residual { .. }));
    let sigmoid = has(&|b| b.kind == BlockKind::Activation(Activation::Sigmoid));
    let large = matches!(d.network.init, Init::HeNormal { gain, .. } if gain > 1.5);
    if d.network.bias_init != Init::ZEROS {
        return if norm { 0.7 } else { 0.1 };
    }
    match (sigmoid, large, norm, skip) {
        (true, _, _, false) | (_, true, false, _) => 0.1,
        (true, ..) => 0.6,
        (false, _, true, true) => 0.87,
        (false, ..) => alone,
    }
}

fn fake(alone: f64) -> Fake {
    let mut fake = Fake::new(move |d, _| Ok(level(d, alone)));
    fake.rows = 2000;
    fake
}

#[test]
fn the_three_ways_to_break_a_deep_network_are_healed() {
    struct Case {
        name: &'static str,
        network: &'static str,
        codes: &'static [&'static str],
        mechanism: Mechanism,
        alone: f64,
        edits: usize,
    }
    let cases = [
        Case {
            name: "sigmoid",
            network: SIGMOID,
            codes: &["vanishing-gradient"],
            mechanism: Mechanism::Activation,
            alone: 0.87,
            edits: 2,
        },
        Case {
            name: "sigmoid, where only everything together helps",
            network: SIGMOID,
            codes: &["vanishing-gradient"],
            mechanism: Mechanism::Activation,
            alone: 0.5,
            edits: 4,
        },
        Case {
            name: "too large weights",
            network: LARGE,
            codes: &["exploding-gradient", "wrong-init-gain"],
            mechanism: Mechanism::Weights,
            alone: 0.87,
            edits: 1,
        },
        Case {
            name: "negative biases",
            network: NEGATIVE,
            codes: &["dead-units"],
            mechanism: Mechanism::Activation,
            alone: 0.87,
            edits: 1,
        },
    ];
    for case in cases {
        let before = document(case.network, RATE);
        let healing = run(
            &before,
            &diagnosis(case.codes, case.mechanism),
            &mut fake(case.alone),
        );
        assert_eq!(
            healing.outcome,
            HealingOutcome::Healed,
            "{}: {}",
            case.name,
            healing.reason
        );
        let metric = healing.metric.as_ref().unwrap();
        assert!(
            metric.after > 0.85,
            "{}: {metric:?} {:?}",
            case.name,
            healing.remedy
        );
        assert!(
            healing.edits == case.edits,
            "{}: {:?}",
            case.name,
            healing.remedy
        );
        assert!(healing.cost <= 20.0);
        // The text says what was judged, and keeps its comments.
        let after = Document::parse(&healing.description, &before.file).unwrap();
        assert!(
            level(&after.description, case.alone) > 0.85,
            "{}",
            healing.description
        );
        assert!(
            healing.description.contains("# kept"),
            "{}",
            healing.description
        );
        assert_eq!(
            after,
            before
                .with_patch(healing.accepted.as_ref().unwrap())
                .unwrap()
        );
        assert!(!healing.diff.is_empty() && !healing.changes.is_empty());
        // Depth, width, data and metric are as they were.
        assert_eq!(after.description.data, before.description.data);
        assert_eq!(
            after.description.train.metric,
            before.description.train.metric
        );
        let widths = |d: &Description| {
            let mut found = Vec::new();
            any(&d.network.layers, &|b| {
                matches!(b.kind, BlockKind::Repeat { .. })
            });
            collect(&d.network.layers, 1, &mut found);
            found
        };
        assert_eq!(
            widths(&after.description),
            widths(&before.description),
            "{}",
            case.name
        );
    }
}

/// Units of every dense block, as often as it is written out.
fn collect(blocks: &[Block], times: usize, found: &mut Vec<(String, usize)>) {
    for block in blocks {
        match &block.kind {
            BlockKind::Dense { units, .. } => found.push((format!("{units:?}"), times)),
            BlockKind::Repeat { count, layers } => collect(layers, times * count, found),
            BlockKind::Residual { layers, .. } => collect(layers, times, found),
            _ => {}
        }
    }
}

#[test]
fn what_is_healthy_or_cannot_be_healed_is_left_as_it_is() {
    let before = document(SIGMOID, RATE);
    let of = |code, severity| Diagnosis {
        findings: vec![finding(code, severity)],
        ..Diagnosis::default()
    };
    let cases = [
        (Diagnosis::default(), HealingOutcome::Healthy),
        (
            of("vanishing-gradient", Severity::Info),
            HealingOutcome::Healthy,
        ),
        (
            of("labels-without-signal", Severity::Critical),
            HealingOutcome::NotHealableData,
        ),
        (
            of("of-tomorrow", Severity::Critical),
            HealingOutcome::NotHealed,
        ),
    ];
    for (diagnosis, expected) in cases {
        let mut fake = fake(0.8);
        let healing = run(&before, &diagnosis, &mut fake);
        assert_eq!(healing.outcome, expected, "{diagnosis:?}");
        assert_eq!(healing.description, before.text);
        assert!(fake.calls.is_empty() && healing.accepted.is_none() && healing.diff.is_empty());
    }
    // Trained, and nothing helps.
    let mut useless = Fake::new(|_, _| Ok(0.1));
    let healing = run(
        &before,
        &diagnosis(&["vanishing-gradient"], Mechanism::Activation),
        &mut useless,
    );
    assert_eq!(healing.outcome, HealingOutcome::NotHealed);
    assert_eq!(healing.description, before.text);
    assert!(!healing.trials.is_empty() && healing.cost <= 20.0);
}

#[test]
fn the_json_says_what_the_design_asks_for() {
    let before = document(LARGE, RATE);
    let mut diverges = Fake::new(|d, _| {
        let level = level(d, 0.87);
        Ok(if level < 0.2 { f64::NAN } else { level })
    });
    diverges.rows = 500;
    let healing = run(
        &before,
        &diagnosis(&["exploding-gradient"], Mechanism::Weights),
        &mut diverges,
    );
    let json = serde_json::to_value(&healing).unwrap();
    assert_eq!(json["outcome"], "healed");
    assert_eq!(json["metric"]["before"], "NaN");
    assert_eq!(json["metric"]["name"], "accuracy");
    assert!(json["metric"]["after"].as_f64().unwrap() > 0.7);
    assert_eq!(json["metric"]["interval"].as_array().unwrap().len(), 2);
    let accepted = serde_json::to_value(healing.accepted.as_ref().unwrap()).unwrap();
    assert_eq!(json["accepted"], accepted);
    assert!(accepted[0]["op"].is_string() && accepted[0]["path"].is_string());
    assert!(json["description"].as_str().unwrap().contains("[network]"));
    let trials = json["trials"].as_array().unwrap();
    assert!(
        trials
            .iter()
            .any(|t| t["evaluate"] == "choice" && t["value"] == "NaN")
    );
    for key in [
        "remedy", "patch", "seed", "budget", "evaluate", "metric", "value", "loss", "seconds",
    ] {
        assert!(trials.iter().all(|t| !t[key].is_null()), "{key}");
    }
}

#[test]
fn an_error_of_the_trainer_is_passed_on() {
    let before = document(LARGE, RATE);
    let data = DataShape {
        input: Shape::Flat(784),
        task: Task::Classification { classes: 10 },
        examples: 1000,
    };
    let plan = before.plan(&data).unwrap();
    let mut broken = Fake::new(|_, _| Err(TrainerError("the data are gone".into())));
    let error = heal(
        &before,
        &plan,
        &diagnosis(&["exploding-gradient"], Mechanism::Weights),
        &mut broken,
        &HealOptions::default(),
        &mut (),
    )
    .unwrap_err();
    assert!(error.to_string().contains("the data are gone"), "{error}");
}

#[test]
fn every_candidate_for_every_example_is_a_network_of_the_same_depth() {
    // All findings at once, so that every remedy and combination is built.
    let everything = diagnosis(
        &[
            "vanishing-gradient",
            "exploding-gradient",
            "saturated-units",
            "dead-units",
            "wrong-init-gain",
            "learning-rate-too-high",
            "learning-rate-too-low",
            "non-finite-values",
        ],
        Mechanism::Weights,
    );
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut seen = 0;
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let before = Document::load(&path, &[]).unwrap();
        let image = Shape::Image {
            channels: 1,
            height: 28,
            width: 28,
        };
        let data = DataShape {
            input: match before.description.data.source {
                // Named sets of images; what is generated here are points of the plane.
                Source::Named(_) => image,
                _ => Shape::Flat(2),
            },
            task: Task::Classification { classes: 10 },
            examples: 1000,
        };
        let layers = before.plan(&data).unwrap().layers.len();
        let candidates = super::remedy::candidates(&before, &everything).unwrap();
        for candidate in &candidates {
            seen += 1;
            let plan = before
                .with_patch(&candidate.patch)
                .map_err(|e| e.to_string())
                .and_then(|after| {
                    assert_eq!(after.description, candidate.description);
                    after.plan(&data).map_err(|e| e.to_string())
                });
            match plan {
                Ok(plan) if plan.layers.len() == layers => {}
                other => wrong.push(format!(
                    "{}: {}: {:?}",
                    path.display(),
                    candidate.title,
                    other.map(|plan| plan.layers.len())
                )),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 50, "{seen}");
}
