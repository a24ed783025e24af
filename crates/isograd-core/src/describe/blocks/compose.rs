//! What composed blocks are made of, and fields that they share.

use super::super::args::Args;
use super::super::kind::{Kind, Word};
use super::super::network::{Block, BlockKind, EvalStatistics, Padding, Units};
use super::super::read::Result;
use super::super::ready::{Norm, Order};
use super::super::registry::Field;
use super::super::shape::Shape;
use isograd_theory::Activation;

const ACTIVATIONS: &[Word] = &[
    ("relu", "ReLU"),
    ("leaky_relu", "leaky ReLU, slope 0.01"),
    ("elu", "ELU, α = 1"),
    ("selu", "SELU"),
    ("gelu", "GELU"),
    ("silu", "SiLU"),
    ("mish", "Mish"),
    ("tanh", "tanh"),
    ("softsign", "softsign"),
    ("sigmoid", "sigmoid"),
];

pub(super) const ACTIVATION: Field = Field::or(
    "activation",
    Kind::Word(ACTIVATIONS),
    "\"relu\"",
    "the activation of all its layers",
);
pub(super) const TANH: Field = Field::or(
    "activation",
    Kind::Word(ACTIVATIONS),
    "\"tanh\"",
    "the activation of all its layers",
);
pub(super) const NORM: Field = Field::or(
    "norm",
    Kind::Word(&[
        ("batch", "batch normalisation"),
        ("none", "none: the layers have biases instead"),
    ]),
    "\"batch\"",
    "normalisation",
);
pub(super) const ORDER: Field = Field::or(
    "order",
    Kind::Word(&[
        (
            "post",
            "weights, normalisation, activation; the last activation behind the sum",
        ),
        ("pre", "normalisation, activation, weights (He et al. 2016)"),
    ]),
    "\"post\"",
    "order in the branch",
);

pub(super) fn activation(args: &Args<'_>) -> Result<Activation> {
    Ok(match args.word("activation")? {
        "leaky_relu" => Activation::LeakyRelu { slope: 0.01 },
        "elu" => Activation::Elu { alpha: 1.0 },
        "selu" => Activation::Selu,
        "gelu" => Activation::Gelu,
        "silu" => Activation::Silu,
        "mish" => Activation::Mish,
        "tanh" => Activation::Tanh,
        "softsign" => Activation::Softsign,
        "sigmoid" => Activation::Sigmoid,
        _ => Activation::Relu,
    })
}

pub(super) fn norm(args: &Args<'_>) -> Result<Norm> {
    Ok(match args.word("norm")? {
        "none" => Norm::None,
        _ => Norm::Batch,
    })
}

pub(super) fn order(args: &Args<'_>) -> Result<Order> {
    Ok(match args.word("order")? {
        "pre" => Order::Pre,
        _ => Order::Post,
    })
}

pub(super) fn dense(units: usize, bias: bool) -> Block {
    Block::new(BlockKind::Dense {
        units: Units::Count(units),
        bias,
    })
}

pub(super) fn classifier() -> Block {
    Block::new(BlockKind::Dense {
        units: Units::Outputs,
        bias: true,
    })
}

/// A convolution of images; of anything else a dense layer, whatever the kernel.
pub(super) fn layer(
    input: Shape,
    filters: usize,
    kernel: usize,
    stride: usize,
    bias: bool,
) -> Block {
    if !matches!(input, Shape::Image { .. }) {
        return dense(filters, bias);
    }
    Block::new(BlockKind::Conv2d {
        filters: Units::Count(filters),
        kernel: [kernel; 2],
        stride: [stride; 2],
        // Zeros on both sides, as published.
        padding: Padding::Explicit([kernel / 2; 2]),
        dilation: [1, 1],
        groups: 1,
        bias,
    })
}

pub(super) fn active(activation: Activation) -> Block {
    Block::new(BlockKind::Activation(activation))
}

/// Batch normalisation, where there is one.
pub(super) fn normalised(norm: Norm) -> Option<Block> {
    (norm == Norm::Batch).then(|| {
        Block::new(BlockKind::BatchNorm {
            momentum: 0.9,
            epsilon: 1e-5,
            eval_statistics: EvalStatistics::Running,
        })
    })
}

pub(super) fn repeat(count: usize, layers: Vec<Block>) -> Block {
    Block::new(BlockKind::Repeat { count, layers })
}
