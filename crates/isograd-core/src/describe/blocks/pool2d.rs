//! Maximum and mean over windows.

use super::super::error::{DescribeError, ErrorKind};
use super::super::kind::Kind;
use super::super::network::{BlockKind, Padding};
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::{PLAIN, conv2d};

const FIELDS: &[Field] = &[
    Field::or("kernel", Kind::Pair, "2", "window"),
    Field::optional(
        "stride",
        Kind::Pair,
        "step from window to window; default the window",
    ),
    Field::or(
        "padding",
        Kind::Padding,
        "\"valid\"",
        "what goes around the image, less than the window",
    ),
];

pub(super) const MAX: Entry<BlockKind> = Entry {
    info: Info {
        name: "max_pool2d",
        aka: &[
            "max_pool",
            "maxpool",
            "max_pooling",
            "max_pooling2d",
            "pool",
        ],
        doc: "Maximum over windows of an image",
        fields: FIELDS,
        common: PLAIN,
        main: Some("kernel"),
        example: "{ max_pool2d = 3, stride = 2 }",
    },
    build: |args| {
        let kernel = args.pair("kernel")?;
        Ok(BlockKind::MaxPool2d {
            kernel,
            stride: args.maybe_pair("stride")?.unwrap_or(kernel),
            padding: args.padding("padding")?,
        })
    },
};

pub(super) const AVG: Entry<BlockKind> = Entry {
    info: Info {
        name: "avg_pool2d",
        aka: &["avg_pool", "average_pool", "average_pooling2d", "mean_pool"],
        doc: "Mean over windows of an image; padding does not count",
        fields: FIELDS,
        common: PLAIN,
        main: Some("kernel"),
        example: "{ avg_pool2d = [2, 1] }",
    },
    build: |args| {
        let kernel = args.pair("kernel")?;
        Ok(BlockKind::AvgPool2d {
            kernel,
            stride: args.maybe_pair("stride")?.unwrap_or(kernel),
            padding: args.padding("padding")?,
        })
    },
};

/// Resolved padding and output shape.
pub(super) fn shape(
    what: &str,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
    input: Shape,
) -> Result<([usize; 4], Shape)> {
    let (channels, size) = conv2d::image(what, input)?;
    if let Padding::Explicit(zeros) = padding
        && (zeros[0] >= kernel[0] || zeros[1] >= kernel[1])
    {
        // A window that lies wholly in the padding has no maximum and no mean.
        let message = format!("the padding of {what} is not smaller than its window");
        return Err(DescribeError::new(ErrorKind::Shape, message)
            .accepts(format!("less than {}×{}", kernel[0], kernel[1])));
    }
    let window = conv2d::Cells {
        kernel,
        stride,
        padding,
        dilation: [1, 1],
    };
    let (padding, [height, width]) = conv2d::window(what, size, window)?;
    Ok((
        padding,
        Shape::Image {
            channels,
            height,
            width,
        },
    ))
}
