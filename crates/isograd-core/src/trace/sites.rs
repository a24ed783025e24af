//! Where probes sit in a network.

use super::record::{Role, Site};
use crate::describe::{NodeId, Op, Plan};

/// One site behind every node and one at the start of every body beside which paths pass (of a
/// residual, a highway, a concatenation), in the order in which
/// a forward pass reaches them.
pub fn sites(plan: &Plan) -> Vec<Site> {
    let mut sites = Vec::with_capacity(plan.nodes.len());
    walk(plan, &plan.chain, &mut sites);
    sites
}

fn walk(plan: &Plan, chain: &[NodeId], sites: &mut Vec<Site>) {
    for &id in chain {
        let node = &plan.nodes[id];
        let chains = node.op.chains();
        if !chains.main.is_empty() {
            sites.push(Site {
                name: format!("{}.branch", node.name),
                kind: kind(&node.op).to_owned(),
                node: id,
                role: Role::Branch,
                elements: node.input.elements(),
                units: node.input.units(),
            });
        }
        for chain in chains.both() {
            walk(plan, chain, sites);
        }
        sites.push(Site {
            name: node.name.clone(),
            kind: kind(&node.op).to_owned(),
            node: id,
            role: Role::Output,
            elements: node.output.elements(),
            units: node.output.units(),
        });
    }
}

/// The word of the description for what a node computes.
pub fn kind(op: &Op) -> &'static str {
    match op {
        Op::Dense { .. } => "dense",
        Op::Conv1d { .. } => "conv1d",
        Op::MaxPool1d { .. } => "max_pool1d",
        Op::AvgPool1d { .. } => "avg_pool1d",
        Op::Upsampling1d { .. } => "upsampling1d",
        Op::Conv2d { .. } => "conv2d",
        Op::MaxPool2d { .. } => "max_pool2d",
        Op::AvgPool2d { .. } => "avg_pool2d",
        Op::GlobalAvgPool => "global_avg_pool",
        Op::GlobalMaxPool => "global_max_pool",
        Op::Upsampling2d { .. } => "upsampling2d",
        Op::Flatten => "flatten",
        Op::Dropout { .. } => "dropout",
        Op::Activation(activation) => activation.name(),
        Op::Prelu { .. } => "prelu",
        Op::Softmax { .. } => "softmax",
        Op::BatchNorm { .. } => "batch_norm",
        Op::LayerNorm { .. } => "layer_norm",
        Op::GroupNorm { .. } => "group_norm",
        Op::InstanceNorm { .. } => "instance_norm",
        Op::RmsNorm { .. } => "rms_norm",
        Op::DynamicTanh { .. } => "dyt",
        Op::Multiplier { .. } => "multiplier",
        Op::Offset { .. } => "offset",
        Op::DropPath { .. } => "drop_path",
        Op::PadChannels { .. } => "pad_channels",
        Op::Residual { .. } => "residual",
        Op::Highway { .. } => "highway",
        Op::Concat { .. } => "concat",
        Op::Gated { .. } => "gated",
        Op::Recurrent { block, .. } => block.cell.word(),
        Op::Embedding { .. } => "embedding",
        Op::Positions { .. } => "positions",
        Op::Patches { .. } => "patches",
        Op::Queries { .. } => "queries",
        Op::Attention { .. } => "attention",
    }
}
