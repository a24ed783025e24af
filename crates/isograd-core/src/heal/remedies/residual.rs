//! Hidden layers that keep their width become residual: x + F(x). The depth stays.

use crate::describe::{PatchAction, PatchOp};
use crate::diagnose::Mechanism;
use crate::heal::remedy::{Family, Proposal, Remedy};
use crate::heal::subject::{Subject, patch, place};
use isograd_theory::Activation;
use serde_json::{Value, json};

pub(super) const REMEDIES: &[Remedy] = &[Remedy {
    code: "residual",
    family: Family::Residual,
    answers: &[
        "vanishing-gradient",
        "exploding-gradient",
        "non-finite-values",
    ],
    mechanism: Some(Mechanism::Activation),
    propose: wrap,
}];

/// Fewer layers than this have no path long enough to shorten.
const LEAST_DEPTH: usize = 3;

fn wrap(subject: Subject<'_>) -> Option<Proposal> {
    let depth = subject.depth();
    if depth < LEAST_DEPTH {
        return None;
    }
    let mut ops = Vec::new();
    let mut scaled = false;
    // From the last to the first, so that no address is moved by an entry before it.
    for layer in subject.hidden().iter().rev() {
        if layer.in_residual || !layer.keeps_shape() {
            continue;
        }
        let (list, first) = place(&layer.weights().path)?;
        let mut body: Vec<Value> = (first..first + layer.blocks.len())
            .map(|i| subject.raw(&format!("{list}[{i}]")))
            .collect::<Option<_>>()?;
        if !layer.normalised() {
            let activation = layer.activation().map_or(Activation::Identity, |(_, a)| a);
            set_init(&mut body[0], branch_init(activation, depth))?;
            scaled = true;
        }
        ops.push(subject.set(
            &format!("{list}[{first}]"),
            json!({ "residual": { "layers": body } }),
        ));
        for i in (first + 1..first + layer.blocks.len()).rev() {
            let path = format!("{list}[{i}]");
            ops.push(PatchOp {
                op: PatchAction::Delete,
                from: subject.raw(&path)?,
                path,
                to: Value::Null,
            });
        }
    }
    let with = if scaled {
        " with branches scaled by the depth"
    } else {
        ""
    };
    Some(Proposal {
        title: format!("residual hidden layers{with}"),
        edits: 1 + usize::from(scaled),
        patch: patch(ops)?,
    })
}

/// Sets the block's own initialisation, in the place of one that it has.
fn set_init(block: &mut Value, init: Value) -> Option<()> {
    let table = block.as_object_mut()?;
    for options in table.values_mut().filter_map(Value::as_object_mut) {
        options.remove("init");
    }
    table.insert("init".into(), init);
    Some(())
}

/// Initial weights of a branch without normalisation: 1/depth of the critical deviation, so that all
/// branches together add no more than the input, even where their means add up coherently (as those
/// of ReLU do: (1 + 1/L)^L < e; with 1/√L the mean grows like √L). The same idea as Fixup (Zhang et
/// al. 2019), for branches of one layer.
fn branch_init(activation: Activation, depth: usize) -> Value {
    let name = match activation {
        Activation::Relu | Activation::LeakyRelu { .. } => "he_normal",
        _ => "lecun_normal",
    };
    // Two significant digits are as good and read better.
    let digits = 10f64.powi(1 + (depth as f64).log10().ceil() as i32);
    let gain = (digits / depth as f64).round() / digits;
    json!({ "name": name, "gain": gain })
}
