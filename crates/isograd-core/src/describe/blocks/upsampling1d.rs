//! Repetition of the steps of a sequence.

use super::super::kind::Kind;
use super::super::network::BlockKind;
use super::super::plan::Op;
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::PLAIN;
use super::conv1d::sequence;

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "upsampling1d",
        aka: &["up_sampling1d"],
        doc: "Each step of a sequence several times",
        fields: &[Field::or("factor", Kind::Count(1), "2", "how often")],
        common: PLAIN,
        main: Some("factor"),
        example: "{ upsampling1d = 3 }",
    },
    build: |args| {
        Ok(BlockKind::Upsampling1d {
            factor: args.count("factor")?,
        })
    },
};

pub(super) fn shape(factor: usize, input: Shape) -> Result<(Op, Shape)> {
    let (steps, features) = sequence("upsampling1d", input)?;
    // Sizes are at most 2³¹ − 1, so the product fits; the plan refuses what is too large.
    let output = Shape::Sequence {
        steps: steps * factor,
        features,
    };
    Ok((Op::Upsampling1d { factor }, output))
}
