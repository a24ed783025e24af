//! Blocks of a network: one file each (its fields, how it is read, its shape rule), one line here.

mod activation;
mod attention;
mod batch_norm;
mod compose;
mod conv1d;
mod conv2d;
mod dense;
mod dense_block;
mod drop_path;
mod dropout;
mod dyt;
mod embedding;
mod flatten;
mod global_pool;
mod group_norm;
mod highway;
mod instance_norm;
mod layer_norm;
mod multiplier;
mod operation;
mod patches;
mod pool1d;
mod pool2d;
mod positions;
mod prelu;
mod queries;
mod read;
mod recurrent;
mod repeat;
mod residual;
mod resnet;
mod rms_norm;
mod softmax;
mod squeeze;
mod tailored;
mod transformer;
mod unit;
mod upsampling1d;
mod upsampling2d;

pub(crate) use highway::{fits_gate, gate, joined};
pub(crate) use multiplier::multiplier;
pub use positions::sinusoid;
pub(crate) use read::read_layers;
pub(crate) use residual::projection;

use super::branch;
use super::error::{DescribeError, ErrorKind};
use super::kind::{Bounds, Kind};
use super::network::{BlockKind, Init};
use super::plan::{NodeId, Op};
use super::registry::{Entry, Field};
use super::shape::Shape;

const NAME: Field = Field::optional(
    "name",
    Kind::Name,
    "your name for the block; a name that occurs more than once is numbered (`name.1`, `name.2`)",
);
const FROZEN: Field = Field::or(
    "frozen",
    Kind::Flag,
    "false",
    "its parameters are not trained",
);
const INIT: Field = Field::optional(
    "init",
    Kind::Init,
    "initialisation of the weights; default that of the block around it, else of the network",
);
const BIAS_INIT: Field = Field::optional(
    "bias_init",
    Kind::Init,
    "initialisation of the biases; default that of the block around it, else of the network",
);
const L1: Field = Field::or(
    "l1",
    Kind::Number(Bounds::NOT_NEGATIVE),
    "0.0",
    "penalty l1·Σ|w| on the weights, not the biases",
);
const L2: Field = Field::or(
    "l2",
    Kind::Number(Bounds::NOT_NEGATIVE),
    "0.0",
    "penalty l2·Σw² on the weights, not the biases",
);
const EPSILON: Field = Field::or(
    "epsilon",
    Kind::Number(Bounds::NOT_NEGATIVE),
    "1e-5",
    "added to the variance",
);
const AFFINE: Field = Field::or(
    "affine",
    Kind::Flag,
    "true",
    "has parameters; without, nothing follows the normalisation",
);
const WEIGHT: Field = Field::or(
    "weight",
    Kind::Word(&[
        ("plain", "the parameters themselves"),
        (
            "normalised",
            "gain·v/‖v‖ for each unit (Salimans and Kingma 2016); the gain starts as ‖v‖",
        ),
        (
            "standardised",
            "mean 0 and variance 1 for each unit (Qiao et al. 2019)",
        ),
        (
            "scaled",
            "mean 0 and variance gain²/fan_in for each unit (Brock et al. 2021)",
        ),
    ]),
    "\"plain\"",
    "what the weights are made of",
);
const BIAS: Field = Field::or("bias", Kind::Flag, "true", "has a bias");

/// Fields of a block without parameters.
const PLAIN: &[Field] = &[NAME];
/// Fields of a block with a scale and a shift.
const NORM: &[Field] = &[NAME, FROZEN];
/// Fields of a block with weights.
const WEIGHTS: &[Field] = &[NAME, INIT, BIAS_INIT, FROZEN, L1, L2];
/// Fields of a block with one matrix or kernel.
const KERNEL: &[Field] = &[NAME, INIT, BIAS_INIT, FROZEN, L1, L2, WEIGHT];
/// Fields of a block that holds blocks and is a node of its own.
const AROUND: &[Field] = &[NAME, INIT, BIAS_INIT, FROZEN];
/// Fields of a block whose branches are those of a residual.
const BRANCH: &[Field] = &[
    branch::SCALE,
    branch::SKIP_SCALE,
    branch::DROP,
    branch::DROP_RULE,
    branch::DROP_PER,
    branch::REZERO,
    branch::LAYER_SCALE,
    branch::FIXUP,
    NAME,
    INIT,
    BIAS_INIT,
    FROZEN,
];
/// Fields of a block that only holds blocks.
const GROUP: &[Field] = &[INIT, BIAS_INIT, FROZEN];

