//! Each rule about the network where it triggers, where it does not, and at its boundary.
#![allow(clippy::unwrap_used)]

use super::build::{Body, Net, SGD, chain, falling, stuck, with};
use crate::diagnose::{Diagnosis, Severity};
use isograd_theory::Activation;

const RELU: Body = Body::Plain(Activation::Relu);
const TANH: Body = Body::Plain(Activation::Tanh);
const SIGMOID: Body = Body::Plain(Activation::Sigmoid);

fn codes(diagnosis: &Diagnosis) -> Vec<(&str, Severity)> {
    diagnosis
        .findings
        .iter()
        .map(|f| (f.code, f.severity))
        .collect()
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
