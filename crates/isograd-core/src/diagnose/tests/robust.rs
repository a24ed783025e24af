//! Traces with holes: nothing panics, and what was not measured is not judged.
#![allow(clippy::unwrap_used)]

use super::build::{Body, Net, chain};
use crate::trace::{Quantity, Record, RecordKind, Role, Site, quantity::Row};
use isograd_theory::Activation;

#[test]
fn an_empty_trace_has_an_empty_diagnosis() {
    let net = Net::new(30, 64, Body::Plain(Activation::Sigmoid));
    let diagnosis = net.diagnose();
    assert!(diagnosis.findings.is_empty() && diagnosis.blame.is_empty());
    assert_eq!(diagnosis.profile_db, None);
    assert!(diagnosis.healthy());
}

#[test]
fn every_quantity_at_every_awkward_value_is_survived() {
    let values = [
        0.0,
        -0.0,
        -1.0,
        1.0,
        1e300,
        1e-320,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    for hidden in [0, 1, 2, 5] {
        for body in [
            Body::Plain(Activation::Sigmoid),
            Body::BatchNorm(Activation::Relu),
            Body::Residual(Activation::Tanh),
        ] {
            for value in values {
                let mut net = Net::new(hidden, 8, body);
                let everything = |_: &_, _, mut row: Row| {
                    for quantity in Quantity::ALL {
                        row.set(quantity, value);
                    }
                    row
                };
                net.probe(0, value, everything);
                net.steps(40, |_| value, value);
                net.probe(40, value, everything);
                let diagnosis = net.diagnose();
                let json = serde_json::to_string(&diagnosis.findings).unwrap();
                assert!(!json.contains(":null,\"to\":null"), "{json}");
                serde_json::to_string(&diagnosis.blame).unwrap();
                serde_json::to_string(&diagnosis.mechanisms).unwrap();
            }
        }
    }
}

#[test]
fn a_trace_with_a_single_column_is_judged_by_that_column() {
    for quantity in Quantity::ALL {
        let mut net = Net::new(30, 64, Body::Plain(Activation::Sigmoid));
        let full = chain(&net, 0.0, -12.5, 0.0);
        net.probe(0, 2.4, |node, role, row| {
            full(node, role, row)
                .get(quantity)
                .map_or(row, |v| row.with(quantity, v))
        });
        let codes: Vec<&str> = net.diagnose().findings.iter().map(|f| f.code).collect();
        match quantity {
            Quantity::Gradient => assert_eq!(codes, ["vanishing-gradient"]),
            _ => assert!(codes.is_empty(), "{quantity:?}: {codes:?}"),
        }
    }
}

#[test]
fn sites_and_rows_that_do_not_fit_the_plan_are_ignored() {
    let mut net = Net::new(4, 8, Body::Plain(Activation::Relu));
    net.trace.sites.push(Site {
        name: "elsewhere".to_owned(),
        kind: "dense".to_owned(),
        node: 999,
        role: Role::Output,
        elements: 1,
        units: 1,
    });
    let network = crate::trace::Network::default();
    // Fewer rows than sites.
    let rows = vec![Row::default().with(Quantity::Gradient, 1.0); 3];
    net.trace.records.push(Record {
        step: 0,
        kind: RecordKind::Probe,
        network,
        rows: rows.into(),
    });
    assert!(net.diagnose().findings.is_empty());
    let mut empty = Net::new(4, 8, Body::Plain(Activation::Relu));
    empty.plan.nodes.clear();
    empty.plan.chain.clear();
    empty.plan.layers.clear();
    empty.trace.records = net.trace.records;
    assert!(empty.diagnose().blame.is_empty());
}

#[test]
fn a_network_that_yields_nan_is_critical() {
    let mut net = Net::new(5, 64, Body::Plain(Activation::Relu));
    net.probe(0, f64::NAN, |_, _, row| {
        row.with(Quantity::Gradient, f64::NAN)
            .with(Quantity::ForwardRms, f64::NAN)
    });
    let diagnosis = net.diagnose();
    assert_eq!(diagnosis.findings[0].code, "non-finite-values");
    assert_eq!(diagnosis.worst(), Some(crate::diagnose::Severity::Critical));
}
