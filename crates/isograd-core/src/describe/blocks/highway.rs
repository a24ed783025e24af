//! Nodes in which paths meet: highway, concatenation, gate.

use super::super::error::{DescribeError, ErrorKind};
use super::super::kind::{Bounds, Kind};
use super::super::network::{BlockKind, Init, Padding};
use super::super::plan::{Op, resolve_padding};
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::AROUND;

pub(super) const GATE_BIAS: Field = Field::or(
    "gate_bias",
    Kind::Number(Bounds::ANY),
    "-2.0",
    "initial bias of the gate; published −1 to −4, the deeper the lower",
);
pub(super) const GATE_INIT: Field = Field::optional(
    "gate_init",
    Kind::Init,
    "initialisation of the gate's weights; default that of the block; \"zeros\" opens every gate alike at first",
);

pub(super) const HIGHWAY: Entry<BlockKind> = Entry {
    info: Info {
        name: "highway",
        aka: &["highway_layer"],
        doc: "H(x)·T(x) + x·(1 − T(x)) with the gate T = sigmoid(W x + b) (Srivastava et al. 2015); \
              H keeps the shape",
        fields: &[
            Field::required("layers", Kind::Layers, "H, in order"),
            GATE_BIAS,
            GATE_INIT,
            Field::or(
                "gate_kernel",
                Kind::Count(1),
                "3",
                "kernel of the gate on images",
            ),
        ],
        common: AROUND,
        main: Some("layers"),
        example: r#"{ highway = { layers = [{ dense = 784 }, "tanh"], gate_bias = -2.0 } }"#,
    },
    build: |args| {
        Ok(BlockKind::Highway {
            layers: args.layers("layers")?,
            gate_bias: args.number("gate_bias")?,
            gate_init: args.maybe_init("gate_init")?,
            gate_kernel: args.count("gate_kernel")?,
        })
    },
};

pub(super) const CONCAT: Entry<BlockKind> = Entry {
    info: Info {
        name: "concat",
        aka: &["concatenate", "dense_connection"],
        doc: "x and F(x), one behind the other: channels of images, features of all else",
        fields: &[Field::required("layers", Kind::Layers, "F, in order")],
        common: AROUND,
        main: Some("layers"),
        example: r#"{ concat = { layers = ["batch_norm", "relu", { conv2d = 12 }] } }"#,
    },
    build: |args| {
        Ok(BlockKind::Concat {
            layers: args.layers("layers")?,
        })
    },
};

pub(super) const GATED: Entry<BlockKind> = Entry {
    info: Info {
        name: "gated",
        aka: &["gate", "attention_gate"],
        doc: "x·F(x), where F gives as many numbers as x has, or one a channel or feature",
        fields: &[Field::required("layers", Kind::Layers, "F, in order")],
        common: AROUND,
        main: Some("layers"),
        example: r#"{ gated = { layers = [{ dense = 784 }, "sigmoid"] } }"#,
    },
    build: |args| {
        Ok(BlockKind::Gated {
            layers: args.layers("layers")?,
        })
    },
};

fn shape_error(message: String, hint: &str) -> DescribeError {
    DescribeError::new(ErrorKind::Shape, message).hint(hint)
}

/// The weights of a highway's gate, for H that makes `output` of `input`.
pub(crate) fn gate(
    input: Shape,
    output: Shape,
    init: Init,
    bias: f64,
    kernel: usize,
) -> Result<Op> {
    if input != output {
        return Err(shape_error(
            format!(
                "a highway mixes what comes in with what H makes of it: {} and {}",
                input.words(),
                output.words()
            ),
            "let H give the shape that comes in; a plain layer before the highway changes the width",
        ));
    }
    let bias = Some(Init::Constant { value: bias });
    Ok(match input {
        Shape::Image {
            channels,
            height,
            width,
        } => Op::Conv2d {
            inputs: channels,
            filters: channels,
            kernel: [kernel; 2],
            stride: [1, 1],
            dilation: [1, 1],
            groups: 1,
            padding: resolve_padding(Padding::Same, [height, width], [kernel; 2], [1, 1]),
            init,
            bias,
        },
        _ => Op::Dense {
            inputs: input.units(),
            units: input.units(),
            init,
            bias,
        },
    })
}

/// The shape of x and F(x) together.
pub(crate) fn joined(input: Shape, output: Shape) -> Result<Shape> {
    match (input, output) {
        (Shape::Flat(a), Shape::Flat(b)) => Ok(Shape::Flat(a + b)),
        (
            Shape::Sequence { steps, features },
            Shape::Sequence {
                steps: after,
                features: more,
            },
        ) if steps == after => Ok(Shape::Sequence {
            steps,
            features: features + more,
        }),
        (
            Shape::Image {
                channels,
                height,
                width,
            },
            Shape::Image {
                channels: more,
                height: rows,
                width: columns,
            },
        ) if (height, width) == (rows, columns) => Ok(Shape::Image {
            channels: channels + more,
            height,
            width,
        }),
        _ => Err(shape_error(
            format!(
                "{} and {} cannot be put one behind the other",
                input.words(),
                output.words()
            ),
            "let the blocks keep height and width, or the steps",
        )),
    }
}

/// Refuses a gate that does not fit what it gates.
pub(crate) fn fits_gate(input: Shape, gate: Shape) -> Result<()> {
    if gate == input || gate == Shape::Flat(input.units()) {
        return Ok(());
    }
    Err(shape_error(
        format!("{} cannot gate {}", gate.words(), input.words()),
        "let the blocks give as many numbers as come in, or a vector of one a channel",
    ))
}
