//! Neighbours in a chain that one kernel computes.

use super::activation::curve_of;
use super::network::Network;
use super::pass::{Mode, Pass};
use isograd_core::describe::{NodeId, Op};
use isograd_kernels::Curve;

/// What the first node of the rest of a chain is computed as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fused {
    /// By itself.
    No,
    /// A dense layer and the activation behind it.
    DenseCurve(Curve),
    /// A batch normalisation with the statistics of the batch and the activation behind it.
    BatchNormCurve(Curve),
}

impl Fused {
    /// Nodes of the chain that it uses.
    pub(super) fn nodes(self) -> usize {
        match self {
            Self::No => 1,
            Self::DenseCurve(_) | Self::BatchNormCurve(_) => 2,
        }
    }
}

impl Network {
    /// What the first node of `chain` is fused to in this pass. Not fused is a node whose output is
    /// read by another later, and nothing where the weights are scaled on the way.
    pub(super) fn fused(&self, chain: &[NodeId], pass: &Pass) -> Fused {
        let &[first, second, ..] = chain else {
            return Fused::No;
        };
        if pass.calibrate.is_some() || self.frame.memories[first] {
            return Fused::No;
        }
        let op = |id: NodeId| &self.frame.plan.nodes[id].op;
        match (op(first), op(second)) {
            (Op::Dense { .. }, Op::Activation(phi)) => {
                curve_of(*phi).map_or(Fused::No, Fused::DenseCurve)
            }
            (Op::BatchNorm { .. }, Op::Activation(phi)) if pass.mode != Mode::Evaluate => {
                curve_of(*phi).map_or(Fused::No, Fused::BatchNormCurve)
            }
            _ => Fused::No,
        }
    }
}
