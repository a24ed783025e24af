//! The parameters of a node: one line for each kind of node that has some.

use super::attention::Attention;
use super::batch_norm::BatchNorm;
use super::conv1d::Conv1d;
use super::conv2d::Conv2d;
use super::dense::Dense;
use super::dynamic_tanh::DynamicTanh;
use super::embedding::Vectors;
use super::group_norm::GroupNorm;
use super::layer_norm::LayerNorm;
use super::multiplier::{Multiplier, Offset};
use super::prelu::Prelu;
use super::recurrent::Recurrent;
use super::rms_norm::RmsNorm;
use burn::module::{Module, ModuleMapper, ModuleVisitor};

/// Makes [`Parameters`] of a list of modules. The variant is not part of a parameter's path, so its
/// module is visited directly.
macro_rules! parameters {
    ($($(#[$doc:meta])* $kind:ident,)+) => {
        /// The parameters of one node.
        // There is one a node: what a small variant leaves unused is nothing beside its tensors.
        #[allow(clippy::large_enum_variant)]
        #[derive(Module, Debug)]
        pub enum Parameters {
            $($(#[$doc])* $kind($kind),)+
        }

        impl Parameters {
            /// What Burn calls their container.
            pub(super) fn container(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($kind),)+
                }
            }

            pub(super) fn visit_inside<V: ModuleVisitor>(&self, visitor: &mut V) {
                match self {
                    $(Self::$kind(module) => module.visit(visitor),)+
                }
            }

            pub(super) fn map_inside<M: ModuleMapper>(self, mapper: &mut M) -> Self {
                match self {
                    $(Self::$kind(module) => Self::$kind(module.map(mapper)),)+
                }
            }
        }
    };
}

parameters! {
    /// Of a dense node.
    Dense,
    /// Of a convolution of sequences.
    Conv1d,
    /// Of a convolution.
    Conv2d,
    /// Of a batch normalisation.
    BatchNorm,
    /// Of a layer normalisation.
    LayerNorm,
    /// Of a group or instance normalisation.
    GroupNorm,
    /// Of an RMS normalisation.
    RmsNorm,
    /// Of a recurrent layer.
    Recurrent,
    /// Of a dynamic tanh.
    DynamicTanh,
    /// Of a learned factor.
    Multiplier,
    /// Of a learned offset.
    Offset,
    /// Of an embedding, of learned positions, of queries.
    Vectors,
    /// Of an attention.
    Attention,
    /// Of a PReLU.
    Prelu,
}
