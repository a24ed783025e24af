//! Each rule about the network where it triggers, where it does not, and at its boundary.
#![allow(clippy::unwrap_used)]

use super::build::{Body, Net, SGD, chain, noise};
use crate::describe::network::Init;
use crate::describe::{Node, Op};
use crate::diagnose::{Diagnosis, Severity};
use crate::trace::quantity::Row;
use crate::trace::{Quantity, Role};
use isograd_theory::Activation;

const RELU: Body = Body::Plain(Activation::Relu);
const TANH: Body = Body::Plain(Activation::Tanh);
const SIGMOID: Body = Body::Plain(Activation::Sigmoid);

/// A loss that stays where a constant prediction has it, and one that falls.
fn stuck(step: u64) -> f64 {
    std::f64::consts::LN_10 + noise(step, 0.01)
}
fn falling(step: u64) -> f64 {
    0.4 + 1.9 * (-(step as f64) / 50.0).exp() + noise(step, 0.05)
}

fn codes(diagnosis: &Diagnosis) -> Vec<(&str, Severity)> {
    diagnosis
        .findings
        .iter()
        .map(|f| (f.code, f.severity))
        .collect()
}

/// A network with the same rows before and after its steps.
fn with(
    hidden: usize,
    body: Body,
    loss: fn(u64) -> f64,
    rows: (f64, f64, f64),
    change: impl Fn(&Node, Row) -> Row,
) -> Net {
    let mut net = Net::new(hidden, 64, body);
    let base = chain(&net, rows.0, rows.1, rows.2);
    let fill = |node: &Node, role: Role, row: Row| change(node, base(node, role, row));
    net.probe(0, loss(0), fill);
    net.steps(300, loss, 0.005);
    net.probe(300, loss(300), fill);
    net
}

#[test]
fn a_deep_sigmoid_network_has_a_vanishing_gradient() {
    let net = with(30, SIGMOID, stuck, (0.0, -12.5, -6.0), |_, row| row);
    let diagnosis = net.diagnose();
    assert_eq!(
        codes(&diagnosis),
        [("vanishing-gradient", Severity::Critical)]
    );
    let finding = &diagnosis.findings[0];
    assert!(
        finding.cause.contains("the derivative of sigmoid"),
        "{}",
        finding.cause
    );
    assert_eq!(finding.layers.first().unwrap(), "dense1");
    assert!(finding.layers.len() > 20 && finding.layers.len() < 30);
    let patch = finding.advice[0].patch.as_ref().unwrap();
    let said: Vec<_> = patch
        .0
        .iter()
        .map(|op| (op.path.as_str(), &op.from, &op.to))
        .collect();
    assert_eq!(
        said,
        [
            (
                "network.layers[0].layers[1]",
                &"sigmoid".into(),
                &"relu".into()
            ),
            (
                "network.init",
                &"glorot_uniform".into(),
                &"he_normal".into()
            ),
        ]
    );
    assert!(finding.advice.iter().any(|a| a.text.contains("residual")));
    for key in [
        "gradient_first",
        "gradient_last",
        "ratio_db",
        "limit_db",
        "slope_per_layer",
    ] {
        assert!(finding.evidence.contains_key(key), "{key}");
    }
    assert!((finding.evidence["ratio_db"].as_f64().unwrap() + 29.0 * 12.5).abs() < 1e-9);
}

#[test]
fn vanishing_depends_on_depth_and_consequence() {
    struct Case {
        what: &'static str,
        hidden: usize,
        db: f64,
        loss: fn(u64) -> f64,
        sgd: bool,
        expected: Option<Severity>,
    }
    let cases = [
        // 64 wide: the band of 5 layers reaches −13 dB, the limit is −40 dB.
        Case {
            what: "just inside",
            hidden: 5,
            db: -39.9,
            loss: falling,
            sgd: false,
            expected: None,
        },
        Case {
            what: "inside, stuck, Adam",
            hidden: 5,
            db: -39.9,
            loss: stuck,
            sgd: false,
            expected: None,
        },
        Case {
            what: "faint, stuck, SGD",
            hidden: 5,
            db: -35.0,
            loss: stuck,
            sgd: true,
            expected: Some(Severity::Warning),
        },
        Case {
            what: "faint, learns, SGD",
            hidden: 5,
            db: -35.0,
            loss: falling,
            sgd: true,
            expected: None,
        },
        Case {
            what: "beyond, learns with Adam",
            hidden: 5,
            db: -45.0,
            loss: falling,
            sgd: false,
            expected: Some(Severity::Info),
        },
        Case {
            what: "beyond, learns with SGD",
            hidden: 5,
            db: -45.0,
            loss: falling,
            sgd: true,
            expected: Some(Severity::Warning),
        },
        Case {
            what: "beyond, stuck",
            hidden: 5,
            db: -45.0,
            loss: stuck,
            sgd: false,
            expected: Some(Severity::Critical),
        },
        Case {
            what: "one hidden layer",
            hidden: 1,
            db: -99.0,
            loss: stuck,
            sgd: true,
            expected: None,
        },
    ];
    for case in cases {
        let between = (case.hidden.max(2) - 1) as f64;
        let mut net = with(
            case.hidden,
            TANH,
            case.loss,
            (0.0, case.db / between, 0.0),
            |_, r| r,
        );
        if case.sgd {
            net.description.train.optimizer.kind = SGD;
        }
        let found = net.finding("vanishing-gradient").map(|f| f.severity);
        assert_eq!(found, case.expected, "{}", case.what);
    }
}