/// The blocks that are not element-wise activations.
const BLOCKS: &[Entry<BlockKind>] = &[
    dense::ENTRY,
    conv1d::ENTRY,
    conv2d::ENTRY,
    pool1d::MAX,
    pool1d::AVG,
    pool2d::MAX,
    pool2d::AVG,
    global_pool::AVG,
    global_pool::MAX,
    upsampling1d::ENTRY,
    upsampling2d::ENTRY,
    flatten::ENTRY,
    dropout::ENTRY,
    drop_path::ENTRY,
    multiplier::MULTIPLIER,
    multiplier::OFFSET,
    batch_norm::ENTRY,
    layer_norm::ENTRY,
    group_norm::ENTRY,
    instance_norm::ENTRY,
    rms_norm::ENTRY,
    dyt::ENTRY,
    softmax::ENTRY,
    embedding::ENTRY,
    positions::ENTRY,
    patches::ENTRY,
    queries::ENTRY,
    attention::ENTRY,
    transformer::ENTRY,
    prelu::ENTRY,
    tailored::ENTRY,
    residual::ENTRY,
    unit::BASIC,
    unit::BOTTLENECK,
    highway::HIGHWAY,
    highway::CONCAT,
    highway::GATED,
    squeeze::ENTRY,
    dense_block::DENSE_BLOCK,
    dense_block::TRANSITION,
    resnet::RESNET,
    resnet::DENSENET,
    resnet::HIGHWAY_NET,
    repeat::ENTRY,
    recurrent::RNN,
    recurrent::GRU,
    recurrent::LSTM,
];

/// All blocks.
pub(crate) fn entries() -> impl Iterator<Item = &'static Entry<BlockKind>> + Clone {
    BLOCKS.iter().chain(activation::ENTRIES)
}

/// The words of all blocks.
pub(crate) fn words() -> impl Iterator<Item = &'static str> + Clone {
    entries().map(|entry| entry.info.name)
}

/// What a block needs to know to find its operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around {
    /// Shape of what comes in.
    pub(crate) input: Shape,
    /// Outputs of the task.
    pub(crate) outputs: usize,
    /// Initial weights, resolved.
    pub(crate) init: Init,
    /// Initial biases, resolved.
    pub(crate) bias_init: Init,
    /// It is the first block of the network.
    pub(crate) first: bool,
    /// The block that it names as its memory, and what that puts out.
    pub(crate) memory: Option<(NodeId, Shape)>,
}

impl Around {
    fn bias(&self, has: bool) -> Option<Init> {
        has.then_some(self.bias_init)
    }
}

/// A shape that a block cannot take.
fn misfit(what: &str, input: Shape, hint: &str) -> DescribeError {
    DescribeError::new(
        ErrorKind::Shape,
        format!("{what} cannot take {}", input.words()),
    )
    .hint(hint)
}

