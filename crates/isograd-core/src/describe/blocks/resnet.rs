//! Ready networks: residual, densely connected, highway.

use super::super::error::{DescribeError, ErrorKind};
use super::super::kind::Kind;
use super::super::network::{Block, BlockKind};
use super::super::read::Result;
use super::super::ready::{DenseBlock, Densenet, HighwayNet, Norm, Order, Resnet, Unit};
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::compose::{
    ACTIVATION, NORM, ORDER, TANH, activation, active, classifier, dense, layer, normalised, repeat,
};
use super::{AROUND, BRANCH, dense_block, highway, misfit, unit};

pub(super) const RESNET: Entry<BlockKind> = Entry {
    info: Info {
        name: "resnet",
        aka: &["residual_network", "resnet20", "resnet56", "resnet110"],
        doc: "The residual network for small images (He et al. 2015, §4.2) with its classifier: a 3×3 \
              convolution, three stages of (depth − 2)/6 units ((depth − 2)/9 with bottlenecks) of width, \
              2·width and 4·width channels, the mean of each channel, a dense layer. Depth 20, 56 and \
              110 have 0.27, 0.85 and 1.7 million parameters on 32×32×3 images",
        fields: &[
            Field::required(
                "depth",
                Kind::Count(8),
                "weighted layers: 6n + 2, or 9n + 2 with bottlenecks",
            ),
            Field::or("width", Kind::Count(1), "16", "channels of the first stage"),
            Field::or(
                "unit",
                Kind::Word(&[
                    ("basic", "two 3×3 convolutions"),
                    (
                        "bottleneck",
                        "1×1, 3×3 and 1×1, with four times the channels at the end",
                    ),
                ]),
                "\"basic\"",
                "what a unit is",
            ),
            Field::or(
                "shortcut",
                super::residual::SHORTCUTS,
                "\"pad\"",
                "where the shape changes: option A of the paper is \"pad\", option B \"auto\"",
            ),
            unit::PLAIN,
            ORDER,
            NORM,
            ACTIVATION,
        ],
        common: BRANCH,
        main: Some("depth"),
        example: "{ resnet = 20, drop = 0.5 }",
    },
    build: |args| {
        let expansion = (args.word("unit")? == "bottleneck").then_some(4);
        let depth = args.count("depth")?;
        let step = if expansion.is_some() { 9 } else { 6 };
        check_depth(depth, step, 2)?;
        Ok(BlockKind::Resnet(Resnet {
            depth,
            width: args.count("width")?,
            unit: unit::read(args, 1, 1, expansion)?,
        }))
    },
};

pub(super) const DENSENET: Entry<BlockKind> = Entry {
    info: Info {
        name: "densenet",
        aka: &["dense_net", "densely_connected_network"],
        doc: "DenseNet for small images (Huang et al. 2017, §4.1) with its classifier: a 3×3 convolution \
              (16 channels, 2·growth with bottlenecks), three dense blocks with transitions between them. \
              Depth 40 with growth 12 has 1.0 million parameters on 32×32×3 images",
        fields: &[
            Field::required(
                "depth",
                Kind::Count(7),
                "weighted layers: 3n + 4, or 6n + 4 with bottlenecks",
            ),
            Field::or(
                "growth",
                Kind::Count(1),
                "12",
                "channels that each layer adds",
            ),
            Field::or(
                "compression",
                dense_block::COMPRESSION.kind,
                "1.0",
                "share of the channels that a transition keeps (DenseNet-BC: 0.5)",
            ),
            dense_block::BOTTLENECK_RATIO,
            dense_block::DROP,
            NORM,
            ACTIVATION,
        ],
        common: AROUND,
        main: Some("depth"),
        example: "{ densenet = 40, growth = 12 }",
    },
    build: |args| {
        let depth = args.count("depth")?;
        let block = dense_block::read(args, 1)?;
        check_depth(depth, if block.bottleneck_ratio > 0 { 6 } else { 3 }, 4)?;
        Ok(BlockKind::Densenet(Densenet {
            depth,
            compression: args.number("compression")?,
            block,
        }))
    },
};

