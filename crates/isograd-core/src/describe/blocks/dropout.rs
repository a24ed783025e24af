//! Inverted dropout.

use super::super::kind::{Bounds, Kind};
use super::super::network::BlockKind;
use super::super::registry::{Entry, Field, Info};
use super::PLAIN;

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "dropout",
        aka: &[],
        doc: "Inverted dropout: in training, zeroes elements and scales the others by 1/(1 − rate)",
        fields: &[Field::required(
            "rate",
            Kind::Number(Bounds::BELOW_ONE),
            "probability that an element is zeroed",
        )],
        common: PLAIN,
        main: Some("rate"),
        example: "{ dropout = 0.5 }",
    },
    build: |args| {
        Ok(BlockKind::Dropout {
            rate: args.number("rate")?,
        })
    },
};
