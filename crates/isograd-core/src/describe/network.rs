//! Blocks of a network, as the description says them.

use super::branch::Branch;
use super::ready::{DenseBlock, Densenet, HighwayNet, Norm, Resnet, Unit};
use super::recurrent::Recurrent;
use super::weight::WeightForm;
use isograd_theory::Activation;
use std::ops::Range;

pub use super::first_values::{CriticalAt, CriticalWeights, Init};

pub use super::sequence::{NormPlace, PositionsKind, TransformerSpec};

/// The `[network]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSpec {
    /// Initialisation of every weight that has none of its own; default [`Init::GlorotUniform`].
    pub init: Init,
    /// Initialisation of every bias that has none of its own; default zeros.
    pub bias_init: Init,
    /// The blocks, in order.
    pub layers: Vec<Block>,
}

/// One block and what every block may carry.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// What it computes.
    pub kind: BlockKind,
    /// The user's name for it; unnamed blocks are numbered by kind (`dense3`).
    pub name: Option<String>,
    /// Its parameters are not trained.
    pub frozen: bool,
    /// Weight initialisation of this block, and of all blocks in it.
    pub init: Option<Init>,
    /// Bias initialisation of this block, and of all blocks in it.
    pub bias_init: Option<Init>,
    /// L1 penalty λ·Σ|w| on the weights (not the biases).
    pub l1: f64,
    /// L2 penalty λ·Σw² on the weights (not the biases).
    pub l2: f64,
    /// What its weights are made of; default plain.
    pub weight: WeightForm,
    /// Address in the description: `network.layers[0].layers[1]`.
    pub path: String,
    /// Bytes of the TOML text it was read from; empty when it was not read from a text.
    pub span: Range<usize>,
}

impl BlockKind {
    /// It normalises the signal: batch, layer, group, instance or RMS normalisation.
    pub fn normalises(&self) -> bool {
        matches!(
            self,
            Self::BatchNorm { .. }
                | Self::LayerNorm { .. }
                | Self::GroupNorm { .. }
                | Self::InstanceNorm { .. }
                | Self::RmsNorm { .. }
        )
    }
}

impl Block {
    /// A block with nothing but its kind: no name, nothing of its own, no place in a text.
    pub fn new(kind: BlockKind) -> Self {
        Self {
            kind,
            name: None,
            frozen: false,
            init: None,
            bias_init: None,
            l1: 0.0,
            l2: 0.0,
            weight: WeightForm::Plain,
            path: String::new(),
            span: 0..0,
        }
    }

    /// The same block under a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// How many units a dense or convolutional block has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Units {
    /// A number.
    Count(usize),
    /// As many as the task has outputs: `"classes"` or `"outputs"`.
    Outputs,
}

/// Padding of a convolution or pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Output size ⌈input / stride⌉, the missing rows and columns are zeros (an odd one is added at
    /// the end, as TensorFlow does).
    Same,
    /// No padding.
    Valid,
    /// This many rows and columns of zeros on every side.
    Explicit([usize; 2]),
}

/// Padding of a convolution or pooling along the steps of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequencePadding {
    /// ⌈steps / stride⌉ steps come out; of an odd number of zeros one more goes to the end.
    Same,
    /// No padding.
    Valid,
    /// All zeros in front: a step sees itself and earlier ones.
    Causal,
    /// This many zeros at either end.
    Explicit(usize),
}

/// What a softmax sums to one over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoftmaxAxis {
    /// The features of one example; what is nearly always meant.
    Features,
    /// The examples of the batch: computes, and is wrong.
    Batch,
}

/// What batch normalisation uses in evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalStatistics {
    /// The running mean and variance.
    Running,
    /// The initial statistics (0 and 1), never updated: computes, and is wrong.
    NotUpdated,
}

/// What a residual block does when input and output shapes differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortcut {
    /// Identity where shapes agree, else a learned projection (1×1 convolution or dense, no bias).
    Auto,
    /// Identity; shapes that differ are refused.
    Identity,
    /// Always a learned projection.
    Projection,
    /// Every n-th row and column of images and channels of zeros, no parameters (option A of He et
    /// al. 2015).
    Pad,
}

/// What a tailored activation is made from, and to which measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tailoring {
    /// Leaky ReLU (Zhang et al. 2022).
    LeakyRelu {
        /// Correlation that the network makes of 0; default 0.9.
        eta: f64,
    },
    /// Tanh with scales of input and output (Martens et al. 2021).
    Tanh {
        /// Slope of the network's correlation map at 1; default 1.5.
        zeta: f64,
    },
}

