//! Dynamic tanh.

use super::super::kind::{Bounds, Kind};
use super::super::network::BlockKind;
use super::super::registry::{Entry, Field, Info};
use super::NORM;

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "dyt",
        aka: &["dynamic_tanh"],
        doc: "γ·tanh(αx) + β in place of a normalisation (Zhu et al. 2025): α one learned number, γ and β \
              one a channel or feature",
        fields: &[Field::or(
            "alpha",
            Kind::Number(Bounds::ANY),
            "0.5",
            "first value of α",
        )],
        common: NORM,
        main: Some("alpha"),
        example: "{ dyt = 0.8 }",
    },
    build: |args| {
        Ok(BlockKind::DynamicTanh {
            alpha: args.number("alpha")?,
        })
    },
};
