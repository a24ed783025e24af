//! Factors and offsets that are learned one by one, or one a unit.

use super::super::kind::{Bounds, Kind};
use super::super::network::BlockKind;
use super::super::plan::Op;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::NORM;

const PER: Field = Field::or(
    "per",
    Kind::Word(&[
        ("all", "one number for everything"),
        ("unit", "one number a feature or channel"),
    ]),
    "\"all\"",
    "how many numbers there are",
);

pub(super) const MULTIPLIER: Entry<BlockKind> = Entry {
    info: Info {
        name: "multiplier",
        aka: &["learned_scale", "scale", "gain", "layer_scale"],
        doc: "x times a number, learned unless said otherwise: ReZero (one that starts at 0), \
              LayerScale (one a unit)",
        fields: &[
            Field::or(
                "value",
                Kind::Number(Bounds::ANY),
                "1.0",
                "what it is at first",
            ),
            PER,
            Field::or("learned", Kind::Flag, "true", "it is a parameter"),
        ],
        common: NORM,
        main: Some("value"),
        example: r#"{ multiplier = 1e-5, per = "unit" }"#,
    },
    build: |args| {
        Ok(BlockKind::Multiplier {
            value: args.number("value")?,
            per_unit: args.word("per")? == "unit",
            learned: args.flag("learned")?,
        })
    },
};

pub(super) const OFFSET: Entry<BlockKind> = Entry {
    info: Info {
        name: "offset",
        aka: &["shift", "bias"],
        doc: "x plus a learned number: the biases of Fixup",
        fields: &[
            Field::or(
                "value",
                Kind::Number(Bounds::ANY),
                "0.0",
                "what it is at first",
            ),
            PER,
        ],
        common: NORM,
        main: Some("value"),
        example: "{ offset = 0.0 }",
    },
    build: |args| {
        Ok(BlockKind::Offset {
            value: args.number("value")?,
            per_unit: args.word("per")? == "unit",
        })
    },
};

fn count(per_unit: bool, input: Shape) -> usize {
    if per_unit { input.units() } else { 1 }
}

pub(crate) fn multiplier(value: f64, per_unit: bool, learned: bool, input: Shape) -> Op {
    Op::Multiplier {
        count: count(per_unit, input),
        value,
        learned,
    }
}

pub(super) fn offset(value: f64, per_unit: bool, input: Shape) -> Op {
    Op::Offset {
        count: count(per_unit, input),
        value,
    }
}
