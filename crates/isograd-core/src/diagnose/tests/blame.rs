//! Terms telescope, excess names what is to blame, degenerate gradients do no harm.
#![allow(clippy::unwrap_used)]

use super::build::{Body, Net, chain};
use crate::describe::Op;
use crate::diagnose::{Diagnosis, Mechanism};
use crate::trace::{Quantity, Role};
use isograd_theory::Activation;

fn sum(diagnosis: &Diagnosis) -> f64 {
    diagnosis.blame.iter().map(|b| b.db).sum()
}

#[test]
fn the_derivative_of_sigmoid_is_named_first() {
    let mut net = Net::new(30, 64, Body::Plain(Activation::Sigmoid));
    net.probe(0, 2.4, chain(&net, -0.1, -12.2, 0.0));
    let diagnosis = net.diagnose();
    // From the first sigmoid's output: 30 weights (the first layer's not, the output's with it) and
    // 29 sigmoids.
    let expected = -0.1 * 30.0 - 12.2 * 29.0;
    assert!((diagnosis.profile_db.unwrap() - expected).abs() < 1e-9);
    assert!((sum(&diagnosis) - expected).abs() < 1e-9);
    assert_eq!(diagnosis.blame.len(), 59);
    assert!(diagnosis.blame[..29].iter().all(|b| b.kind == "sigmoid"));
    let first = &diagnosis.mechanisms[0];
    assert_eq!((first.mechanism, first.nodes), (Mechanism::Activation, 29));
    // All of a sigmoid's loss is charged to its choice.
    assert!((first.excess_db + 12.2 * 29.0).abs() < 1e-9);
    assert!((first.share - 353.8 / 356.8).abs() < 1e-9);
}

#[test]
fn relu_and_its_weights_make_up_for_each_other() {
    let mut net = Net::new(10, 64, Body::Plain(Activation::Relu));
    net.probe(0, 2.4, chain(&net, 3.0103, -3.0103, 0.0));
    let diagnosis = net.diagnose();
    for blame in &diagnosis.blame {
        let expected = if blame.layer == "dense11" {
            3.0103
        } else {
            0.0
        };
        assert!((blame.excess_db - expected).abs() < 1e-4, "{blame:?}");
    }
}

#[test]
fn weights_that_are_too_large_are_named_first_where_the_gradient_grows() {
    let mut net = Net::new(10, 64, Body::Plain(Activation::Relu));
    net.probe(0, 2.4, chain(&net, 9.0, -3.0, 6.0));
    let diagnosis = net.diagnose();
    assert_eq!(diagnosis.mechanisms[0].mechanism, Mechanism::Weights);
    assert!(diagnosis.mechanisms[0].share > 0.99);
    assert_eq!(diagnosis.blame[0].mechanism, Mechanism::Weights);
}

/// Norm at the output of the nth of three such blocks.
fn level(name: &str) -> f64 {
    let depth: i32 = name.trim_start_matches("residual").parse().unwrap();
    7.0_f64.sqrt().powi(3 - depth)
}

#[test]
fn the_paths_of_a_residual_share_its_energy() {
    // g_in = g_body + g_skip with ‖g_skip‖ = 1, ‖g_body‖ = 2 at an angle of 60°: ‖g_in‖² = 7, and
    // ⟨g_in, g_body⟩ = 4 + 1 = 5.
    let mut net = Net::new(3, 64, Body::Residual(Activation::Relu));
    net.probe(0, 2.4, |node, role, row| {
        let g = match (&node.op, role) {
            (Op::Residual { .. }, Role::Branch) => 2.0 * level(&node.name),
            (Op::Residual { .. }, Role::Output) => level(&node.name),
            _ => 1.0,
        };
        row.with(Quantity::Gradient, g)
    });
    let diagnosis = net.diagnose();
    let residual: Vec<_> = diagnosis
        .blame
        .iter()
        .filter(|b| b.mechanism == Mechanism::Residual)
        .collect();
    assert_eq!(residual.len(), 2);
    for blame in residual {
        let split = blame.split.unwrap();
        assert!(
            (split.body - 5.0 / 7.0).abs() < 1e-12 && (split.shortcut - 2.0 / 7.0).abs() < 1e-12
        );
        assert!((blame.db - 10.0 * 7.0_f64.log10()).abs() < 1e-9);
    }
    assert!((sum(&diagnosis) - diagnosis.profile_db.unwrap()).abs() < 1e-9);
}

#[test]
fn nodes_between_two_measured_ones_share_a_term() {
    let mut net = Net::new(5, 64, Body::Plain(Activation::Sigmoid));
    let rows = chain(&net, 0.0, -12.0, 0.0);
    net.probe(0, 2.4, |node, role, row| match node.op {
        Op::Activation(_) => rows(node, role, row),
        _ if node.name == "dense6" => rows(node, role, row),
        _ => row,
    });
    let diagnosis = net.diagnose();
    assert_eq!(diagnosis.blame.len(), 5);
    assert_eq!(diagnosis.blame[0].kind, "dense + sigmoid");
    assert!((diagnosis.profile_db.unwrap() + 48.0).abs() < 1e-9);
    assert!((sum(&diagnosis) + 48.0).abs() < 1e-9);
    assert!((diagnosis.blame[0].excess_db + 12.0).abs() < 1e-9);
}

#[test]
fn gradients_of_zero_and_nan_have_terms_without_surprise() {
    let cases: [(&str, f64, f64); 3] = [
        ("underflow", 0.0, f64::NEG_INFINITY),
        ("overflow", f64::INFINITY, f64::INFINITY),
        ("NaN", f64::NAN, f64::NAN),
    ];
    for (what, early, expected) in cases {
        let mut net = Net::new(6, 64, Body::Plain(Activation::Sigmoid));
        net.probe(0, 2.4, |node, _, row| {
            row.with(Quantity::Gradient, if node.id < 6 { early } else { 1.0 })
        });
        let diagnosis = net.diagnose();
        let total = diagnosis.profile_db.unwrap();
        assert!(
            total == expected || (total.is_nan() && expected.is_nan()),
            "{what}: {total}"
        );
        let json = serde_json::to_string(&diagnosis.blame).unwrap();
        assert!(!json.contains("null"), "{what}: {json}");
        if early == 0.0 {
            // Zero over zero is no further loss: one node is to blame, the others are not.
            assert_eq!(
                diagnosis.blame.iter().filter(|b| b.db != 0.0).count(),
                1,
                "{what}"
            );
            assert_eq!(diagnosis.blame[0].db, f64::NEG_INFINITY);
            assert_eq!(diagnosis.mechanisms[0].share, 1.0);
        }
    }
}
