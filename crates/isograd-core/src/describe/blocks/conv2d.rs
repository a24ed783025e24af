//! Two-dimensional convolution.

use super::super::error::{DescribeError, ErrorKind};
use super::super::kind::Kind;
use super::super::network::{BlockKind, Padding, Units};
use super::super::plan::{Op, resolve_padding};
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::{Around, BIAS, KERNEL, dense, group_norm, misfit};

pub(super) const STRIDE_DOC: &str = "step from window to window";
pub(super) const DILATION_DOC: &str = "distance between the cells of a window";
pub(super) const GROUPS_DOC: &str = "groups of channels, each convolved by itself; they divide channels and filters (as many as \
     channels: depthwise)";

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
            Field::or("dilation", Kind::Pair, "1", DILATION_DOC),
            Field::or("groups", Kind::Count(1), "1", GROUPS_DOC),
            BIAS,
        ],
        common: KERNEL,
        main: Some("filters"),
        example: "{ conv2d = 32, kernel = 5, stride = 2, bias = false }",
    },
    build: |args| {
        Ok(BlockKind::Conv2d {
            filters: args.units("filters")?,
            kernel: args.pair("kernel")?,
            stride: args.pair("stride")?,
            padding: args.padding("padding")?,
            dilation: args.pair("dilation")?,
            groups: args.count("groups")?,
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

/// A window of cells, `dilation` apart, that moves by `stride`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells {
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) padding: Padding,
    pub(super) dilation: [usize; 2],
}

/// Resolved padding and output size of a window that moves over an image.
pub(super) fn window(
    what: &str,
    size: [usize; 2],
    cells: Cells,
) -> Result<([usize; 4], [usize; 2])> {
    // Sizes are at most 2³¹ − 1, so these products fit.
    let extent: [usize; 2] = std::array::from_fn(|i| cells.dilation[i] * (cells.kernel[i] - 1) + 1);
    let zeros = resolve_padding(cells.padding, size, extent, cells.stride);
    let mut output = [0; 2];
    for i in 0..2 {
        let padded = size[i] + zeros[2 * i] + zeros[2 * i + 1];
        if extent[i] > padded {
            let message = format!(
                "the window of {what}, {}×{}, is larger than its input, {}×{}",
                extent[0],
                extent[1],
                size[0] + zeros[0] + zeros[1],
                size[1] + zeros[2] + zeros[3]
            );
            return Err(DescribeError::new(ErrorKind::Shape, message).hint(
                "make the kernel smaller, pad with \"same\", or pool and stride less before it",
            ));
        }
        output[i] = (padded - extent[i]) / cells.stride[i] + 1;
    }
    Ok((zeros, output))
}

pub(super) fn shape(
    filters: Units,
    cells: Cells,
    groups: usize,
    bias: bool,
    around: &Around,
) -> Result<(Op, Shape)> {
    let (inputs, size) = image("conv2d", around.input)?;
    let (padding, [height, width]) = window("conv2d", size, cells)?;
    let filters = dense::count(filters, around.outputs);
    group_norm::divides("conv2d", groups, inputs, "input channels")?;
    group_norm::divides("conv2d", groups, filters, "filters")?;
    let op = Op::Conv2d {
        inputs,
        filters,
        kernel: cells.kernel,
        stride: cells.stride,
        padding,
        dilation: cells.dilation,
        groups,
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
