//! Dense blocks and the transitions between them (Huang et al. 2017, §3).

use super::super::args::Args;
use super::super::kind::{Bounds, Kind};
use super::super::network::{Block, BlockKind};
use super::super::read::Result;
use super::super::ready::{DenseBlock, Norm};
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::AROUND;
use super::compose::{ACTIVATION, NORM, activation, active, layer, norm, normalised, repeat};
use isograd_theory::Activation;

pub(super) const BOTTLENECK_RATIO: Field = Field::or(
    "bottleneck_ratio",
    Kind::Count(0),
    "0",
    "first a 1×1 convolution to this times `growth` channels (published: 4); 0: none",
);
pub(super) const DROP: Field = Field::or(
    "drop",
    Kind::Number(Bounds::BELOW_ONE),
    "0.0",
    "dropout behind each convolution (published: 0.2 without augmentation)",
);
pub(super) const COMPRESSION: Field = Field::or(
    "compression",
    Kind::Number(Bounds::new(0.0, 1.0, false, true)),
    "0.5",
    "share of the channels that stays",
);

pub(super) const DENSE_BLOCK: Entry<BlockKind> = Entry {
    info: Info {
        name: "dense_block",
        aka: &["denseblock", "densely_connected"],
        doc: "`count` times normalisation, activation and a 3×3 convolution (dense layers for vectors \
              and sequences), each fed with the outputs of all before it (Huang et al. 2017)",
        fields: &[
            Field::required("count", Kind::Count(1), "layers"),
            Field::required("growth", Kind::Count(1), "channels that each layer adds"),
            BOTTLENECK_RATIO,
            DROP,
            NORM,
            ACTIVATION,
        ],
        common: AROUND,
        main: Some("count"),
        example: "{ dense_block = 6, growth = 12 }",
    },
    build: |args| read(args, args.count("count")?).map(BlockKind::DenseBlock),
};

pub(super) const TRANSITION: Entry<BlockKind> = Entry {
    info: Info {
        name: "transition",
        aka: &["transition_layer"],
        doc: "Between dense blocks: normalisation, activation, a 1×1 convolution to ⌊compression·channels⌋ \
              and mean pooling 2×2 (no pooling for vectors and sequences)",
        fields: &[COMPRESSION, NORM, ACTIVATION],
        common: AROUND,
        main: Some("compression"),
        example: "{ transition = 0.5 }",
    },
    build: |args| {
        Ok(BlockKind::Transition {
            compression: args.number("compression")?,
            norm: norm(args)?,
            activation: activation(args)?,
        })
    },
};

pub(super) fn read(args: &Args<'_>, count: usize) -> Result<DenseBlock> {
    Ok(DenseBlock {
        count,
        growth: args.count("growth")?,
        bottleneck_ratio: args.count("bottleneck_ratio")?,
        drop: args.number("drop")?,
        norm: norm(args)?,
        activation: activation(args)?,
    })
}

pub(super) fn written_out(block: DenseBlock, input: Shape) -> Vec<Block> {
    let bias = block.norm == Norm::None;
    let mut layers = Vec::new();
    let mut add = |filters: usize, kernel: usize| {
        layers.extend(normalised(block.norm));
        layers.push(active(block.activation));
        layers.push(layer(input, filters, kernel, 1, bias));
        if block.drop > 0.0 {
            layers.push(Block::new(BlockKind::Dropout { rate: block.drop }));
        }
    };
    if block.bottleneck_ratio > 0 {
        add(block.bottleneck_ratio * block.growth, 1);
    }
    add(block.growth, 3);
    vec![repeat(
        block.count,
        vec![Block::new(BlockKind::Concat { layers })],
    )]
}

pub(super) fn transition(
    compression: f64,
    norm: Norm,
    activation: Activation,
    input: Shape,
) -> Vec<Block> {
    let units = (compression * input.units() as f64).floor().max(1.0) as usize;
    let mut blocks: Vec<Block> = normalised(norm).into_iter().collect();
    blocks.push(active(activation));
    blocks.push(layer(input, units, 1, 1, norm == Norm::None));
    if let Shape::Image { height, width, .. } = input
        && height > 1
        && width > 1
    {
        blocks.push(Block::new(BlockKind::AvgPool2d {
            kernel: [2, 2],
            stride: [2, 2],
            padding: super::super::network::Padding::Valid,
        }));
    }
    blocks
}