pub(super) const HIGHWAY_NET: Entry<BlockKind> = Entry {
    info: Info {
        name: "highway_net",
        aka: &["highway_network"],
        doc: "The highway network of dense layers (Srivastava et al. 2015, §3) with its classifier: \
              one plain layer, depth − 1 highways, a dense layer; images and sequences are flattened",
        fields: &[
            Field::required(
                "depth",
                Kind::Count(1),
                "layers before the classifier: published 10, 20, 50 and 100",
            ),
            Field::or(
                "width",
                Kind::Count(1),
                "50",
                "units of each (published: 50, and 71 for plain networks)",
            ),
            TANH,
            Field::or(
                "plain",
                Kind::Flag,
                "false",
                "plain layers instead of highways",
            ),
            highway::GATE_BIAS,
            highway::GATE_INIT,
        ],
        common: AROUND,
        main: Some("depth"),
        example: r#"{ highway_net = 30, gate_init = "zeros" }"#,
    },
    build: |args| {
        Ok(BlockKind::HighwayNet(HighwayNet {
            depth: args.count("depth")?,
            width: args.count("width")?,
            activation: activation(args)?,
            plain: args.flag("plain")?,
            gate_bias: args.number("gate_bias")?,
            gate_init: args.maybe_init("gate_init")?,
        }))
    },
};

/// Refuses a depth that is not `step`·n + `rest` with n ≥ 1.
fn check_depth(depth: usize, step: usize, rest: usize) -> Result<()> {
    if depth > rest && (depth - rest).is_multiple_of(step) {
        return Ok(());
    }
    let near = |n: usize| step * n + rest;
    let below = (depth.saturating_sub(rest) / step).max(1);
    Err(DescribeError::new(
        ErrorKind::OutOfRange,
        format!("no such network has the depth {depth}"),
    )
    .accepts(format!(
        "{step}·n + {rest}, such as {} or {}",
        near(below),
        near(below + 1)
    )))
}

fn needs_images(what: &str, input: Shape) -> Result<()> {
    match input {
        Shape::Image { .. } => Ok(()),
        _ => Err(misfit(
            what,
            input,
            "it is a network of convolutions: give it images",
        )),
    }
}

pub(super) fn resnet(net: Resnet, input: Shape) -> Result<Vec<Block>> {
    needs_images("resnet", input)?;
    let Unit {
        norm,
        order,
        activation: phi,
        expansion,
        ..
    } = net.unit;
    let count = (net.depth - 2) / if expansion.is_some() { 9 } else { 6 };
    let mut blocks = vec![layer(input, net.width, 3, 1, norm == Norm::None)];
    if order == Order::Post {
        blocks.extend(normalised(norm));
        blocks.push(active(phi));
    }
    for stage in 0..3 {
        let filters = net.width << stage;
        let unit = |stride: usize| {
            Block::new(BlockKind::Unit(Unit {
                filters,
                stride,
                ..net.unit
            }))
        };
        blocks.push(unit(if stage == 0 { 1 } else { 2 }));
        if count > 1 {
            blocks.push(repeat(count - 1, vec![unit(1)]));
        }
    }
    if order == Order::Pre {
        blocks.extend(normalised(norm));
        blocks.push(active(phi));
    }
    blocks.push(Block::new(BlockKind::GlobalAvgPool));
    blocks.push(classifier());
    Ok(blocks)
}

pub(super) fn densenet(net: Densenet, input: Shape) -> Result<Vec<Block>> {
    needs_images("densenet", input)?;
    let DenseBlock {
        growth,
        norm,
        activation,
        bottleneck_ratio,
        ..
    } = net.block;
    let first = if bottleneck_ratio > 0 { 2 * growth } else { 16 };
    let count = (net.depth - 4) / if bottleneck_ratio > 0 { 6 } else { 3 };
    let dense_block = || Block::new(BlockKind::DenseBlock(DenseBlock { count, ..net.block }));
    let transition = || {
        Block::new(BlockKind::Transition {
            compression: net.compression,
            norm,
            activation,
        })
    };
    let mut blocks = vec![
        layer(input, first, 3, 1, norm == Norm::None),
        dense_block(),
        transition(),
        dense_block(),
        transition(),
        dense_block(),
    ];
    blocks.extend(normalised(norm));
    blocks.push(active(activation));
    blocks.push(Block::new(BlockKind::GlobalAvgPool));
    blocks.push(classifier());
    Ok(blocks)
}

pub(super) fn highway_net(net: HighwayNet, input: Shape) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !matches!(input, Shape::Flat(_)) {
        blocks.push(Block::new(BlockKind::Flatten));
    }
    let plain = || vec![dense(net.width, true), active(net.activation)];
    blocks.extend(plain());
    if net.depth > 1 {
        let layers = if net.plain {
            plain()
        } else {
            vec![Block::new(BlockKind::Highway {
                layers: plain(),
                gate_bias: net.gate_bias,
                gate_init: net.gate_init,
                gate_kernel: 3,
            })]
        };
        blocks.push(repeat(net.depth - 1, layers));
    }
    blocks.push(classifier());
    blocks
}
