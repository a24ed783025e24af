//! Healthy networks, over depths, widths and activations, have no finding from a warning up.

use super::build::{Body, Net, SGD, chain, noise};
use crate::describe::{Node, Op};
use crate::trace::quantity::Row;
use crate::trace::{Quantity, Role};
use isograd_theory::Activation;

#[test]
fn healthy_networks_are_called_healthy() {
    let relu = Activation::Relu;
    let tanh = Activation::Tanh;
    // Weight and activation terms in dB, forward growth, final loss, update ratio: of networks that
    // train, from the tables of the literature (He: ±3.01; LeCun tanh: −0.3 a layer; BN-ReLU:
    // +1.66; residual + BN: +0.4).
    let mut bad = Vec::new();
    for hidden in [1, 2, 3, 5, 10, 20] {
        for width in [5, 16, 50, 256] {
            for (what, body, w, a, f) in [
                ("He relu", Body::Plain(relu), 3.01, -3.01, 0.0),
                ("Glorot tanh", Body::Plain(tanh), 0.0, -0.4, -0.3),
                ("batch norm", Body::BatchNorm(relu), 4.67, -3.01, 0.0),
                ("residual", Body::Residual(relu), 0.4, 0.0, 0.2),
            ] {
                for (sgd, end, ratio) in [(false, 0.3, 0.01), (true, 0.8, 1e-3), (false, 1.5, 0.05)]
                {
                    let mut net = Net::new(hidden, width, body);
                    let base = chain(&net, w, a, f);
                    let fill = |node: &Node, role: Role, row: Row| {
                        let row = base(node, role, row);
                        match node.op {
                            Op::Activation(_) => row
                                .with(Quantity::DeadUnits, 0.2)
                                .with(Quantity::SaturatedUnits, 0.1),
                            _ => row.with(Quantity::Correlation, 0.9),
                        }
                    };
                    let loss =
                        |s: u64| end + (2.4 - end) * (-(s as f64) / 80.0).exp() + noise(s, 0.1);
                    net.probe(0, 2.4, fill);
                    net.steps(300, loss, ratio);
                    net.probe(300, end, fill);
                    if sgd {
                        net.description.train.optimizer.kind = SGD;
                    }
                    let diagnosis = net.diagnose();
                    if !diagnosis.healthy() {
                        bad.push(format!(
                            "{what} {hidden}×{width} sgd={sgd}: {:?}",
                            diagnosis.findings
                        ));
                    }
                }
            }
        }
    }
    assert!(bad.is_empty(), "{} networks: {:#?}", bad.len(), bad);
}
