//! The network with every repeat written out, every shape computed and every choice resolved.

use super::network::{EvalStatistics, Init, Padding, SequencePadding, SoftmaxAxis};
use super::recurrent::Recurrent;
use super::shape::{Shape, Task};
use super::weight::WeightForm;
use isograd_theory::Activation;

/// Position of a node in [`Plan::nodes`].
pub type NodeId = usize;

/// What a node computes, with everything resolved.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Op {
    /// y = W x + b over the last dimension.
    Dense {
        /// Inputs.
        inputs: usize,
        /// Outputs.
        units: usize,
        /// Initial weights.
        init: Init,
        /// Initial bias, if there is one.
        bias: Option<Init>,
    },
    /// One-dimensional convolution along the steps of a sequence.
    Conv1d {
        /// Input features.
        inputs: usize,
        /// Output features.
        filters: usize,
        /// Window.
        kernel: usize,
        /// Stride.
        stride: usize,
        /// Steps before and after.
        padding: [usize; 2],
        /// Distance between the steps of a window.
        dilation: usize,
        /// Groups of features, each convolved by itself.
        groups: usize,
        /// Initial weights.
        init: Init,
        /// Initial bias, if there is one.
        bias: Option<Init>,
    },
    /// Maximum over windows of steps.
    MaxPool1d {
        /// Window.
        kernel: usize,
        /// Stride.
        stride: usize,
        /// Steps before and after.
        padding: [usize; 2],
    },
    /// Mean over windows of steps.
    AvgPool1d {
        /// Window.
        kernel: usize,
        /// Stride.
        stride: usize,
        /// Steps before and after.
        padding: [usize; 2],
    },
    /// Each step several times.
    Upsampling1d {
        /// How often.
        factor: usize,
    },
    /// Two-dimensional convolution.
    Conv2d {
        /// Input channels.
        inputs: usize,
        /// Output channels.
        filters: usize,
        /// Kernel height and width.
        kernel: [usize; 2],
        /// Stride.
        stride: [usize; 2],
        /// Rows before, rows after, columns before, columns after.
        padding: [usize; 4],
        /// Distance between the cells of a window.
        dilation: [usize; 2],
        /// Groups of channels, each convolved by itself.
        groups: usize,
        /// Initial weights.
        init: Init,
        /// Initial bias, if there is one.
        bias: Option<Init>,
    },
    /// Maximum over windows.
    MaxPool2d {
        /// Window.
        kernel: [usize; 2],
        /// Stride.
        stride: [usize; 2],
        /// Rows before, rows after, columns before, columns after.
        padding: [usize; 4],
    },
    /// Mean over windows.
    AvgPool2d {
        /// Window.
        kernel: [usize; 2],
        /// Stride.
        stride: [usize; 2],
        /// Rows before, rows after, columns before, columns after.
        padding: [usize; 4],
    },
    /// Mean of each channel.
    GlobalAvgPool,
    /// Maximum of each channel.
    GlobalMaxPool,
    /// Nearest-neighbour repetition.
    Upsampling2d {
        /// Factors for rows and columns.
        factor: [usize; 2],
    },
    /// Everything into one vector.
    Flatten,
    /// Inverted dropout.
    Dropout {
        /// Probability of zero.
        rate: f64,
    },
    /// An element-wise activation.
    Activation(Activation),
    /// Leaky ReLU with a learned slope.
    Prelu {
        /// First value of the slopes.
        slope: f64,
        /// How many slopes: 1, or one a channel or feature.
        slopes: usize,
    },
    /// Softmax.
    Softmax {
        /// What it normalises over.
        axis: SoftmaxAxis,
    },
    /// Batch normalisation with scale and shift.
    BatchNorm {
        /// Features or channels.
        units: usize,
        /// Share of the old running statistics kept.
        momentum: f64,
        /// Added to the variance.
        epsilon: f64,
        /// What evaluation uses.
        eval_statistics: EvalStatistics,
    },
    /// Layer normalisation with scale and shift.
    LayerNorm {
        /// Features normalised together: channels × height × width for images, the features of
        /// each step for sequences.
        elements: usize,
        /// Added to the variance.
        epsilon: f64,
    },
    /// Group normalisation.
    GroupNorm {
        /// Channels or features.
        units: usize,
        /// Groups of them that are normalised together, over all positions or steps.
        groups: usize,
        /// Added to the variance.
        epsilon: f64,
        /// Has a scale and a shift.
        affine: bool,
    },
    /// Instance normalisation.
    InstanceNorm {
        /// Channels or features, each normalised by itself over all positions or steps.
        units: usize,
        /// Added to the variance.
        epsilon: f64,
        /// Has a scale and a shift.
        affine: bool,
    },
    /// Division by the root mean square.
    RmsNorm {
        /// Numbers taken together, as in layer normalisation.
        elements: usize,
        /// Added to the mean square.
        epsilon: f64,
        /// Has a scale.
        affine: bool,
    },
    /// γ·tanh(αx) + β.
    DynamicTanh {
        /// Channels or features.
        units: usize,
        /// First value of α.
        alpha: f64,
    },
    /// x times a number, or times one number a unit.
    Multiplier {
        /// Numbers: 1, or the units.
        count: usize,
        /// What they are at first.
        value: f64,
        /// They are parameters.
        learned: bool,
    },
    /// x plus a learned number, or one a unit.
    Offset {
        /// Numbers: 1, or the units.
        count: usize,
        /// What they are at first.
        value: f64,
    },
    /// Stochastic depth: in training all of an example, or of the batch, is zeroed or divided by
    /// 1 − rate.
    DropPath {
        /// Probability of zero.
        rate: f64,
        /// One draw for the whole batch, else one an example.
        whole_batch: bool,
    },
    /// Every `stride`-th row and column, with channels of zeros before and after.
    PadChannels {
        /// Stride.
        stride: [usize; 2],
        /// Channels of zeros before and after.
        padding: [usize; 2],
    },
    /// A recurrent layer.
    Recurrent {
        /// Numbers of a step of the input.
        inputs: usize,
        /// What it is.
        block: Recurrent,
        /// Initial weights between input and state.
        init: Init,
        /// Initial biases, if there are any.
        bias: Option<Init>,
    },
    /// A learned vector for every id of a sequence.
    Embedding {
        /// Different ids.
        vocabulary: usize,
        /// Numbers a vector has.
        size: usize,
        /// What comes in are ids, else one-hot vectors.
        ids: bool,
        /// Initial vectors.
        init: Init,
    },
    /// x + a vector for each step.
    Positions {
        /// Steps.
        steps: usize,
        /// Features of a step.
        features: usize,
        /// Initial vectors, where they are learned; else sines and cosines.
        learned: Option<Init>,
    },
    /// An image cut into a sequence of patches, row by row.
    Patches {
        /// Rows and columns of a patch.
        size: [usize; 2],
    },
    /// A learned sequence.
    Queries {
        /// Steps.
        steps: usize,
        /// Features of a step.
        features: usize,
        /// Initial values.
        init: Init,
    },
    /// Multi-head attention.
    Attention {
        /// Features of a step, in and out; a multiple of `heads`.
        features: usize,
        /// Heads.
        heads: usize,
        /// A step sees itself and the steps before it only.
        causal: bool,
        /// Dropout of the attention weights.
        rate: f64,
        /// The node that keys and values are made from, and its features; default what comes in.
        memory: Option<(NodeId, usize)>,
        /// Initial weights of queries and keys.
        init: Init,
        /// Initial biases, if there are some.
        bias: Option<Init>,
        /// Factor on the initial weights of values and outputs.
        value_gain: f64,
    },
    /// body(x) + shortcut(x).
    Residual {
        /// F, in order.
        body: Vec<NodeId>,
        /// What the shortcut does (a projection, a factor); empty for the identity.
        shortcut: Vec<NodeId>,
    },
    /// transform(x)·gate(x) + x·(1 − gate(x)).
    Highway {
        /// H, in order.
        transform: Vec<NodeId>,
        /// T, in order; ends in a sigmoid.
        gate: Vec<NodeId>,
    },
    /// x and body(x), one behind the other: channels of images, features of all else.
    Concat {
        /// F, in order.
        body: Vec<NodeId>,
    },
    /// x·gate(x).
    Gated {
        /// The gate, in order; one number an element, or one a unit.
        gate: Vec<NodeId>,
    },
}

