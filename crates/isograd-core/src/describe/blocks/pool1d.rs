//! Maximum and mean over windows of steps.

use super::super::error::{DescribeError, ErrorKind};
use super::super::kind::Kind;
use super::super::network::{BlockKind, SequencePadding};
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::PLAIN;
use super::conv1d::{Steps, sequence};

const FIELDS: &[Field] = &[
    Field::or("kernel", Kind::Count(1), "2", "window"),
    Field::optional(
        "stride",
        Kind::Count(1),
        "step from window to window; default the window",
    ),
    Field::or(
        "padding",
        Kind::SequencePadding,
        "\"valid\"",
        "what goes around the sequence, less than the window",
    ),
];

pub(super) const MAX: Entry<BlockKind> = Entry {
    info: Info {
        name: "max_pool1d",
        aka: &["max_pooling1d", "maxpool1d"],
        doc: "Maximum over windows of the steps of a sequence",
        fields: FIELDS,
        common: PLAIN,
        main: Some("kernel"),
        example: "{ max_pool1d = 3, stride = 2 }",
    },
    build: |args| {
        let kernel = args.count("kernel")?;
        Ok(BlockKind::MaxPool1d {
            kernel,
            stride: args.maybe_count("stride")?.unwrap_or(kernel),
            padding: args.sequence_padding("padding")?,
        })
    },
};

pub(super) const AVG: Entry<BlockKind> = Entry {
    info: Info {
        name: "avg_pool1d",
        aka: &["average_pooling1d", "avgpool1d"],
        doc: "Mean over windows of the steps of a sequence; padding does not count",
        fields: FIELDS,
        common: PLAIN,
        main: Some("kernel"),
        example: "{ avg_pool1d = 2 }",
    },
    build: |args| {
        let kernel = args.count("kernel")?;
        Ok(BlockKind::AvgPool1d {
            kernel,
            stride: args.maybe_count("stride")?.unwrap_or(kernel),
            padding: args.sequence_padding("padding")?,
        })
    },
};

/// Resolved padding and output shape.
pub(super) fn shape(
    what: &str,
    kernel: usize,
    stride: usize,
    padding: SequencePadding,
    input: Shape,
) -> Result<([usize; 2], Shape)> {
    let (steps, features) = sequence(what, input)?;
    if let SequencePadding::Explicit(zeros) = padding
        && zeros >= kernel
    {
        // A window that lies wholly in the padding has no maximum and no mean.
        let message = format!("the padding of {what} is not smaller than its window");
        return Err(
            DescribeError::new(ErrorKind::Shape, message).accepts(format!("less than {kernel}"))
        );
    }
    let window = Steps {
        kernel,
        stride,
        padding,
        dilation: 1,
    };
    let (padding, steps) = window.over(what, steps)?;
    Ok((padding, Shape::Sequence { steps, features }))
}
