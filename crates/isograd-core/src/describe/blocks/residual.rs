//! F(x) + x.

use super::super::args::Args;
use super::super::branch::Branch;
use super::super::error::{DescribeError, ErrorKind};
use super::super::kind::Kind;
use super::super::network::{BlockKind, Init, Shortcut};
use super::super::plan::Op;
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::BRANCH;

/// What may go beside F.
pub(super) const SHORTCUTS: Kind = Kind::Word(&[
    (
        "auto",
        "identity where shapes agree, else a projection without bias",
    ),
    ("identity", "identity; shapes that differ are refused"),
    (
        "projection",
        "always a projection: dense, or a convolution of 1×1",
    ),
    (
        "pad",
        "every n-th row and column, and channels of zeros: no parameters (option A of He et al. 2015)",
    ),
]);

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "residual",
        aka: &["skip", "resblock", "residual_block"],
        doc: "F(x) + shortcut(x) (He et al. 2015); write normalisation and activation first in F for pre-activation (He et al. 2016), or behind the block for post-activation",
        fields: &[
            Field::required("layers", Kind::Layers, "F, in order"),
            Field::or("shortcut", SHORTCUTS, "\"auto\"", "what goes beside F"),
        ],
        common: BRANCH,
        main: Some("layers"),
        example: r#"{ residual = { layers = [{ dense = 64 }, "relu"] } }"#,
    },
    build: |args| {
        Ok(BlockKind::Residual {
            layers: args.layers("layers")?,
            shortcut: shortcut(args)?,
            branch: Branch::read(args)?,
        })
    },
};

pub(super) fn shortcut(args: &Args<'_>) -> Result<Shortcut> {
    Ok(match args.word("shortcut")? {
        "identity" => Shortcut::Identity,
        "projection" => Shortcut::Projection,
        "pad" => Shortcut::Pad,
        _ => Shortcut::Auto,
    })
}

/// The stride that takes `input` positions to `output` ones without padding.
fn stride(input: usize, output: usize) -> Option<usize> {
    let stride = (input - 1) / output + 1;
    ((input - 1) / stride + 1 == output).then_some(stride)
}

/// What goes beside F: nothing (the identity), or a projection from `input` to `output`.
pub(crate) fn projection(
    shortcut: Shortcut,
    input: Shape,
    output: Shape,
    init: Init,
) -> Result<Option<Op>> {
    if shortcut == Shortcut::Identity && input != output {
        let message = format!(
            "an identity cannot be added: the blocks make {} of {}",
            output.words(),
            input.words()
        );
        return Err(DescribeError::new(ErrorKind::Shape, message)
            .hint("let the last block give the shape that came in, or write shortcut = \"auto\""));
    }
    if shortcut != Shortcut::Projection && input == output {
        return Ok(None);
    }
    if shortcut == Shortcut::Pad {
        return pad(input, output).map(Some);
    }
    let dense = |inputs, units| Op::Dense {
        inputs,
        units,
        init,
        bias: None,
    };
    let op = match (input, output) {
        (Shape::Flat(inputs), Shape::Flat(units)) => Some(dense(inputs, units)),
        (
            Shape::Sequence { steps, features },
            Shape::Sequence {
                steps: after,
                features: units,
            },
        ) if steps == after => Some(dense(features, units)),
        (
            Shape::Image {
                channels: inputs,
                height,
                width,
            },
            Shape::Image {
                channels: filters,
                height: rows,
                width: columns,
            },
        ) => stride(height, rows)
            .zip(stride(width, columns))
            .map(|(down, across)| Op::Conv2d {
                inputs,
                filters,
                kernel: [1, 1],
                stride: [down, across],
                padding: [0; 4],
                dilation: [1, 1],
                groups: 1,
                init,
                bias: None,
            }),
        _ => None,
    };
    op.map(Some).ok_or_else(|| {
        let message = format!(
            "no shortcut leads from {} to {}, which the blocks make of it",
            input.words(),
            output.words()
        );
        DescribeError::new(ErrorKind::Shape, message)
            .hint("put blocks that change the kind of shape, such as flatten, outside the residual")
    })
}

/// Option A of He et al. (2015): positions left out, channels of zeros added, half of them before.
fn pad(input: Shape, output: Shape) -> Result<Op> {
    if let (
        Shape::Image {
            channels: inputs,
            height,
            width,
        },
        Shape::Image {
            channels: filters,
            height: rows,
            width: columns,
        },
    ) = (input, output)
        && let (Some(down), Some(across)) = (stride(height, rows), stride(width, columns))
        && inputs <= filters
    {
        let before = (filters - inputs) / 2;
        return Ok(Op::PadChannels {
            stride: [down, across],
            padding: [before, filters - inputs - before],
        });
    }
    let message = format!(
        "channels of zeros do not make {} of {}",
        output.words(),
        input.words()
    );
    Err(DescribeError::new(ErrorKind::Shape, message)
        .hint("shortcut = \"pad\" is for images that get smaller and have more channels"))
}
