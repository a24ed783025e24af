//! Advice fits what the description has, and its patches can be applied.
#![allow(clippy::unwrap_used)]

use super::build::{Body, Net, chain, noise};
use crate::describe::{Node, Op};
use crate::diagnose::Diagnosis;
use crate::trace::quantity::Row;
use crate::trace::{Quantity, Role};
use isograd_theory::Activation;

/// Everything wrong at once, so that every rule has something to advise.
fn ill(
    mut net: Net,
    rows: (f64, f64, f64),
    ratio: f64,
    loss: impl Fn(u64) -> f64,
) -> (Net, Diagnosis) {
    let base = chain(&net, rows.0, rows.1, rows.2);
    let fill = |node: &Node, role: Role, row: Row| {
        let row = base(node, role, row);
        match node.op {
            Op::Activation(_) => row
                .with(Quantity::DeadUnits, 0.9)
                .with(Quantity::SaturatedUnits, 0.9),
            _ => row.with(Quantity::Correlation, 0.5),
        }
    };
    net.probe(0, loss(0), fill);
    net.steps(300, loss, ratio);
    net.probe(300, 2.3, fill);
    let diagnosis = net.diagnose();
    (net, diagnosis)
}

#[test]
fn every_patch_can_be_applied_and_the_network_built() {
    let stuck = |s: u64| 2.4 + noise(s, 0.02);
    let rising = |s: u64| 2.4 + 0.1 * s as f64;
    let nested = r#"
data.source = "blobs"
network.init = { name = "normal", std = 0.3 }
network.layers = [
  "flatten",
  { dense = 16, init = "torch_default" }, "sigmoid",
  { repeat = 6, init = "glorot_normal", bias_init = { name = "constant", value = -1.0 }, layers = [
    { dense = 16 }, "relu",
    { repeat = 2, layers = [ { dense = 16, name = "inner" }, "hard_sigmoid", { dropout = 0.1 } ] },
  ] },
  { residual = { layers = [ { dense = 16 }, "tanh", { dense = 16 } ] } },
  { dense = "classes" },
]
train.loss = "cross_entropy"
train.optimizer = { name = "sgd", lr = 0.5 }
"#;
    let mut seen: Vec<&str> = Vec::new();
    let mut patches = 0;
    for rows in [
        (0.0, -12.5, 0.0),
        (9.0, -3.0, 6.0),
        (-8.0, -3.0, -11.0),
        (3.0, -3.0, 0.0),
    ] {
        for ratio in [1e-7, 0.5] {
            for (i, loss) in [&stuck as &dyn Fn(u64) -> f64, &rising]
                .into_iter()
                .enumerate()
            {
                for net in [
                    Net::new(30, 16, Body::Plain(Activation::Sigmoid)),
                    Net::new(30, 16, Body::Plain(Activation::Relu)),
                    Net::new(30, 16, Body::Residual(Activation::Tanh)),
                    Net::of(nested, 16),
                ] {
                    let (net, diagnosis) = ill(net, rows, ratio, loss);
                    for finding in &diagnosis.findings {
                        seen.push(finding.code);
                        assert!(!finding.advice.is_empty(), "{}", finding.code);
                        for advice in &finding.advice {
                            let Some(patch) = &advice.patch else { continue };
                            patches += 1;
                            let healed = net.document.with_patch(patch).unwrap_or_else(|e| {
                                panic!("{} {rows:?} {i}: {patch:?}: {e}", finding.code)
                            });
                            assert_ne!(healed.description, net.description, "{patch:?}");
                            let data = crate::describe::DataShape {
                                input: net.plan.input,
                                task: crate::describe::Task::Classification { classes: 10 },
                                examples: 100,
                            };
                            healed.plan(&data).unwrap();
                            for op in &patch.0 {
                                let there = net.document.value_at(&op.path);
                                let inserts = op.op == crate::describe::PatchAction::Insert;
                                assert!(
                                    inserts || there.is_none() || there.as_ref() == Some(&op.from),
                                    "{op:?} says another value than {there:?}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 7, "{seen:?}");
    assert!(patches > 50);
}

#[test]
fn what_is_there_is_not_advised_again() {
    let stuck = |s: u64| 2.4 + noise(s, 0.02);
    let texts = |body: Body| -> String {
        let (_, diagnosis) = ill(Net::new(30, 16, body), (0.0, -12.5, 0.0), 1e-3, stuck);
        let vanishing = diagnosis
            .findings
            .into_iter()
            .find(|f| f.code == "vanishing-gradient")
            .unwrap();
        vanishing
            .advice
            .into_iter()
            .map(|a| a.text)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let plain = texts(Body::Plain(Activation::Sigmoid));
    assert!(plain.contains("relu instead of sigmoid"));
    assert!(plain.contains("batch normalisation") && plain.contains("residual"));
    let normalised = texts(Body::BatchNorm(Activation::Sigmoid));
    assert!(
        !normalised.contains("put batch normalisation"),
        "{normalised}"
    );
    let tanh = texts(Body::Plain(Activation::Tanh));
    assert!(
        !tanh.contains("instead of tanh") && tanh.contains("lecun_normal"),
        "{tanh}"
    );
}
