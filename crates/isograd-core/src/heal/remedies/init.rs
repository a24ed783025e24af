//! The critical gain: weights that neither shrink nor grow a gradient through their activation.

use crate::describe::network::Init;
use crate::diagnose::Mechanism;
use crate::heal::remedy::{Family, Proposal, Remedy};
use crate::heal::subject::{Layer, Subject, patch};
use isograd_theory::Activation;
use serde_json::{Value, json};

pub(super) const REMEDIES: &[Remedy] = &[Remedy {
    code: "critical-init",
    family: Family::Init,
    answers: &[
        "vanishing-gradient",
        "exploding-gradient",
        "saturated-units",
        "dead-units",
        "wrong-init-gain",
        "non-finite-values",
    ],
    mechanism: Some(Mechanism::Weights),
    propose: critical_gain,
}];

/// The initialisation that belongs to an activation, and how it is written: variance
/// 1/(fan_in·E[φ′²]) at the activation's fixed point where there is one. ReLU: He et al. 2015,
/// equation 10. tanh, softsign and no activation at all: variance 1/fan_in, critical at q = 0
/// (Poole et al. 2016). SELU: 1/fan_in (Klambauer et al. 2017). Sigmoid: no gain is critical without
/// saturation, and Glorot and Bengio 2010 is what its layers get. `None`: nothing established.
pub(super) fn critical(activation: Activation) -> Option<(Init, Value)> {
    Some(match activation {
        Activation::Relu => (
            Init::HeNormal {
                gain: 1.0,
                truncated: false,
            },
            json!("he_normal"),
        ),
        Activation::LeakyRelu { slope } => {
            // Variance 2/((1 + slope²)·fan_in), He et al. 2015, equation 15.
            let gain = 1.0 / (1.0 + slope * slope).sqrt();
            (
                Init::HeNormal {
                    gain,
                    truncated: false,
                },
                json!({ "name": "he_normal", "gain": gain }),
            )
        }
        Activation::Identity | Activation::Tanh | Activation::Softsign | Activation::Selu => (
            Init::LecunNormal {
                gain: 1.0,
                truncated: false,
            },
            json!("lecun_normal"),
        ),
        Activation::Sigmoid | Activation::HardSigmoid => {
            (Init::GlorotUniform { gain: 1.0 }, json!("glorot_uniform"))
        }
        _ => return None,
    })
}

/// True where two initialisations have the same variance, whatever the shape of the distribution.
pub(super) fn belongs(found: Init, wanted: Init) -> bool {
    let family = |init| match init {
        Init::HeNormal { gain, .. } | Init::HeUniform { gain } => Some((2, gain)),
        Init::LecunNormal { gain, .. } | Init::LecunUniform { gain } => Some((1, gain)),
        Init::GlorotNormal { gain, .. } | Init::GlorotUniform { gain } => Some((0, gain)),
        _ => None,
    };
    match (family(found), family(wanted)) {
        // Factors are written with a few digits.
        (Some((a, gain)), Some((b, other))) => a == b && (gain - other).abs() <= 1e-3,
        _ => found == wanted,
    }
}

/// Addresses, without repetition, where the weight initialisation of the layers that `wrong` picks
/// is set.
pub(super) fn owners(subject: Subject<'_>, wrong: impl Fn(&Layer<'_>) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for layer in subject.hidden() {
        if wrong(&layer) && !found.contains(&layer.init_owner) {
            found.push(layer.init_owner);
        }
    }
    found
}

/// A layer without an activation is linear, and a layer inside a residual is left alone: its gain is
/// the residual's affair.
fn target(layer: &Layer<'_>) -> Option<(Init, Value)> {
    if layer.in_residual || layer.tailored() {
        return None;
    }
    critical(layer.activation().map_or(Activation::Identity, |(_, a)| a))
}

fn critical_gain(subject: Subject<'_>) -> Option<Proposal> {
    let mut ops = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    for owner in owners(subject, |layer| {
        target(layer).is_some_and(|(init, _)| !belongs(layer.init, init))
    }) {
        // Where one setting covers several activations, the first layer that is wrong decides.
        let (_, value) = subject
            .hidden()
            .iter()
            .filter(|layer| layer.init_owner == owner)
            .find_map(|layer| target(layer).filter(|(init, _)| !belongs(layer.init, *init)))?;
        ops.push(subject.set(&subject.setting(&owner, "init"), value.clone()));
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let names: Vec<_> = values
        .iter()
        .map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
        .collect();
    Some(Proposal {
        title: format!("initial weights {}", names.join(", ")),
        edits: values.len(),
        patch: patch(ops)?,
    })
}
