//! Residual units of two or three layers (He et al. 2015, fig. 5; 2016, fig. 4).

use super::super::args::Args;
use super::super::branch::Branch;
use super::super::kind::Kind;
use super::super::network::{Block, BlockKind};
use super::super::read::Result;
use super::super::ready::{Norm, Order, Unit};
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::BRANCH;
use super::compose::{ACTIVATION, NORM, ORDER, activation, active, layer, norm, normalised, order};

const STRIDE: Field = Field::or(
    "stride",
    Kind::Count(1),
    "1",
    "stride of its 3×3 convolution",
);
pub(super) const PLAIN: Field = Field::or("plain", Kind::Flag, "false", "without the shortcut");
const SHORTCUT: Field = Field::or(
    "shortcut",
    super::residual::SHORTCUTS,
    "\"auto\"",
    "what goes beside",
);

pub(super) const BASIC: Entry<BlockKind> = Entry {
    info: Info {
        name: "basic_block",
        aka: &["residual_unit", "resnet_block"],
        doc: "A residual of two 3×3 convolutions with normalisation and activation (He et al. 2015); \
              dense layers for vectors and sequences",
        fields: &[
            Field::required("filters", Kind::Count(1), "channels"),
            STRIDE,
            ORDER,
            NORM,
            ACTIVATION,
            PLAIN,
            SHORTCUT,
        ],
        common: BRANCH,
        main: Some("filters"),
        example: r#"{ basic_block = 16, order = "pre" }"#,
    },
    build: |args| {
        read(args, args.count("filters")?, args.count("stride")?, None).map(BlockKind::Unit)
    },
};

pub(super) const BOTTLENECK: Entry<BlockKind> = Entry {
    info: Info {
        name: "bottleneck",
        aka: &["bottleneck_block"],
        doc: "A residual of 1×1, 3×3 and 1×1 convolutions, the last to expansion·filters channels (He et al. 2015)",
        fields: &[
            Field::required(
                "filters",
                Kind::Count(1),
                "channels of the first two convolutions",
            ),
            Field::or(
                "expansion",
                Kind::Count(1),
                "4",
                "channels at the end ÷ filters",
            ),
            STRIDE,
            ORDER,
            NORM,
            ACTIVATION,
            PLAIN,
            SHORTCUT,
        ],
        common: BRANCH,
        main: Some("filters"),
        example: "{ bottleneck = 16, stride = 2 }",
    },
    build: |args| {
        let expansion = args.count("expansion")?;
        read(
            args,
            args.count("filters")?,
            args.count("stride")?,
            Some(expansion),
        )
        .map(BlockKind::Unit)
    },
};

pub(super) fn read(
    args: &Args<'_>,
    filters: usize,
    stride: usize,
    expansion: Option<usize>,
) -> Result<Unit> {
    Ok(Unit {
        filters,
        stride,
        expansion,
        order: order(args)?,
        norm: norm(args)?,
        activation: activation(args)?,
        plain: args.flag("plain")?,
        shortcut: super::residual::shortcut(args)?,
        branch: Branch::read(args)?,
    })
}

pub(super) fn written_out(unit: Unit, input: Shape) -> Vec<Block> {
    let bias = unit.norm == Norm::None;
    let (filters, stride) = (unit.filters, unit.stride);
    let convolutions = match unit.expansion {
        None => vec![(filters, 3, stride), (filters, 3, 1)],
        Some(times) => vec![
            (filters, 1, 1),
            (filters, 3, stride),
            (filters * times, 1, 1),
        ],
    };
    let last = convolutions.len() - 1;
    let mut body = Vec::new();
    for (i, (filters, kernel, stride)) in convolutions.into_iter().enumerate() {
        let weights = layer(input, filters, kernel, stride, bias);
        match unit.order {
            Order::Pre => {
                body.extend(normalised(unit.norm));
                body.push(active(unit.activation));
                body.push(weights);
            }
            Order::Post => {
                body.push(weights);
                body.extend(normalised(unit.norm));
                if i < last {
                    body.push(active(unit.activation));
                }
            }
        }
    }
    let mut blocks = if unit.plain {
        body
    } else {
        vec![Block::new(BlockKind::Residual {
            layers: body,
            shortcut: unit.shortcut,
            branch: unit.branch,
        })]
    };
    if unit.order == Order::Post {
        blocks.push(active(unit.activation));
    }
    blocks
}
