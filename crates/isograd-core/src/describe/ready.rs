//! Blocks and networks that stand for others: what their options are.

use super::branch::Branch;
use super::network::{Init, Shortcut};
use isograd_theory::Activation;

/// Where normalisation and activation stand in a residual unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Weights, normalisation, activation; the last activation behind the sum (He et al. 2015).
    Post,
    /// Normalisation, activation, weights (He et al. 2016, "Identity mappings").
    Pre,
}

/// The normalisation inside composed blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Batch normalisation.
    Batch,
    /// None; convolutions have biases then.
    None,
}

/// A residual unit of convolutions (of dense layers, for vectors and sequences).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Channels or features of its first layer.
    pub filters: usize,
    /// Stride of its 3×3 convolution (the first of two).
    pub stride: usize,
    /// `None`: two 3×3 convolutions. Else 1×1, 3×3 and 1×1 with this times `filters` at the end.
    pub expansion: Option<usize>,
    /// Order of normalisation and activation.
    pub order: Order,
    /// Normalisation.
    pub norm: Norm,
    /// Activation.
    pub activation: Activation,
    /// Without the shortcut.
    pub plain: bool,
    /// The shortcut.
    pub shortcut: Shortcut,
    /// Factors, stochastic depth, initialisation of the branch.
    pub branch: Branch,
}

/// Layers each of which sees the outputs of all before it (Huang et al. 2017).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DenseBlock {
    /// Layers.
    pub count: usize,
    /// Channels or features that each adds.
    pub growth: usize,
    /// First a 1×1 convolution to this times `growth` channels; 0: none.
    pub bottleneck_ratio: usize,
    /// Dropout behind each layer.
    pub drop: f64,
    /// Normalisation.
    pub norm: Norm,
    /// Activation.
    pub activation: Activation,
}

/// A residual network for small images (He et al. 2015, §4.2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resnet {
    /// Weighted layers: 6n + 2, or 9n + 2 with bottlenecks.
    pub depth: usize,
    /// Channels of the first stage; the next two have twice and four times as many.
    pub width: usize,
    /// The units of all stages; `filters` and `stride` play no part.
    pub unit: Unit,
}

/// A `DenseNet` for small images (Huang et al. 2017, §4.1): three dense blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Densenet {
    /// Weighted layers: 3n + 4, or 6n + 4 with bottlenecks.
    pub depth: usize,
    /// Share of the channels that a transition keeps.
    pub compression: f64,
    /// Its blocks; `count` plays no part.
    pub block: DenseBlock,
}

/// A highway network of dense layers (Srivastava et al. 2015, §3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HighwayNet {
    /// Layers without the classifier: one plain layer, the others highways.
    pub depth: usize,
    /// Units of every layer.
    pub width: usize,
    /// φ of H.
    pub activation: Activation,
    /// Plain layers instead of highways.
    pub plain: bool,
    /// Initial bias of the gates.
    pub gate_bias: f64,
    /// Initial weights of the gates; `None`: as the others.
    pub gate_init: Option<Init>,
}