impl Op {
    /// Names of its matrices of weights among its parameters; of their biases with `bias` for
    /// `weight`.
    pub fn weights(&self) -> &'static [&'static str] {
        match self {
            Self::Attention { .. } => &[
                "query.weight",
                "key.weight",
                "value.weight",
                "output.weight",
            ],
            Self::Recurrent { .. } => &["input_weight", "recurrent_weight"],
            _ => &["weight"],
        }
    }

    /// A softmax or a sigmoid (hard sigmoid too): what it puts out lies in 0 to 1, and losses take it
    /// for probabilities.
    pub fn gives_probabilities(&self) -> bool {
        matches!(
            self,
            Self::Softmax { .. } | Self::Activation(Activation::Sigmoid | Activation::HardSigmoid)
        )
    }

    /// The activation that it is at initialisation, if it is one.
    pub fn activation(&self) -> Option<Activation> {
        match *self {
            Self::Activation(phi) => Some(phi),
            Self::Prelu { slope, .. } => Some(Activation::LeakyRelu { slope }),
            _ => None,
        }
    }
}

/// One node of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its position in [`Plan::nodes`].
    pub id: NodeId,
    /// Readable and unique: the user's name, or kind and number (`dense3`, `sigmoid3`,
    /// `residual2`); copies of a named block in a repeat get `name.1`, `name.2` ….
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Shape of what comes in.
    pub input: Shape,
    /// Shape of what goes out.
    pub output: Shape,
    /// Its block's address in the description (shared by all copies of a repeat).
    pub path: String,
    /// Which copy it is in each repeat around it, outermost first, counted from 0.
    pub copy: Vec<usize>,
    /// The node in whose chains it lies (a residual, a highway …).
    pub parent: Option<NodeId>,
    /// Its parameters are not trained.
    pub frozen: bool,
    /// L1 penalty on the weights.
    pub l1: f64,
    /// L2 penalty on the weights.
    pub l2: f64,
    /// What its weights are made of.
    pub weight: WeightForm,
}

