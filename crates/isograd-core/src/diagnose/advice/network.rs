//! Advice that changes the network: activation, initialisation, normalisation, skips.

use super::edits::{insert_behind, paths, set, set_bias_init, set_init};
use super::training::slower;
use crate::describe::{NodeId, Op, Patch, chains};
use crate::diagnose::blame::Account;
use crate::diagnose::context::{Context, is_normalisation, is_weighted};
use crate::diagnose::finding::{Advice, Mechanism};
use crate::diagnose::slopes::{is_poor_choice, is_rectifier};
use isograd_theory::Activation;

/// Hidden layers from which on paths around the layers are worth their change of the network: plain
/// networks of 20 to 50 layers still train when they are initialised well, deeper ones hardly.
const DEEP: usize = 20;

pub(in crate::diagnose) fn for_vanishing(ctx: &Context<'_>, account: &Account) -> Vec<Advice> {
    let mut advice = Vec::new();
    let first = account.by_mechanism().first().map(|m| m.mechanism);
    advice.extend(other_activation(ctx));
    if advice.is_empty() || first == Some(Mechanism::Weights) {
        advice.extend(better_init(ctx));
    }
    advice.extend(normalise(ctx));
    advice.extend(skip(ctx));
    if advice.is_empty() {
        advice.push(Advice {
            text: "use fewer layers: activation, initialisation, normalisation and skips are already those that help".to_owned(),
            patch: None,
        });
    }
    advice
}

pub(in crate::diagnose) fn for_exploding(ctx: &Context<'_>, account: &Account) -> Vec<Advice> {
    let mut advice = Vec::new();
    let first = account.by_mechanism().first().map(|m| m.mechanism);
    if first == Some(Mechanism::Normalisation) {
        advice.push(Advice {
            text: "put a residual path around each layer: batch normalisation in a plain deep network makes the gradient grow from layer to layer, whatever the weights".to_owned(),
            patch: None,
        });
    } else {
        advice.extend(better_init(ctx));
    }
    if has_residual(ctx) {
        advice.push(Advice {
            text: "normalise at the beginning of each residual body, or start its last layer at zero: without either every block adds its own variance to the signal".to_owned(),
            patch: None,
        });
    }
    advice.extend(normalise(ctx));
    if ctx.exam.description.train.clip.global_norm.is_none() {
        advice.push(Advice {
            text: "clip the gradient's global norm at 1, which bounds single steps but does not mend the cause".to_owned(),
            patch: Some(Patch(vec![set("train.clip.global_norm", serde_json::Value::Null, 1.0)])),
        });
    }
    advice
}

pub(in crate::diagnose) fn for_gain(ctx: &Context<'_>) -> Vec<Advice> {
    better_init(ctx).into_iter().chain(normalise(ctx)).collect()
}

pub(in crate::diagnose) fn for_dead(
    ctx: &Context<'_>,
    nodes: &[NodeId],
    died: bool,
) -> Vec<Advice> {
    let mut advice = Vec::new();
    if died {
        advice.push(slower(
            ctx,
            0.1,
            "the units died during training, which steps that are too large do",
        ));
    }
    // Weights in front of the dead units whose biases start away from zero.
    let shifted: Vec<NodeId> = hidden_weights(ctx)
        .into_iter()
        .filter(|&n| match &ctx.node(n).op {
            Op::Dense { bias: Some(b), .. }
            | Op::Conv1d { bias: Some(b), .. }
            | Op::Conv2d { bias: Some(b), .. } => mean(b) < 0.0,
            _ => false,
        })
        .collect();
    if !shifted.is_empty() {
        advice.push(Advice {
            text: "start the biases at zero: negative ones switch units off on every example"
                .to_owned(),
            patch: Some(Patch(set_bias_init(ctx, &shifted, "zeros"))),
        });
    }
    advice.extend(normalise(ctx));
    let relus: Vec<NodeId> = nodes
        .iter()
        .copied()
        .filter(|&n| matches!(ctx.node(n).op, Op::Activation(Activation::Relu)) && ctx.is_block(n))
        .collect();
    if !relus.is_empty() {
        let ops = paths(ctx, &relus)
            .into_iter()
            .map(|p| set(p, "relu".into(), "leaky_relu"));
        advice.push(Advice {
            text: "use leaky_relu instead of relu, whose slope is nowhere zero, so that no unit is out of reach".to_owned(),
            patch: Some(Patch(ops.collect())),
        });
    }
    if advice.is_empty() {
        let why = "normalisation and activation are already those that keep units alive";
        advice.push(slower(ctx, 0.1, why));
    }
    advice
}

pub(in crate::diagnose) fn for_saturated(
    ctx: &Context<'_>,
    nodes: &[NodeId],
    grown: bool,
) -> Vec<Advice> {
    let mut advice = Vec::new();
    if grown {
        advice.push(slower(
            ctx,
            0.1,
            "the units were driven to their ends during training",
        ));
    }
    advice.extend(normalise(ctx));
    if !grown {
        advice.extend(better_init(ctx));
        let first = ctx.exam.plan.layers.first().and_then(|l| l.activation);
        if first.is_some_and(|a| nodes.contains(&a)) {
            advice.push(Advice {
                text: "scale the inputs to zero mean and unit deviation, if they are larger"
                    .to_owned(),
                patch: None,
            });
        }
    }
    advice.extend(other_activation(ctx));
    advice
}

