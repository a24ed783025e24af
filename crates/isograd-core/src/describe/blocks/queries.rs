//! The start of a decoder.

use super::super::kind::Kind;
use super::super::network::{BlockKind, Init};
use super::super::plan::Op;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::NORM;

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "queries",
        aka: &["object_queries", "latents"],
        doc: "A learned sequence, the same for every example, with which a decoder begins (Carion et al. \
              2020). What comes in goes no further here: let attention after it have a block before it \
              as `memory`",
        fields: &[
            Field::required("steps", Kind::Count(1), "steps of the sequence"),
            Field::optional(
                "size",
                Kind::Count(1),
                "features of a step; default those of what comes in",
            ),
            Field::or(
                "init",
                Kind::Init,
                "{ name = \"normal\", std = 1.0 }",
                "initialisation of the sequence",
            ),
        ],
        common: NORM,
        main: Some("steps"),
        example: "{ queries = 10 }",
    },
    build: |args| {
        Ok(BlockKind::Queries {
            steps: args.count("steps")?,
            size: args.maybe_count("size")?,
            init: args.own_init("init")?,
        })
    },
};

/// Anything → sequence.
pub(super) fn shape(steps: usize, size: Option<usize>, init: Init, input: Shape) -> (Op, Shape) {
    let features = size.unwrap_or(input.units());
    let op = Op::Queries {
        steps,
        features,
        init,
    };
    (op, Shape::Sequence { steps, features })
}