/// A layer as people count them: a block with weights and what follows it until the next one.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Name of the block with weights.
    pub name: String,
    /// The block with weights.
    pub weights: NodeId,
    /// All its nodes in order, the one with weights first.
    pub nodes: Vec<NodeId>,
    /// Its activation, if it has one.
    pub activation: Option<NodeId>,
    /// The node whose output is the layer's output.
    pub output: NodeId,
}

/// A network ready to be built, predicted or diagnosed.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// All nodes, in the order in which they compute (a residual after what it holds).
    pub nodes: Vec<Node>,
    /// The outermost chain.
    pub chain: Vec<NodeId>,
    /// Layers as people count them, in order; what lies beside their path (projections,
    /// gates) is not among them.
    pub layers: Vec<Layer>,
    /// Shape of one example.
    pub input: Shape,
    /// Shape of what the network puts out.
    pub output: Shape,
    /// What the targets are.
    pub task: Task,
    /// Examples in the training part.
    pub examples: usize,
}

/// Steps of zeros before and after a sequence that a padding means; `extent` is that of a window from
/// its first to its last step.
pub fn resolve_sequence_padding(
    padding: SequencePadding,
    steps: usize,
    extent: usize,
    stride: usize,
) -> [usize; 2] {
    let padding = match padding {
        SequencePadding::Causal => return [extent - 1, 0],
        SequencePadding::Same => Padding::Same,
        SequencePadding::Valid => Padding::Valid,
        SequencePadding::Explicit(zeros) => Padding::Explicit([zeros, 0]),
    };
    let [before, after, ..] = resolve_padding(padding, [steps, 1], [extent, 1], [stride, 1]);
    [before, after]
}

/// Rows and columns of zeros that a padding means: before and after, rows first.
///
/// `kernel` is the extent of a window from its first to its last cell, dilation included.
pub fn resolve_padding(
    padding: Padding,
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
) -> [usize; 4] {
    let one = |i: usize| match padding {
        Padding::Valid => [0, 0],
        Padding::Explicit(p) => [p[i], p[i]],
        Padding::Same => {
            let out = size[i].div_ceil(stride[i]);
            let total = ((out - 1) * stride[i] + kernel[i]).saturating_sub(size[i]);
            [total / 2, total - total / 2]
        }
    };
    let (rows, columns) = (one(0), one(1));
    [rows[0], rows[1], columns[0], columns[1]]
}
