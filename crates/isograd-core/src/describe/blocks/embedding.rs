//! A vector for every id.

use super::super::error::{DescribeError, ErrorKind};
use super::super::kind::Kind;
use super::super::network::{BlockKind, Init, Units};
use super::super::plan::Op;
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::dense::count;
use super::{Around, NORM, misfit};

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "embedding",
        aka: &["embed", "lookup"],
        doc: "A learned vector for every id of a sequence of ids (steps × 1, whole numbers from 0, the \
              data themselves), or for every one of a sequence that is one-hot",
        fields: &[
            Field::required("size", Kind::Count(1), "numbers a vector has"),
            Field::optional(
                "vocabulary",
                Kind::Units,
                "different ids; default as many as the task has classes, of a one-hot sequence its \
                 features",
            ),
            Field::or(
                "init",
                Kind::Init,
                "{ name = \"normal\", std = 1.0 }",
                "initialisation of the vectors; not that of the network, which is for sums",
            ),
        ],
        common: NORM,
        main: Some("size"),
        example: "{ embedding = 32 }",
    },
    build: |args| {
        Ok(BlockKind::Embedding {
            size: args.count("size")?,
            vocabulary: match args.written("vocabulary") {
                Some(_) => Some(args.units("vocabulary")?),
                None => None,
            },
            init: args.own_init("init")?,
        })
    },
};

/// Sequence of ids or one-hot sequence → sequence.
pub(super) fn shape(
    size: usize,
    vocabulary: Option<Units>,
    init: Init,
    around: &Around,
) -> Result<(Op, Shape)> {
    let Shape::Sequence { steps, features } = around.input else {
        return Err(misfit(
            "embedding",
            around.input,
            "it takes a sequence of ids, or a one-hot sequence",
        ));
    };
    let ids = features == 1;
    if ids && !around.first {
        return Err(DescribeError::new(
            ErrorKind::Shape,
            "ids come from the data: an embedding of ids is the first block of a network",
        )
        .hint("a { dense = … } block makes features of one number a step"));
    }
    let vocabulary = match vocabulary {
        Some(units) => count(units, around.outputs),
        None if ids => around.outputs,
        None => features,
    };
    if !ids && vocabulary != features {
        let message = format!(
            "a one-hot sequence of {features} features is not one of {vocabulary} different ids"
        );
        return Err(DescribeError::new(ErrorKind::Shape, message).hint("leave `vocabulary` out"));
    }
    let op = Op::Embedding {
        vocabulary,
        size,
        ids,
        init,
    };
    let output = Shape::Sequence {
        steps,
        features: size,
    };
    Ok((op, output))
}
