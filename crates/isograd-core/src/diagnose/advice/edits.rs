//! Patches of a description, built from what it says.

use crate::describe::network::{Block, CriticalAt, CriticalWeights, Init, NetworkSpec};
use crate::describe::patch::PatchAction;
use crate::describe::{NodeId, Patch, PatchOp};
use crate::diagnose::context::Context;
use serde_json::{Value, json};

/// One entry that sets a value.
pub(super) fn set(path: impl Into<String>, from: Value, to: impl Into<Value>) -> PatchOp {
    PatchOp {
        op: PatchAction::Set,
        path: path.into(),
        from,
        to: to.into(),
    }
}

/// Addresses of these nodes' blocks, each once, in the order of the description.
pub(super) fn paths(ctx: &Context<'_>, nodes: &[NodeId]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for &n in nodes {
        let path = &ctx.node(n).path;
        if !path.is_empty() && !paths.contains(path) {
            paths.push(path.clone());
        }
    }
    paths
}

/// Inserts `what` behind the blocks at these addresses. The last one comes first, so that no address
/// is moved before it is used.
pub(super) fn insert_behind(paths: &[String], what: &Value) -> Option<Patch> {
    let mut order: Vec<&String> = paths.iter().collect();
    order.sort_by_key(|path| std::cmp::Reverse(positions(path)));
    let ops = order.into_iter().map(|path| {
        let (list, position) = path.strip_suffix(']')?.rsplit_once('[')?;
        let position: usize = position.parse().ok()?;
        Some(PatchOp {
            op: PatchAction::Insert,
            path: format!("{list}[{}]", position + 1),
            from: Value::Null,
            to: what.clone(),
        })
    });
    Some(Patch(ops.collect::<Option<_>>()?))
}

/// The list positions in an address, outermost first: 0 and 1 for `network.layers[0].layers[1]`.
fn positions(path: &str) -> Vec<usize> {
    path.split('[')
        .skip(1)
        .filter_map(|part| part.split(']').next()?.parse().ok())
        .collect()
}

/// Sets the initialisation of these nodes' weights wherever the description says it: on the block,
/// on a block around it, or for the whole network.
pub(super) fn set_init(ctx: &Context<'_>, nodes: &[NodeId], word: &str) -> Vec<PatchOp> {
    let network = &ctx.exam.description.network;
    let mut ops: Vec<PatchOp> = Vec::new();
    for path in paths(ctx, nodes) {
        let (at, from) = said_at(network, &path, |b| b.init, network.init, "init");
        if !ops.iter().any(|op| op.path == at) {
            ops.push(set(at, init_value(&from), word));
        }
    }
    ops
}

/// The same for biases.
pub(super) fn set_bias_init(ctx: &Context<'_>, nodes: &[NodeId], word: &str) -> Vec<PatchOp> {
    let network = &ctx.exam.description.network;
    let mut ops: Vec<PatchOp> = Vec::new();
    for path in paths(ctx, nodes) {
        let (at, from) = said_at(
            network,
            &path,
            |b| b.bias_init,
            network.bias_init,
            "bias_init",
        );
        if !ops.iter().any(|op| op.path == at) {
            ops.push(set(at, init_value(&from), word));
        }
    }
    ops
}

/// Where an inherited setting of the block at `path` is said, and what it is.
fn said_at(
    network: &NetworkSpec,
    path: &str,
    own: impl Fn(&Block) -> Option<Init>,
    default: Init,
    key: &str,
) -> (String, Init) {
    let mut found = (format!("network.{key}"), default);
    let mut blocks = network.layers.as_slice();
    // One level of nesting a turn, towards the block.
    while let Some(block) = blocks.iter().find(|b| {
        path == b.path
            || path
                .strip_prefix(b.path.as_str())
                .is_some_and(|rest| rest.starts_with('.'))
    }) {
        if let Some(init) = own(block) {
            found = (format!("{}.{key}", block.path), init);
        }
        match block.kind.layers() {
            Some(layers) => blocks = layers,
            None => break,
        }
    }
    found
}

/// An initialisation as people write it: its word, or a table where it has options that are not the
/// default.
pub(super) fn init_value(init: &Init) -> Value {
    let scaled = |name: &str, gain: f64, truncated: bool| match (gain == 1.0, truncated) {
        (true, false) => json!(name),
        (false, false) => json!({ "name": name, "gain": gain }),
        (true, true) => json!({ "name": name, "truncated": true }),
        (false, true) => json!({ "name": name, "gain": gain, "truncated": true }),
    };
    let shifted = |name: &str, mean: f64, std: f64| match mean {
        0.0 => json!({ "name": name, "std": std }),
        _ => json!({ "name": name, "mean": mean, "std": std }),
    };
    match *init {
        Init::GlorotUniform { gain } => scaled("glorot_uniform", gain, false),
        Init::GlorotNormal { gain, truncated } => scaled("glorot_normal", gain, truncated),
        Init::HeUniform { gain } => scaled("he_uniform", gain, false),
        Init::HeNormal { gain, truncated } => scaled("he_normal", gain, truncated),
        Init::LecunUniform { gain } => scaled("lecun_uniform", gain, false),
        Init::LecunNormal { gain, truncated } => scaled("lecun_normal", gain, truncated),
        Init::TorchDefault => json!("torch_default"),
        Init::Uniform { min, max } => json!({ "name": "uniform", "min": min, "max": max }),
        Init::Normal { mean, std } => shifted("normal", mean, std),
        Init::TruncatedNormal { mean, std } => shifted("truncated_normal", mean, std),
        Init::Orthogonal { gain } => scaled("orthogonal", gain, false),
        Init::DeltaOrthogonal { gain } => scaled("delta_orthogonal", gain, false),
        Init::Identity { gain } => scaled("identity", gain, false),
        Init::Critical { gain, at, weights } => critical(gain, at, weights),
        Init::Lsuv {
            tolerance,
            iterations,
        } => match (tolerance, iterations) {
            (0.1, 10) => json!("lsuv"),
            _ => json!({ "name": "lsuv", "tolerance": tolerance, "iterations": iterations }),
        },
        Init::Constant { value } => match value {
            0.0 => json!("zeros"),
            1.0 => json!("ones"),
            _ => json!({ "name": "constant", "value": value }),
        },
    }
}

fn critical(gain: f64, at: CriticalAt, weights: CriticalWeights) -> Value {
    let mut table = serde_json::Map::new();
    match at {
        CriticalAt::Usual => {}
        CriticalAt::Variance(q) => drop(table.insert("q".into(), json!(q))),
        CriticalAt::BiasVariance(b) => drop(table.insert("bias_variance".into(), json!(b))),
    }
    match weights {
        CriticalWeights::Normal => {}
        CriticalWeights::Orthogonal => drop(table.insert("weights".into(), json!("orthogonal"))),
        CriticalWeights::DeltaOrthogonal => {
            drop(table.insert("weights".into(), json!("delta_orthogonal")));
        }
    }
    if gain != 1.0 {
        table.insert("gain".into(), json!(gain));
    }
    if table.is_empty() {
        return json!("critical");
    }
    table.insert("name".into(), json!("critical"));
    Value::Object(table)
}

/// One entry that takes a block out.
pub(super) fn delete(path: &str, word: &str) -> PatchOp {
    PatchOp {
        op: PatchAction::Delete,
        path: path.to_owned(),
        from: word.into(),
        to: Value::Null,
    }
}
