//! Multi-head attention.

use super::super::error::{DescribeError, ErrorKind};
use super::super::kind::{Bounds, Kind};
use super::super::network::BlockKind;
use super::super::plan::Op;
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::{Around, BIAS, WEIGHTS, misfit};

pub(super) const HEADS: Field = Field::required(
    "heads",
    Kind::Count(1),
    "heads; they divide the features among themselves",
);
pub(super) const CAUSAL: Field = Field::or(
    "causal",
    Kind::Flag,
    "false",
    "a step sees itself and the steps before it only",
);
pub(super) const DROPOUT: Bounds = Bounds::BELOW_ONE;
pub(super) const MEMORY: Field = Field::optional(
    "memory",
    Kind::Text,
    "name of a block before this one, outside of residuals, that puts out a sequence: keys and values \
     are made from its output",
);

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "attention",
        aka: &[
            "multi_head_attention",
            "multihead_attention",
            "mha",
            "self_attention",
        ],
        doc: "Multi-head attention (Vaswani et al. 2017) over the steps of a sequence: of each head \
              softmax(Q Kᵀ / √(features / heads)) V with Q, K, V = W x + b, then a dense layer over \
              all heads; with `memory` cross-attention",
        fields: &[
            HEADS,
            CAUSAL,
            Field::or(
                "rate",
                Kind::Number(DROPOUT),
                "0.0",
                "dropout of the attention weights",
            ),
            MEMORY,
            BIAS,
        ],
        common: WEIGHTS,
        main: Some("heads"),
        example: "{ attention = 4, causal = true }",
    },
    build: |args| {
        Ok(BlockKind::Attention {
            heads: args.count("heads")?,
            causal: args.flag("causal")?,
            rate: args.number("rate")?,
            memory: args.maybe_text("memory")?,
            bias: args.flag("bias")?,
            value_gain: 1.0,
        })
    },
};

/// Sequence → sequence of the same shape.
pub(super) fn shape(
    heads: usize,
    causal: bool,
    rate: f64,
    bias: bool,
    value_gain: f64,
    around: &Around,
) -> Result<(Op, Shape)> {
    let Shape::Sequence { features, .. } = around.input else {
        let hint = match around.input {
            Shape::Image { .. } => {
                "put { patches = 4 } in front of it: it makes a sequence of an image"
            }
            _ => "attention is over the steps of a sequence, which a vector does not have",
        };
        return Err(misfit("attention", around.input, hint));
    };
    if !features.is_multiple_of(heads) {
        let fitting: Vec<String> = (1..=features.min(64))
            .filter(|n| features.is_multiple_of(*n))
            .map(|n| n.to_string())
            .collect();
        let message = format!("{heads} heads do not divide the {features} features of a step");
        return Err(
            DescribeError::new(ErrorKind::Shape, message).accepts(format!(
                "as many heads as divide {features}: {}",
                fitting.join(", ")
            )),
        );
    }
    let memory = match around.memory {
        None => None,
        Some((node, Shape::Sequence { features, .. })) => Some((node, features)),
        Some((_, other)) => {
            let message = format!(
                "attention has a sequence as memory, and this block puts out {}",
                other.words()
            );
            return Err(DescribeError::new(ErrorKind::Shape, message)
                .hint("name a block that puts out a sequence"));
        }
    };
    if causal && memory.is_some() {
        return Err(DescribeError::new(
            ErrorKind::Conflict,
            "attention to a memory cannot be causal: its steps are those of another sequence",
        )
        .hint("leave `causal` out here; it belongs to attention of the sequence to itself"));
    }
    let op = Op::Attention {
        features,
        heads,
        causal,
        rate,
        memory,
        init: around.init,
        bias: around.bias(bias),
        value_gain,
    };
    Ok((op, around.input))
}
