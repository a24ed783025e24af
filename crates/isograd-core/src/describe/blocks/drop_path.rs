//! Stochastic depth as a block of its own.

use super::super::kind::{Bounds, Kind};
use super::super::network::BlockKind;
use super::super::registry::{Entry, Field, Info};
use super::PLAIN;

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "drop_path",
        aka: &["stochastic_depth", "droppath"],
        doc: "Stochastic depth (Huang et al. 2016), at the end of a branch: in training zeroes all of an \
              example with probability `rate` and divides the others by 1 − rate; the identity in \
              evaluation. A residual's `drop` puts it there by itself",
        fields: &[
            Field::required(
                "rate",
                Kind::Number(Bounds::BELOW_ONE),
                "probability that an example is zeroed",
            ),
            Field::or(
                "per",
                Kind::Word(&[
                    ("example", "each example draws for itself"),
                    ("batch", "one draw for the whole batch, as published"),
                ]),
                "\"example\"",
                "what draws",
            ),
        ],
        common: PLAIN,
        main: Some("rate"),
        example: "{ drop_path = 0.2 }",
    },
    build: |args| {
        Ok(BlockKind::DropPath {
            rate: args.number("rate")?,
            whole_batch: args.word("per")? == "batch",
        })
    },
};
