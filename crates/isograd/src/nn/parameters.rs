//! The parameters of a node: one line for each kind of node that has some.

use super::attention::Attention;
use super::batch_norm::BatchNorm;
use super::boxed::Boxed;
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
    ($($(#[$doc:meta])* $kind:ident($module:ty),)+) => {
        /// The parameters of one node.
        #[derive(Module, Debug)]
        pub enum Parameters {
            $($(#[$doc])* $kind($module),)+
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
    Dense(Dense),
    /// Of a convolution of sequences.
    Conv1d(Conv1d),
    /// Of a convolution.
    Conv2d(Conv2d),
    /// Of a batch normalisation.
    BatchNorm(Boxed<BatchNorm>),
    /// Of a layer normalisation.
    LayerNorm(LayerNorm),
    /// Of a group or instance normalisation.
    GroupNorm(GroupNorm),
    /// Of an RMS normalisation.
    RmsNorm(RmsNorm),
    /// Of a recurrent layer.
    Recurrent(Boxed<Recurrent>),
    /// Of a dynamic tanh.
    DynamicTanh(DynamicTanh),
    /// Of a learned factor.
    Multiplier(Multiplier),
    /// Of a learned offset.
    Offset(Offset),
    /// Of an embedding, of learned positions, of queries.
    Vectors(Vectors),
    /// Of an attention.
    Attention(Boxed<Attention>),
    /// Of a PReLU.
    Prelu(Prelu),
}
