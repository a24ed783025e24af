//! Verdicts on networks that were really trained.
#![allow(clippy::unwrap_used)]

use super::simulate::train;
use crate::diagnose::Severity;

struct Case {
    what: &'static str,
    /// `network.init`, `network.bias_init` and `network.layers` without the output.
    network: &'static str,
    optimizer: &'static str,
    /// The finding that must be there; `None`: nothing from a warning up.
    expected: Option<&'static str>,
}

const ADAM: &str = r#"{ name = "adam", lr = 1e-3 }"#;

fn judge(cases: &[Case], seeds: std::ops::RangeInclusive<u64>, steps: usize) {
    let mut wrong = Vec::new();
    for case in cases {
        for seed in seeds.clone() {
            let text = format!(
                "data.source = \"blobs\"\n[network]\n{}\n[train]\nloss = \"cross_entropy\"\noptimizer = {}\n",
                case.network.replace("OUT", "{ dense = \"classes\" }"),
                case.optimizer
            );
            let net = train(&text, seed, steps);
            let diagnosis = net.diagnose();
            let right = match case.expected {
                None => diagnosis.healthy(),
                Some(code) => diagnosis
                    .findings
                    .iter()
                    .any(|f| f.code == code && f.severity >= Severity::Warning),
            };
            let sum: f64 = diagnosis.blame.iter().map(|b| b.db).sum();
            let profile = diagnosis.profile_db.unwrap();
            assert!(
                (sum - profile).abs() < 0.1 || sum == profile || profile.is_nan(),
                "{}",
                case.what
            );
            if !right {
                wrong.push(format!(
                    "{} with seed {seed}: {:#?}",
                    case.what, diagnosis.findings
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn healthy_networks_raise_no_alarm() {
    let cases = [
        (
            "He relu 2×32",
            "init = \"he_normal\"\nlayers = [ { repeat = 2, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            ADAM,
        ),
        (
            "He relu 5×32",
            "init = \"he_normal\"\nlayers = [ { repeat = 5, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            ADAM,
        ),
        (
            "He relu 10×32",
            "init = \"he_normal\"\nlayers = [ { repeat = 10, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            ADAM,
        ),
        (
            "He relu 20×32",
            "init = \"he_normal\"\nlayers = [ { repeat = 20, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            ADAM,
        ),
        (
            "He relu 3×5",
            "init = \"he_normal\"\nlayers = [ { repeat = 3, layers = [ { dense = 5 }, \"relu\" ] }, OUT ]",
            ADAM,
        ),
        (
            "He relu 3×10, rate 1e-2",
            "init = \"he_normal\"\nlayers = [ { repeat = 3, layers = [ { dense = 10 }, \"relu\" ] }, OUT ]",
            r#"{ name = "adam", lr = 1e-2 }"#,
        ),
        (
            "He relu 5×5",
            "init = \"he_normal\"\nlayers = [ { repeat = 5, layers = [ { dense = 5 }, \"relu\" ] }, OUT ]",
            ADAM,
        ),
        (
            "Glorot tanh 20×5",
            "layers = [ { repeat = 20, layers = [ { dense = 5 }, \"tanh\" ] }, OUT ]",
            ADAM,
        ),
        (
            "Glorot tanh 1×16",
            "layers = [ { dense = 16 }, \"tanh\", OUT ]",
            ADAM,
        ),
        (
            "Glorot tanh 10×32",
            "layers = [ { repeat = 10, layers = [ { dense = 32 }, \"tanh\" ] }, OUT ]",
            ADAM,
        ),
        (
            "Glorot sigmoid 1×32",
            "layers = [ { dense = 32 }, \"sigmoid\", OUT ]",
            ADAM,
        ),
        (
            "torch relu 3×32",
            "init = \"torch_default\"\nbias_init = \"torch_default\"\nlayers = [ { repeat = 3, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            ADAM,
        ),
        (
            "SGD relu 3×32",
            "init = \"he_normal\"\nlayers = [ { repeat = 3, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            r#"{ name = "sgd", lr = 0.1 }"#,
        ),
        (
            "batch norm 10×32",
            "init = \"he_normal\"\nlayers = [ { repeat = 10, layers = [ { dense = 32 }, \"batch_norm\", \"relu\" ] }, OUT ]",
            ADAM,
        ),
        (
            "residual 10×32",
            "init = \"he_normal\"\nlayers = [ { dense = 32 }, { repeat = 10, layers = [ { residual = { layers = [ { dense = 32 }, \"batch_norm\", \"relu\" ] } } ] }, OUT ]",
            ADAM,
        ),
    ];
    let cases = cases.map(|(what, network, optimizer)| Case {
        what,
        network,
        optimizer,
        expected: None,
    });
    judge(&cases, 1..=3, 120);
}

#[test]
fn broken_networks_are_recognised() {
    let cases = [
        (
            "sigmoid 30×32",
            "init = \"lecun_normal\"\nlayers = [ { repeat = 30, layers = [ { dense = 32 }, \"sigmoid\" ] }, OUT ]",
            ADAM,
            "vanishing-gradient",
        ),
        (
            "sigmoid 8×32",
            "init = \"lecun_normal\"\nlayers = [ { repeat = 8, layers = [ { dense = 32 }, \"sigmoid\" ] }, OUT ]",
            ADAM,
            "vanishing-gradient",
        ),
        (
            "relu gain 2 20×32",
            "init = { name = \"he_normal\", gain = 2.0 }\nlayers = [ { repeat = 20, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            ADAM,
            "exploding-gradient",
        ),
        (
            "relu gain 2 20×32, cause",
            "init = { name = \"he_normal\", gain = 2.0 }\nlayers = [ { repeat = 20, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            ADAM,
            "wrong-init-gain",
        ),
        (
            "negative biases",
            "init = \"he_normal\"\nbias_init = { name = \"constant\", value = -2.0 }\nlayers = [ { repeat = 4, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            ADAM,
            "dead-units",
        ),
        (
            "large tanh",
            "init = { name = \"normal\", std = 5.0 }\nlayers = [ { repeat = 5, layers = [ { dense = 32 }, \"tanh\" ] }, OUT ]",
            ADAM,
            "saturated-units",
        ),
        (
            "small relu",
            "init = { name = \"normal\", std = 0.02 }\nlayers = [ { repeat = 12, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            ADAM,
            "wrong-init-gain",
        ),
        (
            "SGD 100",
            "init = \"he_normal\"\nlayers = [ { repeat = 4, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            r#"{ name = "sgd", lr = 100.0 }"#,
            "learning-rate-too-high",
        ),
        (
            "Adam 1",
            "init = \"he_normal\"\nlayers = [ { repeat = 4, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            r#"{ name = "adam", lr = 1.0 }"#,
            "learning-rate-too-high",
        ),
        (
            "SGD 1e-7",
            "init = \"he_normal\"\nlayers = [ { repeat = 3, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            r#"{ name = "sgd", lr = 1e-7 }"#,
            "learning-rate-too-low",
        ),
        (
            "Adam 1e-7",
            "init = \"he_normal\"\nlayers = [ { repeat = 3, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            r#"{ name = "adam", lr = 1e-7 }"#,
            "learning-rate-too-low",
        ),
        (
            "overflow",
            "init = { name = \"normal\", std = 1000.0 }\nlayers = [ { repeat = 15, layers = [ { dense = 32 }, \"relu\" ] }, OUT ]",
            ADAM,
            "non-finite-values",
        ),
    ];
    let cases = cases.map(|(what, network, optimizer, code)| Case {
        what,
        network,
        optimizer,
        expected: Some(code),
    });
    judge(&cases, 1..=3, 120);
}
