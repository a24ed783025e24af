//! Dead and saturated units where they count and where they do not.
#![allow(clippy::unwrap_used)]

use super::build::{Body, Net, chain, falling, stuck, with};
use crate::describe::network::Init;
use crate::describe::{Node, Op};
use crate::diagnose::Severity;
use crate::trace::quantity::Row;
use crate::trace::{Quantity, Role};
use isograd_theory::Activation;

const RELU: Body = Body::Plain(Activation::Relu);
const TANH: Body = Body::Plain(Activation::Tanh);
const SIGMOID: Body = Body::Plain(Activation::Sigmoid);

/// Dead units, and the moments of the pre-activations from which their null follows.
fn dead(share: f64, correlation: f64, mean: f64, rms: f64) -> impl Fn(&Node, Row) -> Row {
    move |node, row| match node.op {
        Op::Activation(_) => row.with(Quantity::DeadUnits, share),
        Op::Dense { .. } => row
            .with(Quantity::Correlation, correlation)
            .with(Quantity::ForwardMean, mean)
            .with(Quantity::ForwardRms, rms),
        _ => row,
    }
}

#[test]
fn dead_units_count_beyond_what_correlation_explains() {
    struct Case {
        what: &'static str,
        share: f64,
        correlation: f64,
        mean: f64,
        loss: fn(u64) -> f64,
        expected: Option<Severity>,
    }
    let cases = [
        Case {
            what: "deep He network",
            share: 0.35,
            correlation: 0.988,
            mean: 0.0,
            loss: falling,
            expected: None,
        },
        Case {
            what: "some died",
            share: 0.3,
            correlation: 0.5,
            mean: 0.0,
            loss: falling,
            expected: None,
        },
        Case {
            what: "most died",
            share: 0.8,
            correlation: 0.5,
            mean: 0.0,
            loss: falling,
            expected: Some(Severity::Warning),
        },
        Case {
            what: "most died, stuck",
            share: 0.8,
            correlation: 0.5,
            mean: 0.0,
            loss: stuck,
            expected: Some(Severity::Critical),
        },
        Case {
            what: "all died",
            share: 1.0,
            correlation: 0.5,
            mean: 0.0,
            loss: falling,
            expected: Some(Severity::Critical),
        },
        // rms² = 1, mean² = 0.9: cosines of 0.95 come from the common mean; without it 0.5.
        Case {
            what: "negative biases",
            share: 0.8,
            correlation: 0.95,
            mean: -0.948_68,
            loss: stuck,
            expected: Some(Severity::Critical),
        },
        Case {
            what: "all constant",
            share: 1.0,
            correlation: 1.0,
            mean: -1.0,
            loss: stuck,
            expected: Some(Severity::Critical),
        },
        Case {
            what: "collapsed",
            share: 0.5,
            correlation: 1.0,
            mean: 0.0,
            loss: stuck,
            expected: None,
        },
    ];
    for case in cases {
        let change = dead(case.share, case.correlation, case.mean, 1.0);
        let net = with(10, RELU, case.loss, (3.01, -3.01, 0.0), change);
        let found = net.finding("dead-units").map(|f| f.severity);
        assert_eq!(found, case.expected, "{}", case.what);
    }
}

#[test]
fn negative_biases_are_named_in_the_advice() {
    let mut net = with(
        10,
        RELU,
        stuck,
        (3.01, -3.01, 0.0),
        dead(0.9, 0.5, 0.0, 1.0),
    );
    for node in &mut net.plan.nodes {
        if let Op::Dense { bias, .. } = &mut node.op {
            *bias = Some(Init::Constant { value: -2.0 });
        }
    }
    net.description.network.bias_init = Init::Constant { value: -2.0 };
    let finding = net.finding("dead-units").unwrap();
    let op = &finding.advice[0].patch.as_ref().unwrap().0[0];
    assert_eq!(
        (op.path.as_str(), &op.to),
        ("network.bias_init", &"zeros".into())
    );
    assert_eq!(finding.layers.len(), 10);
}