impl BlockKind {
    /// The word of the description.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Dense { .. } => "dense",
            Self::Conv1d { .. } => "conv1d",
            Self::Conv2d { .. } => "conv2d",
            Self::MaxPool1d { .. } => "max_pool1d",
            Self::AvgPool1d { .. } => "avg_pool1d",
            Self::Upsampling1d { .. } => "upsampling1d",
            Self::MaxPool2d { .. } => "max_pool2d",
            Self::AvgPool2d { .. } => "avg_pool2d",
            Self::GlobalAvgPool => "global_avg_pool",
            Self::GlobalMaxPool => "global_max_pool",
            Self::Upsampling2d { .. } => "upsampling2d",
            Self::Flatten => "flatten",
            Self::Dropout { .. } => "dropout",
            Self::Activation(activation) => activation::word(*activation),
            Self::Softmax { .. } => "softmax",
            Self::Prelu { .. } => "prelu",
            Self::Tailored(_) => "tailored",
            Self::BatchNorm { .. } => "batch_norm",
            Self::LayerNorm { .. } => "layer_norm",
            Self::GroupNorm { .. } => "group_norm",
            Self::InstanceNorm { .. } => "instance_norm",
            Self::RmsNorm { .. } => "rms_norm",
            Self::DynamicTanh { .. } => "dyt",
            Self::DropPath { .. } => "drop_path",
            Self::Multiplier { .. } => "multiplier",
            Self::Offset { .. } => "offset",
            Self::Embedding { .. } => "embedding",
            Self::Positions { .. } => "positions",
            Self::Patches { .. } => "patches",
            Self::Queries { .. } => "queries",
            Self::Attention { .. } => "attention",
            Self::Transformer(_) => "transformer",
            Self::Residual { .. } => "residual",
            Self::Highway { .. } => "highway",
            Self::Concat { .. } => "concat",
            Self::Gated { .. } => "gated",
            Self::Squeeze { .. } => "squeeze",
            Self::Unit(unit) if unit.expansion.is_some() => "bottleneck",
            Self::Unit(_) => "basic_block",
            Self::DenseBlock(_) => "dense_block",
            Self::Transition { .. } => "transition",
            Self::Resnet(_) => "resnet",
            Self::Densenet(_) => "densenet",
            Self::HighwayNet(_) => "highway_net",
            Self::Repeat { .. } => "repeat",
            Self::Recurrent(block) => block.cell.word(),
        }
    }

    /// The blocks in it.
    pub fn layers(&self) -> Option<&[super::Block]> {
        match self {
            Self::Residual { layers, .. }
            | Self::Highway { layers, .. }
            | Self::Concat { layers }
            | Self::Gated { layers }
            | Self::Repeat { layers, .. } => Some(layers),
            _ => None,
        }
    }

    /// True for a block whose node holds chains of nodes ([`Op::chains`]).
    pub(crate) fn holds_chains(&self) -> bool {
        matches!(
            self,
            Self::Residual { .. } | Self::Highway { .. } | Self::Concat { .. } | Self::Gated { .. }
        )
    }

    /// True for a block that stands for others ([`Self::written_out`]).
    pub(crate) fn is_composed(&self) -> bool {
        matches!(
            self,
            Self::Squeeze { .. }
                | Self::Unit(_)
                | Self::DenseBlock(_)
                | Self::Transition { .. }
                | Self::Resnet(_)
                | Self::Densenet(_)
                | Self::HighwayNet(_)
                | Self::Transformer(_)
        )
    }

    /// Replaces the blocks in it.
    pub fn map_layers(&mut self, f: impl FnOnce(Vec<super::Block>) -> Vec<super::Block>) {
        if let Self::Residual { layers, .. }
        | Self::Highway { layers, .. }
        | Self::Concat { layers }
        | Self::Gated { layers }
        | Self::Repeat { layers, .. } = self
        {
            *layers = f(std::mem::take(layers));
        }
    }

    /// The blocks that a composed block stands for, where it is one: they take its place, under
    /// its name (`name.part`). They may be composed themselves.
    /// `init` is what their weights have.
    pub(crate) fn written_out(
        &self,
        input: Shape,
        init: Init,
    ) -> Result<Option<Vec<super::Block>>, DescribeError> {
        Ok(Some(match self {
            Self::Transformer(spec) => transformer::written_out(spec, input, init)?,
            Self::Squeeze { ratio } => squeeze::written_out(*ratio, input)?,
            Self::Unit(unit) => unit::written_out(*unit, input),
            Self::DenseBlock(block) => dense_block::written_out(*block, input),
            Self::Transition {
                compression,
                norm,
                activation,
            } => dense_block::transition(*compression, *norm, *activation, input),
            Self::Resnet(net) => resnet::resnet(*net, input)?,
            Self::Densenet(net) => resnet::densenet(*net, input)?,
            Self::HighwayNet(net) => resnet::highway_net(*net, input),
            _ => return Ok(None),
        }))
    }

    /// The block before it whose output it reads beside its own input.
    pub(crate) fn memory(&self) -> Option<&str> {
        match self {
            Self::Attention { memory, .. } => memory.as_deref(),
            _ => None,
        }
    }
}