/// What a block computes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum BlockKind {
    /// y = W x + b over the last dimension.
    Dense {
        /// Outputs.
        units: Units,
        /// Has a bias; default true.
        bias: bool,
    },
    /// One-dimensional convolution (cross-correlation) along the steps of a sequence.
    Conv1d {
        /// Output features.
        filters: Units,
        /// Window; default 3.
        kernel: usize,
        /// Stride; default 1.
        stride: usize,
        /// Padding; default `same`.
        padding: SequencePadding,
        /// Distance between the steps of a window; default 1.
        dilation: usize,
        /// Groups of features, each convolved by itself; default 1.
        groups: usize,
        /// Has a bias; default true.
        bias: bool,
    },
    /// Maximum over windows of steps.
    MaxPool1d {
        /// Window; default 2.
        kernel: usize,
        /// Stride; default the window.
        stride: usize,
        /// Padding; default `valid`.
        padding: SequencePadding,
    },
    /// Mean over windows of steps (padding does not count).
    AvgPool1d {
        /// Window; default 2.
        kernel: usize,
        /// Stride; default the window.
        stride: usize,
        /// Padding; default `valid`.
        padding: SequencePadding,
    },
    /// Each step several times.
    Upsampling1d {
        /// How often; default 2.
        factor: usize,
    },
    /// Two-dimensional convolution (cross-correlation).
    Conv2d {
        /// Output channels.
        filters: Units,
        /// Kernel height and width; default 3×3.
        kernel: [usize; 2],
        /// Stride; default 1×1.
        stride: [usize; 2],
        /// Padding; default `same`.
        padding: Padding,
        /// Distance between the cells of a window; default 1×1.
        dilation: [usize; 2],
        /// Groups of channels, each convolved by itself; default 1.
        groups: usize,
        /// Has a bias; default true.
        bias: bool,
    },
    /// Maximum over windows.
    MaxPool2d {
        /// Window; default 2×2.
        kernel: [usize; 2],
        /// Stride; default the window.
        stride: [usize; 2],
        /// Padding; default `valid`.
        padding: Padding,
    },
    /// Mean over windows (padding does not count).
    AvgPool2d {
        /// Window; default 2×2.
        kernel: [usize; 2],
        /// Stride; default the window.
        stride: [usize; 2],
        /// Padding; default `valid`.
        padding: Padding,
    },
    /// Mean of each channel over all positions.
    GlobalAvgPool,
    /// Maximum of each channel over all positions.
    GlobalMaxPool,
    /// Nearest-neighbour repetition of rows and columns.
    Upsampling2d {
        /// Factors for rows and columns; default 2×2.
        factor: [usize; 2],
    },
    /// Everything into one vector, channels first.
    Flatten,
    /// Inverted dropout.
    Dropout {
        /// Probability that an element is zeroed.
        rate: f64,
    },
    /// An element-wise activation.
    Activation(Activation),
    /// Leaky ReLU with a learned slope (He et al. 2015).
    Prelu {
        /// First value of the slope; default 0.25.
        slope: f64,
        /// One slope a channel or feature; default false.
        per_channel: bool,
    },
    /// An activation made to measure for the depth of the network.
    Tailored(Tailoring),
    /// Softmax.
    Softmax {
        /// What it normalises over; default `features`.
        axis: SoftmaxAxis,
    },
    /// Batch normalisation (Ioffe and Szegedy 2015), over batch and positions, one channel at a time.
    BatchNorm {
        /// Share of the old running statistics kept; default 0.9.
        momentum: f64,
        /// Added to the variance; default 1e-5.
        epsilon: f64,
        /// What evaluation uses; default running.
        eval_statistics: EvalStatistics,
    },
    /// Layer normalisation (Ba et al. 2016), over all features of one example; of a sequence, over
    /// the features of each step.
    LayerNorm {
        /// Added to the variance; default 1e-5.
        epsilon: f64,
    },
    /// Group normalisation (Wu and He 2018): each group of channels of one example together.
    GroupNorm {
        /// Groups; they divide the channels.
        groups: usize,
        /// Added to the variance; default 1e-5.
        epsilon: f64,
        /// Has a scale and a shift; default true.
        affine: bool,
    },
    /// Instance normalisation (Ulyanov et al. 2016): each channel of one example by itself.
    InstanceNorm {
        /// Added to the variance; default 1e-5.
        epsilon: f64,
        /// Has a scale and a shift; default true.
        affine: bool,
    },
    /// x over its root mean square (Zhang and Sennrich 2019), over what a layer normalisation takes.
    RmsNorm {
        /// Added to the mean square; default 1e-5.
        epsilon: f64,
        /// Has a scale; default true.
        affine: bool,
    },
    /// γ·tanh(αx) + β (Zhu et al. 2025).
    DynamicTanh {
        /// First value of α; default 0.5.
        alpha: f64,
    },
    /// A learned vector for every id of a sequence.
    Embedding {
        /// Numbers a vector has.
        size: usize,
        /// Different ids; default: those of the one-hot input, else the task's classes.
        vocabulary: Option<Units>,
        /// Initial vectors; default N(0, 1).
        init: Init,
    },
    /// Adds to each step a vector that says where it stands.
    Positions {
        /// Which vectors; default sinusoidal.
        encoding: PositionsKind,
        /// Initial vectors where they are learned; default N(0, 1).
        init: Init,
    },
    /// An image cut into a sequence of patches (Dosovitskiy et al. 2020).
    Patches {
        /// Rows and columns of a patch.
        size: [usize; 2],
    },
    /// A learned sequence, the same for every example.
    Queries {
        /// Steps.
        steps: usize,
        /// Features of a step; default those of what comes in.
        size: Option<usize>,
        /// Initial values; default N(0, 1).
        init: Init,
    },
    /// Multi-head attention (Vaswani et al. 2017).
    Attention {
        /// Heads.
        heads: usize,
        /// A step sees itself and the steps before it only; default false.
        causal: bool,
        /// Dropout of the attention weights; default 0.
        rate: f64,
        /// The block that keys and values are made from; default what comes in.
        memory: Option<String>,
        /// Queries, keys, values and outputs have a bias; default true.
        bias: bool,
        /// Factor on the initial weights of values and outputs (DeepNorm's β); 1 where the block is
        /// not part of another.
        value_gain: f64,
    },
    /// Transformer layers.
    Transformer(TransformerSpec),
    /// F(x) + x (He et al. 2015).
    Residual {
        /// F.
        layers: Vec<Block>,
        /// What goes beside F; default auto.
        shortcut: Shortcut,
        /// Factors, stochastic depth, initialisation of the branch.
        branch: Branch,
    },
    /// x times a number, or times one number a unit.
    Multiplier {
        /// At first; default 1.
        value: f64,
        /// One number a unit; default false.
        per_unit: bool,
        /// A parameter; default true.
        learned: bool,
    },
    /// x plus a learned number, or one a unit.
    Offset {
        /// At first; default 0.
        value: f64,
        /// One number a unit; default false.
        per_unit: bool,
    },
    /// Stochastic depth (Huang et al. 2016), inverted.
    DropPath {
        /// Probability that an example (or the batch) is zeroed.
        rate: f64,
        /// One draw for the whole batch; default false.
        whole_batch: bool,
    },
    /// A recurrent layer over a sequence.
    Recurrent(Recurrent),
    /// H(x)·T(x) + x·(1 − T(x)) (Srivastava et al. 2015).
    Highway {
        /// H.
        layers: Vec<Block>,
        /// Initial bias of the gate; default −2: it lets 12 % of H through at first.
        gate_bias: f64,
        /// Initial weights of the gate; default those of the layers around it.
        gate_init: Option<Init>,
        /// Kernel of the gate on images; default 3.
        gate_kernel: usize,
    },
    /// x and F(x), one behind the other: channels of images, features of all else.
    Concat {
        /// F.
        layers: Vec<Block>,
    },
    /// x·F(x).
    Gated {
        /// F: as many numbers as x has, or one a unit.
        layers: Vec<Block>,
    },
    /// Squeeze and excitation (Hu et al. 2018).
    Squeeze {
        /// Units between: channels ÷ this; default 16.
        ratio: usize,
    },
    /// A residual unit of two or three layers.
    Unit(Unit),
    /// A dense block.
    DenseBlock(DenseBlock),
    /// Between two dense blocks: fewer channels, half the positions.
    Transition {
        /// Share of the channels that stays; default 0.5.
        compression: f64,
        /// Normalisation.
        norm: Norm,
        /// Activation.
        activation: Activation,
    },
    /// A residual network.
    Resnet(Resnet),
    /// A densely connected network.
    Densenet(Densenet),
    /// A highway network.
    HighwayNet(HighwayNet),
    /// The same blocks, one after another, each time with parameters of their own.
    Repeat {
        /// How often.
        count: usize,
        /// The blocks.
        layers: Vec<Block>,
    },
}
