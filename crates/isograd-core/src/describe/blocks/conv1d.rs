//! One-dimensional convolution, and the window that it shares with pooling.

use super::super::error::{DescribeError, ErrorKind};
use super::super::kind::Kind;
use super::super::network::{BlockKind, SequencePadding, Units};
use super::super::plan::{Op, resolve_sequence_padding};
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::conv2d::{DILATION_DOC, GROUPS_DOC, STRIDE_DOC};
use super::{Around, BIAS, KERNEL, dense, group_norm, misfit};

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "conv1d",
        aka: &["convolution1d", "temporal_convolution", "tcn"],
        doc: "One-dimensional convolution (cross-correlation) along the steps of a sequence",
        fields: &[
            Field::required("filters", Kind::Units, "features a step that come out"),
            Field::or("kernel", Kind::Count(1), "3", "window"),
            Field::or("stride", Kind::Count(1), "1", STRIDE_DOC),
            Field::or(
                "padding",
                Kind::SequencePadding,
                "\"same\"",
                "zeros around the sequence; \"same\" keeps ⌈steps / stride⌉, an odd one goes to the end; \
                 \"causal\" puts all in front, so that no step sees a later one",
            ),
            Field::or("dilation", Kind::Count(1), "1", DILATION_DOC),
            Field::or("groups", Kind::Count(1), "1", GROUPS_DOC),
            BIAS,
        ],
        common: KERNEL,
        main: Some("filters"),
        example: r#"{ conv1d = "outputs", kernel = 2, padding = "causal", dilation = 4 }"#,
    },
    build: |args| {
        Ok(BlockKind::Conv1d {
            filters: args.units("filters")?,
            kernel: args.count("kernel")?,
            stride: args.count("stride")?,
            padding: args.sequence_padding("padding")?,
            dilation: args.count("dilation")?,
            groups: args.count("groups")?,
            bias: args.flag("bias")?,
        })
    },
};

/// Steps and features of a sequence.
pub(super) fn sequence(what: &str, input: Shape) -> Result<(usize, usize)> {
    if let Shape::Sequence { steps, features } = input {
        return Ok((steps, features));
    }
    let hint = "it takes sequences: say the data's shape as [steps, features]";
    Err(misfit(what, input, hint))
}

/// A window of `kernel` steps, `dilation` apart, that moves by `stride`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: SequencePadding,
    pub(super) dilation: usize,
}

impl Steps {
    /// Zeros before and after a sequence of `steps`, and the steps that come out.
    pub(super) fn over(self, what: &str, steps: usize) -> Result<([usize; 2], usize)> {
        // Sizes are at most 2³¹ − 1, so these products fit.
        let extent = self.dilation * (self.kernel - 1) + 1;
        let zeros = resolve_sequence_padding(self.padding, steps, extent, self.stride);
        let padded = steps + zeros[0] + zeros[1];
        if extent > padded {
            let message =
                format!("the window of {what}, {extent} steps, is longer than its input, {padded}");
            return Err(DescribeError::new(ErrorKind::Shape, message)
                .hint("make kernel or dilation smaller, or pad with \"same\" or \"causal\""));
        }
        Ok((zeros, (padded - extent) / self.stride + 1))
    }
}

pub(super) fn shape(
    filters: Units,
    steps: Steps,
    groups: usize,
    bias: bool,
    around: &Around,
) -> Result<(Op, Shape)> {
    let (size, inputs) = sequence("conv1d", around.input)?;
    let (padding, size) = steps.over("conv1d", size)?;
    let filters = dense::count(filters, around.outputs);
    group_norm::divides("conv1d", groups, inputs, "input features")?;
    group_norm::divides("conv1d", groups, filters, "filters")?;
    let op = Op::Conv1d {
        inputs,
        filters,
        kernel: steps.kernel,
        stride: steps.stride,
        padding,
        dilation: steps.dilation,
        groups,
        init: around.init,
        bias: around.bias(bias),
    };
    let output = Shape::Sequence {
        steps: size,
        features: filters,
    };
    Ok((op, output))
}
