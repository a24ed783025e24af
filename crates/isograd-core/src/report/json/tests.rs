#![allow(clippy::unwrap_used)]

use crate::describe::train::Metric;
use crate::report::facts::{PredictReport, RangeReport, Score, TrainReport};
use crate::report::sample::{self, Sample};
use serde_json::Value;

/// What is wrong with a document, by the committed schema.
fn errors(document: &Value) -> Vec<String> {
    let schema = include_str!("../../../../../docs/output.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    // The branch of the command gives better messages than "none of five".
    let command = document["command"].as_str().unwrap();
    let mut own = schema.clone();
    own.as_object_mut().unwrap().remove("oneOf");
    own["$ref"] = format!("#/$defs/{command}").into();
    let validator = jsonschema::validator_for(&own).unwrap();
    let mut errors: Vec<String> = validator
        .iter_errors(document)
        .map(|e| format!("{command}{}: {e}", e.instance_path()))
        .collect();
    if errors.is_empty()
        && !jsonschema::validator_for(&schema)
            .unwrap()
            .is_valid(document)
    {
        errors.push(format!("{command} is not one of the schema's commands"));
    }
    errors
}

fn samples() -> Vec<Sample> {
    vec![sample::vanishing(), sample::healthy(), sample::exploding()]
}

/// One document of each command for each sample.
fn documents() -> Vec<Value> {
    let score = Score {
        loss: f64::NAN,
        metric: 0.91,
        examples: 300,
    };
    let mut documents = vec![super::eval(
        "runs/a-1",
        Metric::R2,
        &[("valid".into(), score)],
    )];
    documents.extend(comparisons());
    for sample in samples() {
        let report = sample.report();
        documents.push(super::doctor(&report));
        documents.push(super::predict(&PredictReport {
            facts: &sample.facts,
            plan: &sample.plan,
            prediction: &sample.prediction,
        }));
        documents.push(super::train(&TrainReport {
            facts: &sample.facts,
            plan: &sample.plan,
            trace: &sample.trace,
            training: sample.training,
            valid: Some(score),
            test: None,
            clipping: Some(&sample::clipping()),
            overhead: None,
            run: None,
        }));
        documents.push(super::range_test(&RangeReport {
            facts: &sample.facts,
            plan: &sample.plan,
            test: &sample::range_test(),
        }));
        for healing in [sample::healed(), sample::not_healed()] {
            documents.push(super::heal(&report, &healing, Some("healed.toml")).unwrap());
        }
    }
    documents
}

/// A comparison with everything, and one of a single seed without target, control and map.
fn comparisons() -> Vec<Value> {
    use crate::compare::tests::GRID;
    use crate::compare::tests::runs::filled;
    let lean = GRID
        .replace("seeds = [1, 2]\n", "seeds = [1]\n")
        .replace("control = \"relu\"\n", "");
    let full = format!("target = {{ train_loss = 0.1, every = 5 }}\n{GRID}");
    let mut documents = Vec::new();
    for text in [full, lean] {
        let grid = crate::compare::Grid::parse(&text, std::path::Path::new("g.toml")).unwrap();
        let summary = filled(&grid, &[(0.5, f64::NAN); 6]);
        documents.push(super::compare(&crate::report::CompareReport {
            summary: &summary,
            folder: "runs/compare-g".into(),
            threads: 1,
        }));
    }
    documents
}

#[test]
fn every_command_prints_what_its_schema_says() {
    let wrong: Vec<String> = documents().iter().flat_map(errors).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_schema_refuses_what_is_not_in_the_contract() {
    for document in documents() {
        for key in document
            .as_object()
            .unwrap()
            .keys()
            .filter(|k| *k != "command")
        {
            let mut less = document.clone();
            less.as_object_mut().unwrap().remove(key);
            assert!(
                !errors(&less).is_empty(),
                "{key} may be left out of {}",
                less["command"]
            );
        }
        let mut more = document.clone();
        more["surplus"] = 1.into();
        assert!(
            !errors(&more).is_empty(),
            "{} takes any key",
            more["command"]
        );
    }
}

#[test]
fn numbers_that_are_not_finite_are_words() {
    let report = super::doctor(&sample::exploding().report());
    assert_eq!(report["layers"][0]["gradient"], "inf");
    assert_eq!(report["training"]["validations"][0]["train_loss"], "NaN");
    assert_eq!(report["layers"][0]["predicted_gradient"], Value::Null);
}

#[test]
fn doctor_says_what_was_found() {
    let report = super::doctor(&sample::vanishing().report());
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["verdict"], "findings");
    assert_eq!(report["findings"][0]["code"], "vanishing-gradient");
    assert_eq!(report["findings"][0]["severity"], "critical");
    assert_eq!(report["blame"][0]["mechanism"], "activation");
    assert_eq!(
        super::doctor(&sample::healthy().report())["verdict"],
        "healthy"
    );
    insta::assert_json_snapshot!("doctor", report["layers"][0]);
}
