//! Two-dimensional convolution.

use super::super::error::{DescribeError, ErrorKind};
use super::super::kind::Kind;
use super::super::network::{BlockKind, Padding, Units};
use super::super::plan::{Op, resolve_padding};
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::{Around, BIAS, WEIGHTS, dense, misfit};

pub(super) const STRIDE_DOC: &str = "step from window to window";

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "conv2d",
        aka: &["conv", "convolution", "convolution2d"],
        doc: "Two-dimensional convolution (cross-correlation) of an image",
        fields: &[
            Field::required("filters", Kind::Units, "output channels"),
            Field::or("kernel", Kind::Pair, "3", "window"),
            Field::or("stride", Kind::Pair, "1", STRIDE_DOC),
            Field::or(
                "padding",
                Kind::Padding,
                "\"same\"",
                "zeros around the image; \"same\" keeps ⌈size / stride⌉, an odd one goes to the end",
            ),
            BIAS,
        ],
        common: WEIGHTS,
        main: Some("filters"),
        example: "{ conv2d = 32, kernel = 5, stride = 2, bias = false }",
    },
    build: |args| {
        Ok(BlockKind::Conv2d {
            filters: args.units("filters")?,
            kernel: args.pair("kernel")?,
            stride: args.pair("stride")?,
            padding: args.padding("padding")?,
            bias: args.flag("bias")?,
        })
    },
};

/// Channels, then rows and columns, of an image.
pub(super) fn image(what: &str, input: Shape) -> Result<(usize, [usize; 2])> {
    if let Shape::Image {
        channels,
        height,
        width,
    } = input
    {
        return Ok((channels, [height, width]));
    }
    let hint = "it takes images: say the data's shape as [height, width, channels], and put it in \
                front of flatten and dense";
    Err(misfit(what, input, hint))
}

/// Resolved padding and output size of a window that moves over an image.
pub(super) fn window(
    what: &str,
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
) -> Result<([usize; 4], [usize; 2])> {
    let zeros = resolve_padding(padding, size, kernel, stride);
    let mut output = [0; 2];
    for i in 0..2 {
        let padded = size[i] + zeros[2 * i] + zeros[2 * i + 1];
        if kernel[i] > padded {
            let message = format!(
                "the window of {what}, {}×{}, is larger than its input, {}×{}",
                kernel[0],
                kernel[1],
                size[0] + zeros[0] + zeros[1],
                size[1] + zeros[2] + zeros[3]
            );
            return Err(DescribeError::new(ErrorKind::Shape, message).hint(
                "make the kernel smaller, pad with \"same\", or pool and stride less before it",
            ));
        }
        output[i] = (padded - kernel[i]) / stride[i] + 1;
    }
    Ok((zeros, output))
}

pub(super) fn shape(
    filters: Units,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
    bias: bool,
    around: &Around,
) -> Result<(Op, Shape)> {
    let (inputs, size) = image("conv2d", around.input)?;
    let (padding, [height, width]) = window("conv2d", size, kernel, stride, padding)?;
    let filters = dense::count(filters, around.outputs);
    let op = Op::Conv2d {
        inputs,
        filters,
        kernel,
        stride,
        padding,
        init: around.init,
        bias: around.bias(bias),
    };
    Ok((
        op,
        Shape::Image {
            channels: filters,
            height,
            width,
        },
    ))
}