#[test]
fn units_that_die_on_the_way_point_to_the_rate() {
    let mut net = Net::new(10, 64, RELU);
    let base = chain(&net, 3.01, -3.01, 0.0);
    let fill = |share: f64| {
        let base = &base;
        move |n: &Node, role: Role, row: Row| dead(share, 0.5, 0.0, 1.0)(n, base(n, role, row))
    };
    net.probe(0, 2.4, fill(0.0));
    net.steps(300, stuck, 0.005);
    net.probe(300, 2.3, fill(0.9));
    let finding = net.finding("dead-units").unwrap();
    assert!(
        finding.cause.contains("after training"),
        "{}",
        finding.cause
    );
    assert!(finding.advice[0].text.contains("learning rate"));
    // And the other way round they are no trouble.
    net.trace.records.first_mut().unwrap().step = 0;
    let mut recovered = Net::new(10, 64, RELU);
    recovered.probe(0, 2.4, fill(0.9));
    recovered.steps(300, falling, 0.005);
    recovered.probe(300, 0.4, fill(0.0));
    assert_eq!(
        recovered.finding("dead-units").unwrap().severity,
        Severity::Info
    );
}

#[test]
fn few_examples_or_few_units_are_no_evidence() {
    let net = with(10, RELU, stuck, (3.01, -3.01, 0.0), |node, row| {
        dead(0.9, 0.5, 0.0, 1.0)(node, row).with(Quantity::Examples, 128.0)
    });
    assert!(net.finding("dead-units").is_none());
    // Two of three units where correlation lets a third be dead.
    let mut narrow = Net::new(4, 3, RELU);
    let base = chain(&narrow, 3.01, -3.01, 0.0);
    narrow.probe(0, 2.4, |n, role, row| {
        dead(2.0 / 3.0, 0.988, 0.0, 1.0)(n, base(n, role, row))
    });
    assert!(narrow.finding("dead-units").is_none());
}

#[test]
fn saturated_units_are_those_of_hidden_saturating_activations() {
    struct Case {
        what: &'static str,
        body: Body,
        share: f64,
        loss: fn(u64) -> f64,
        expected: Option<Severity>,
    }
    let cases = [
        Case {
            what: "tanh, stuck",
            body: TANH,
            share: 0.9,
            loss: stuck,
            expected: Some(Severity::Critical),
        },
        Case {
            what: "tanh, learns",
            body: TANH,
            share: 0.9,
            loss: falling,
            expected: Some(Severity::Warning),
        },
        Case {
            what: "half",
            body: TANH,
            share: 0.5,
            loss: stuck,
            expected: None,
        },
        Case {
            what: "sigmoid in its linear region",
            body: SIGMOID,
            share: 0.0,
            loss: stuck,
            expected: None,
        },
        Case {
            what: "relu does not saturate",
            body: RELU,
            share: 0.9,
            loss: stuck,
            expected: None,
        },
    ];
    for case in cases {
        let net = with(
            5,
            case.body,
            case.loss,
            (0.0, 0.0, 0.0),
            |node, row| match node.op {
                Op::Activation(_) => row.with(Quantity::SaturatedUnits, case.share),
                _ => row,
            },
        );
        let found = net.finding("saturated-units").map(|f| f.severity);
        assert_eq!(found, case.expected, "{}", case.what);
    }
}

#[test]
fn saturation_shows_in_the_slopes_where_units_were_not_counted() {
    for (slope, expected) in [(0.01, true), (0.03, false)] {
        let net = with(5, TANH, stuck, (0.0, 0.0, 0.0), |node, row| match node.op {
            Op::Activation(_) => row.with(Quantity::SlopeSquare, slope),
            _ => row,
        });
        assert_eq!(
            net.finding("saturated-units").is_some(),
            expected,
            "{slope}"
        );
    }
}
