//! Learning rates that are too high or too low, and values that are not finite.
#![allow(clippy::unwrap_used)]

use super::build::{Body, Net, chain, noise};
use crate::diagnose::{Finding, Severity};
use crate::trace::{Quantity, RecordKind};
use isograd_theory::Activation;

const RELU: Body = Body::Plain(Activation::Relu);

/// A healthy He network of five layers with this course.
fn net(steps: u64, loss: impl Fn(u64) -> f64, ratio: f64) -> Net {
    let mut net = Net::new(5, 64, RELU);
    net.probe(0, loss(0), chain(&net, 3.01, -3.01, 0.0));
    net.steps(steps, loss, ratio);
    net
}

fn high(net: &Net) -> Option<Severity> {
    net.finding("learning-rate-too-high").map(|f| f.severity)
}

#[test]
fn a_rate_is_too_high_when_loss_and_steps_say_so() {
    let rising = |s: u64| 2.3 + 0.05 * s as f64 + noise(s, 0.3);
    let stuck = |s: u64| std::f64::consts::LN_10 + noise(s, 0.02);
    let falling = |s: u64| 0.4 + 1.9 * (-(s as f64) / 50.0).exp() + noise(s, 0.05);
    let breaks = |s: u64| if s < 40 { 2.3 } else { f64::NAN };
    let critical = Some(Severity::Critical);
    for (what, found, expected) in [
        (
            "rises in large steps",
            high(&net(300, rising, 0.5)),
            critical,
        ),
        ("rises in small steps", high(&net(300, rising, 1e-3)), None),
        (
            "stands still in large steps",
            high(&net(300, stuck, 0.3)),
            critical,
        ),
        (
            "stands still in small steps",
            high(&net(300, stuck, 1e-3)),
            None,
        ),
        (
            "breaks in large steps",
            high(&net(100, breaks, 0.5)),
            critical,
        ),
        (
            "falls in the large first steps of Adam",
            high(&net(300, falling, 0.05)),
            None,
        ),
        (
            "falls, but overwrites the weights",
            high(&net(300, falling, 1.5)),
            Some(Severity::Warning),
        ),
        ("too short to say", high(&net(10, |_| 2.3, 0.5)), None),
    ] {
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn what_is_wrong_before_the_first_step_is_not_the_rates_doing() {
    let rising = |s: u64| 2.3 + 0.05 * s as f64;
    let mut exploding = Net::new(30, 64, RELU);
    exploding.probe(0, 2.3, chain(&exploding, 9.0, -3.0, 6.0));
    exploding.steps(300, rising, 0.5);
    assert!(exploding.finding("learning-rate-too-high").is_none());
    let mut ascending = net(300, rising, 0.5);
    ascending.description.train.optimizer.gradient_sign = -1.0;
    assert!(ascending.finding("learning-rate-too-high").is_none());
}

#[test]
fn the_advised_rate_brings_the_steps_down() {
    let finding: Finding = net(300, |s| 2.3 + 0.05 * s as f64, 0.5)
        .finding("learning-rate-too-high")
        .unwrap();
    let op = &finding.advice[0].patch.as_ref().unwrap().0[0];
    assert_eq!(op.path, "train.optimizer.lr");
    // From ratio 0.5 to 1e-3: 1e-3·2e-3.
    assert_eq!(op.to.as_f64().unwrap(), 2e-6);
}

#[test]
fn a_rate_is_too_low_when_the_budget_cannot_reach_anything() {
    let low = |net: &Net| net.finding("learning-rate-too-low").map(|f| f.severity);
    let flat = |s: u64| 2.4 + noise(s, 0.02);
    let creeping = |s: u64| 2.4 - 1e-4 * s as f64 + noise(s, 1e-3);
    let falling = |s: u64| 0.4 + 1.9 * (-(s as f64) / 50.0).exp() + noise(s, 0.05);
    let plateau = |s: u64| 2.3 + 0.2 * (-(s as f64) / 10.0).exp() + noise(s, 1e-3);
    for (what, found, expected) in [
        // Six layers of fan-in 64: reach = 6·8·300·1e-6 = 0.0144.
        (
            "cannot move",
            low(&net(300, flat, 1e-6)),
            Some(Severity::Critical),
        ),
        ("moves, to no avail", low(&net(300, flat, 1e-3)), None),
        (
            "creeps",
            low(&net(300, creeping, 1e-5)),
            Some(Severity::Warning),
        ),
        ("learns", low(&net(300, falling, 1e-5)), None),
        ("reached a plateau", low(&net(300, plateau, 1e-3)), None),
    ] {
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn a_budget_that_is_not_over_counts_as_a_whole() {
    let creeping = |s: u64| 2.4 - 1e-4 * s as f64 + noise(s, 1e-3);
    let mut long = net(300, creeping, 1e-4);
    assert!(long.finding("learning-rate-too-low").is_some());
    // Twenty epochs of 300 steps: the same fall takes half of the loss away.
    long.description.train.epochs = 20;
    long.validated(300, 1.0);
    assert!(long.finding("learning-rate-too-low").is_none());
}

#[test]
fn a_vanishing_gradient_explains_small_steps_first() {
    let mut net = Net::new(30, 64, Body::Plain(Activation::Sigmoid));
    net.probe(0, 2.4, chain(&net, 0.0, -12.5, 0.0));
    net.steps(300, |s| 2.4 + noise(s, 0.02), 1e-6);
    assert!(net.finding("learning-rate-too-low").is_none());
    assert!(net.finding("vanishing-gradient").is_some());
}

#[test]
fn the_first_place_that_is_not_finite_is_named() {
    struct Case {
        what: &'static str,
        quantity: Quantity,
        step: u64,
        layer: &'static str,
        direction: &'static str,
    }
    let cases = [
        Case {
            what: "data",
            quantity: Quantity::ForwardNonFinite,
            step: 0,
            layer: "dense1",
            direction: "forward",
        },
        Case {
            what: "forward",
            quantity: Quantity::ForwardNonFinite,
            step: 7,
            layer: "dense3",
            direction: "forward",
        },
        Case {
            what: "backward",
            quantity: Quantity::GradientNonFinite,
            step: 7,
            layer: "dense3",
            direction: "backward",
        },
    ];
    for case in cases {
        let mut net = net(5, |_| 2.3, 1e-3);
        if case.step == 0 {
            net.trace.records.clear();
        }
        let backward = case.direction == "backward";
        net.record(RecordKind::Step, case.step, 2.3, |node, _, row| {
            let order = node
                .name
                .trim_start_matches(char::is_alphabetic)
                .parse::<usize>()
                .unwrap();
            let at = case
                .layer
                .trim_start_matches(char::is_alphabetic)
                .parse::<usize>()
                .unwrap();
            let reached = if backward {
                order < at || node.name == case.layer
            } else {
                order >= at
            };
            row.with(case.quantity, if reached { 3.0 } else { 0.0 })
        });
        let finding = net.finding("non-finite-values").unwrap();
        assert_eq!(finding.severity, Severity::Critical, "{}", case.what);
        assert_eq!(finding.layers, [case.layer], "{}", case.what);
        assert_eq!(
            finding.evidence["direction"], case.direction,
            "{}",
            case.what
        );
        assert_eq!(finding.evidence["step"], case.step as f64, "{}", case.what);
    }
}

#[test]
fn a_loss_that_is_not_finite_is_found_without_any_layer() {
    let net = net(100, |s| if s < 40 { 2.3 } else { f64::INFINITY }, 1e-3);
    let finding = net.finding("non-finite-values").unwrap();
    assert_eq!(finding.evidence["step"], 40.0);
    assert_eq!(finding.evidence["loss"], "inf");
    assert!(finding.layers.is_empty());
}