/// Nodes with weights in hidden layers.
fn hidden_weights(ctx: &Context<'_>) -> Vec<NodeId> {
    let nodes = &ctx.exam.plan.nodes;
    nodes
        .iter()
        .filter(|n| is_weighted(&n.op) && !ctx.is_output(n.id))
        .map(|n| n.id)
        .collect()
}

/// Activations of hidden layers.
fn hidden_activations(ctx: &Context<'_>) -> Vec<(NodeId, Activation)> {
    let nodes = &ctx.exam.plan.nodes;
    nodes
        .iter()
        .filter(|n| !ctx.is_output(n.id))
        .filter_map(|n| Some((n.id, n.op.activation()?)))
        .collect()
}

fn has_residual(ctx: &Context<'_>) -> bool {
    ctx.exam
        .plan
        .nodes
        .iter()
        .any(|n| !n.op.chains().main.is_empty())
}

/// Mean of an initialisation.
fn mean(init: &crate::describe::network::Init) -> f64 {
    use crate::describe::network::Init;
    match *init {
        Init::Uniform { min, max } => f64::midpoint(min, max),
        Init::Normal { mean, .. } | Init::TruncatedNormal { mean, .. } => mean,
        Init::Constant { value } => value,
        _ => 0.0,
    }
}

/// ReLU with He's initialisation for activations whose slope is too small at its best.
fn other_activation(ctx: &Context<'_>) -> Option<Advice> {
    let poor: Vec<(NodeId, Activation)> = hidden_activations(ctx)
        .into_iter()
        .filter(|&(n, a)| is_poor_choice(a) && ctx.is_block(n))
        .collect();
    let (_, kind) = *poor.first()?;
    let mut ops = Vec::new();
    for (node, activation) in &poor {
        for path in paths(ctx, &[*node]) {
            if !ops
                .iter()
                .any(|op: &crate::describe::PatchOp| op.path == path)
            {
                ops.push(set(path, activation.name().into(), "relu"));
            }
        }
    }
    ops.extend(set_init(ctx, &hidden_weights(ctx), "he_normal"));
    let normalised = hidden_weights(ctx).iter().any(|&n| ctx.is_normalised(n));
    Some(Advice {
        text: format!(
            "use relu instead of {} in the hidden layers, with He's initialisation{}: its slope is 1 where it is active, that of {} at most {}",
            kind.name(),
            if normalised {
                " beside the normalisation that is there"
            } else {
                ""
            },
            kind.name(),
            kind.max_slope(),
        ),
        patch: Some(Patch(ops)),
    })
}

/// The initialisation that is critical for the activations at hand.
fn better_init(ctx: &Context<'_>) -> Option<Advice> {
    let weights = hidden_weights(ctx);
    let kept: Vec<Activation> = hidden_activations(ctx)
        .into_iter()
        .map(|(_, a)| a)
        .filter(|&a| !is_poor_choice(a))
        .collect();
    let rectified = kept.iter().filter(|&&a| is_rectifier(a)).count() * 2 > kept.len();
    let (target, why) = if rectified {
        (
            "he_normal",
            "variance 2/fan_in makes up for the half that rectifiers cut off",
        )
    } else {
        (
            "lecun_normal",
            "variance 1/fan_in keeps signal and gradient where the slope is near 1",
        )
    };
    let ops: Vec<_> = set_init(ctx, &weights, target)
        .into_iter()
        .filter(|op| op.from != op.to)
        .collect();
    (!ops.is_empty()).then(|| Advice {
        text: format!("initialise the hidden layers with {target}: {why}"),
        patch: Some(Patch(ops)),
    })
}

/// Batch normalisation behind the weights of every hidden layer that has none.
fn normalise(ctx: &Context<'_>) -> Option<Advice> {
    let nodes = &ctx.exam.plan.nodes;
    let bare: Vec<NodeId> = hidden_weights(ctx)
        .into_iter()
        .filter(|&n| !ctx.is_normalised(n) && ctx.is_block(n))
        .collect();
    let beside = chains::beside(nodes);
    let bare: Vec<NodeId> = bare.into_iter().filter(|&n| !beside[n]).collect();
    let patch = insert_behind(&paths(ctx, &bare), &"batch_norm".into())?;
    let some = nodes.iter().any(|n| is_normalisation(&n.op));
    (!patch.0.is_empty()).then(|| Advice {
        text: format!(
            "put batch normalisation behind the weights of {}: it holds the size of the signal at every depth",
            if some { "the hidden layers that have none" } else { "every hidden layer" }
        ),
        patch: Some(patch),
    })
}

/// Paths around the layers, in deep networks without.
fn skip(ctx: &Context<'_>) -> Option<Advice> {
    (!has_residual(ctx) && ctx.points.len() >= DEEP).then(|| Advice {
        text: format!(
            "wrap the hidden layers into residual blocks ({{ residual = {{ layers = […] }} }}): with {} layers one after another the gradient then has a path that no layer shrinks",
            ctx.points.len()
        ),
        patch: None,
    })
}
