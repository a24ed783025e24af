//! From a block to its operation and output shape.

use super::{
    Around, BlockKind, DescribeError, Op, Shape, attention, conv1d, conv2d, dense, embedding,
    global_pool, group_norm, layer_norm, multiplier, patches, pool1d, pool2d, positions, prelu,
    queries, recurrent, upsampling1d, upsampling2d,
};

impl BlockKind {
    /// Operation and output shape; `None` for a block that only holds blocks.
    pub(crate) fn operation(&self, around: &Around) -> Result<Option<(Op, Shape)>, DescribeError> {
        let input = around.input;
        match self {
            Self::Dense { units, bias } => dense::shape(*units, *bias, around),
            Self::Conv2d {
                filters,
                kernel,
                stride,
                padding,
                dilation,
                groups,
                bias,
            } => {
                let window = conv2d::Cells {
                    kernel: *kernel,
                    stride: *stride,
                    padding: *padding,
                    dilation: *dilation,
                };
                conv2d::shape(*filters, window, *groups, *bias, around)
            }
            Self::Conv1d {
                filters,
                kernel,
                stride,
                padding,
                dilation,
                groups,
                bias,
            } => {
                let steps = conv1d::Steps {
                    kernel: *kernel,
                    stride: *stride,
                    padding: *padding,
                    dilation: *dilation,
                };
                conv1d::shape(*filters, steps, *groups, *bias, around)
            }
            Self::MaxPool1d {
                kernel,
                stride,
                padding,
            } => {
                let (kernel, stride) = (*kernel, *stride);
                pool1d::shape("max_pool1d", kernel, stride, *padding, input).map(
                    |(padding, output)| {
                        let op = Op::MaxPool1d {
                            kernel,
                            stride,
                            padding,
                        };
                        (op, output)
                    },
                )
            }
            Self::AvgPool1d {
                kernel,
                stride,
                padding,
            } => {
                let (kernel, stride) = (*kernel, *stride);
                pool1d::shape("avg_pool1d", kernel, stride, *padding, input).map(
                    |(padding, output)| {
                        let op = Op::AvgPool1d {
                            kernel,
                            stride,
                            padding,
                        };
                        (op, output)
                    },
                )
            }
            Self::Upsampling1d { factor } => upsampling1d::shape(*factor, input),
            Self::MaxPool2d {
                kernel,
                stride,
                padding,
            } => {
                let (padding, output) =
                    pool2d::shape("max_pool2d", *kernel, *stride, *padding, input)?;
                Ok((
                    Op::MaxPool2d {
                        kernel: *kernel,
                        stride: *stride,
                        padding,
                    },
                    output,
                ))
            }
            Self::AvgPool2d {
                kernel,
                stride,
                padding,
            } => {
                let (padding, output) =
                    pool2d::shape("avg_pool2d", *kernel, *stride, *padding, input)?;
                Ok((
                    Op::AvgPool2d {
                        kernel: *kernel,
                        stride: *stride,
                        padding,
                    },
                    output,
                ))
            }
            Self::GlobalAvgPool => {
                global_pool::shape("global_avg_pool", input).map(|out| (Op::GlobalAvgPool, out))
            }
            Self::GlobalMaxPool => {
                global_pool::shape("global_max_pool", input).map(|out| (Op::GlobalMaxPool, out))
            }
            Self::Upsampling2d { factor } => upsampling2d::shape(*factor, input),
            Self::Flatten => Ok((Op::Flatten, Shape::Flat(input.elements()))),
            Self::Dropout { rate } => Ok((Op::Dropout { rate: *rate }, input)),
            Self::Activation(activation) => Ok((Op::Activation(*activation), input)),
            Self::Prelu { slope, per_channel } => {
                Ok((prelu::operation(*slope, *per_channel, input), input))
            }
            // As if it were the only one; `expand` sees them all.
            Self::Tailored(tailoring) => Ok((Op::Activation(tailoring.alone()), input)),
            Self::Softmax { axis } => Ok((Op::Softmax { axis: *axis }, input)),
            Self::BatchNorm {
                momentum,
                epsilon,
                eval_statistics,
            } => Ok((
                Op::BatchNorm {
                    units: input.units(),
                    momentum: *momentum,
                    epsilon: *epsilon,
                    eval_statistics: *eval_statistics,
                },
                input,
            )),
            Self::LayerNorm { epsilon } => Ok((layer_norm::operation(*epsilon, input), input)),
            Self::GroupNorm {
                groups,
                epsilon,
                affine,
            } => group_norm::operation(*groups, *epsilon, *affine, input).map(|op| (op, input)),
            Self::InstanceNorm { epsilon, affine } => Ok((
                Op::InstanceNorm {
                    units: input.units(),
                    epsilon: *epsilon,
                    affine: *affine,
                },
                input,
            )),
            Self::RmsNorm { epsilon, affine } => Ok((
                Op::RmsNorm {
                    elements: layer_norm::together(input),
                    epsilon: *epsilon,
                    affine: *affine,
                },
                input,
            )),
            Self::DynamicTanh { alpha } => Ok((
                Op::DynamicTanh {
                    units: input.units(),
                    alpha: *alpha,
                },
                input,
            )),
            Self::DropPath { rate, whole_batch } => Ok((
                Op::DropPath {
                    rate: *rate,
                    whole_batch: *whole_batch,
                },
                input,
            )),
            Self::Multiplier {
                value,
                per_unit,
                learned,
            } => Ok((multiplier(*value, *per_unit, *learned, input), input)),
            Self::Offset { value, per_unit } => {
                Ok((multiplier::offset(*value, *per_unit, input), input))
            }
            Self::Recurrent(block) => recurrent::shape(block, around),
            Self::Embedding {
                size,
                vocabulary,
                init,
            } => embedding::shape(*size, *vocabulary, *init, around),
            Self::Positions { encoding, init } => positions::shape(*encoding, *init, around),
            Self::Patches { size } => patches::shape(*size, input),
            Self::Queries { steps, size, init } => Ok(queries::shape(*steps, *size, *init, input)),
            Self::Attention {
                heads,
                causal,
                rate,
                bias,
                value_gain,
                ..
            } => attention::shape(*heads, *causal, *rate, *bias, *value_gain, around),
            // Blocks that hold or stand for others.
            Self::Residual { .. }
            | Self::Highway { .. }
            | Self::Concat { .. }
            | Self::Gated { .. }
            | Self::Repeat { .. }
            | Self::Squeeze { .. }
            | Self::Unit(_)
            | Self::DenseBlock(_)
            | Self::Transition { .. }
            | Self::Resnet(_)
            | Self::Densenet(_)
            | Self::HighwayNet(_)
            | Self::Transformer(_) => return Ok(None),
        }
        .map(Some)
    }
}