#[test]
fn a_narrow_network_may_wander_further() {
    // Width 5 and 30 layers: β = 29, the band goes down to 10/ln 10·(−14.5 − 3.09·√29) = −135 dB.
    for (db, expected) in [(-120.0, false), (-150.0, true)] {
        let mut net = Net::new(30, 5, TANH);
        net.probe(0, 2.4, chain(&net, 0.0, db / 29.0, 0.0));
        assert_eq!(
            net.finding("vanishing-gradient").is_some(),
            expected,
            "{db} dB"
        );
    }
}

#[test]
fn a_gradient_that_recovers_is_only_worth_knowing() {
    let mut net = Net::new(10, 64, TANH);
    net.probe(0, 2.4, chain(&net, 0.0, -6.0, 0.0));
    net.steps(300, falling, 0.005);
    net.probe(300, 0.4, chain(&net, 0.0, -1.0, 0.0));
    let diagnosis = net.diagnose();
    assert_eq!(codes(&diagnosis), [("vanishing-gradient", Severity::Info)]);
    assert!(diagnosis.healthy());
}

#[test]
fn weights_that_are_too_large_make_the_gradient_explode() {
    // Twice He's gain: +6 dB a layer, forward and backward.
    let net = with(
        30,
        RELU,
        |s| 1e6 * falling(s),
        (9.03, -3.01, 6.02),
        |_, row| row,
    );
    let diagnosis = net.diagnose();
    let expected = [
        ("exploding-gradient", Severity::Critical),
        ("wrong-init-gain", Severity::Warning),
    ];
    assert_eq!(codes(&diagnosis), expected);
    let gain = &diagnosis.findings[1];
    assert!((gain.evidence["gain"].as_f64().unwrap() - 8.0_f64.sqrt()).abs() < 0.01);
    assert!((gain.evidence["critical_gain"].as_f64().unwrap() - 2.0_f64.sqrt()).abs() < 0.01);
    assert!(gain.cause.contains("too large"), "{}", gain.cause);
    assert_eq!(gain.advice[0].patch.as_ref().unwrap().0[0].to, "he_normal");
}

#[test]
fn the_gradient_of_plain_batch_normalised_relus_explodes_only_when_deep() {
    // 1.2112 a layer, 1.664 dB (π/(π−1) for the square).
    for (hidden, expected) in [(20, false), (50, true)] {
        let body = Body::BatchNorm(Activation::Relu);
        let net = with(hidden, body, stuck, (1.664, 0.0, 0.0), |_, row| row);
        assert_eq!(
            net.finding("exploding-gradient").is_some(),
            expected,
            "{hidden} layers"
        );
        assert!(
            net.finding("wrong-init-gain").is_none(),
            "normalisation undoes the weights' size"
        );
    }
}

#[test]
fn a_signal_that_grows_explodes_as_well() {
    let net = with(20, RELU, |_| 9e4, (3.01, -3.01, 3.0), |_, row| row);
    let finding = net.finding("exploding-gradient").unwrap();
    assert_eq!(finding.severity, Severity::Critical);
    assert!((finding.evidence["forward_growth_db"].as_f64().unwrap() - 57.0).abs() < 1e-9);
}

#[test]
fn weights_that_are_too_small_are_told_from_a_poor_activation() {
    // U(±1/√n) with ReLU: 1/3 of the variance, gain 0.577 where √2 is critical.
    let small = with(20, RELU, stuck, (-4.77, -3.01, -7.78), |_, row| row);
    let finding = small.finding("wrong-init-gain").unwrap();
    assert_eq!(finding.severity, Severity::Critical);
    assert!(finding.cause.contains("too small"), "{}", finding.cause);
    assert!(small.finding("vanishing-gradient").is_some());
    let sigmoid = with(20, SIGMOID, stuck, (0.0, -12.5, 0.0), |_, row| row);
    assert!(sigmoid.finding("wrong-init-gain").is_none());
    // Too large a gain that tanh takes back: the gradient keeps its size.
    let tanh = with(20, TANH, falling, (4.4, -4.3, 0.0), |_, row| row);
    assert!(tanh.finding("wrong-init-gain").is_none());
}

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
