//! Leaky ReLU with a learned slope.

use super::super::kind::{Bounds, Kind};
use super::super::network::BlockKind;
use super::super::plan::Op;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::NORM;

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "prelu",
        aka: &["parametric_relu"],
        doc: "x for x ≥ 0, slope·x below, with a learned slope that no weight decay shrinks (He et al. 2015)",
        fields: &[
            Field::or(
                "slope",
                Kind::Number(Bounds::ANY),
                "0.25",
                "first value of the slope",
            ),
            Field::or(
                "slopes",
                Kind::Word(&[
                    ("shared", "one slope for all units"),
                    ("per_channel", "one slope a channel or feature"),
                ]),
                "\"shared\"",
                "how many slopes",
            ),
        ],
        common: NORM,
        main: Some("slope"),
        example: r#"{ prelu = 0.1, slopes = "per_channel" }"#,
    },
    build: |args| {
        Ok(BlockKind::Prelu {
            slope: args.number("slope")?,
            per_channel: args.word("slopes")? == "per_channel",
        })
    },
};

pub(super) fn operation(slope: f64, per_channel: bool, input: Shape) -> Op {
    Op::Prelu {
        slope,
        slopes: if per_channel { input.units() } else { 1 },
    }
}
