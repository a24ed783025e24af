//! Where a step stands in its sequence.

use super::super::kind::Kind;
use super::super::network::{BlockKind, Init, PositionsKind};
use super::super::plan::Op;
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::{Around, NORM, misfit};

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "positions",
        aka: &["positional_encoding", "position_embedding"],
        doc: "Adds to each step of a sequence a vector that says where it stands",
        fields: &[
            Field::or(
                "encoding",
                Kind::Word(&[
                    (
                        "sinusoidal",
                        "sin(t/10000^(2i/d)) at feature 2i, the cosine at 2i + 1 (Vaswani et al. 2017)",
                    ),
                    (
                        "learned",
                        "a learned vector for every step (Gehring et al. 2017)",
                    ),
                ]),
                "\"sinusoidal\"",
                "which vectors",
            ),
            Field::or(
                "init",
                Kind::Init,
                "{ name = \"normal\", std = 1.0 }",
                "initialisation of learned vectors",
            ),
        ],
        common: NORM,
        main: Some("encoding"),
        example: "{ positions = \"learned\" }",
    },
    build: |args| {
        Ok(BlockKind::Positions {
            encoding: match args.word("encoding")? {
                "learned" => PositionsKind::Learned,
                _ => PositionsKind::Sinusoidal,
            },
            init: args.own_init("init")?,
        })
    },
};

/// Sequence → the same shape.
pub(super) fn shape(encoding: PositionsKind, init: Init, around: &Around) -> Result<(Op, Shape)> {
    let Shape::Sequence { steps, features } = around.input else {
        return Err(misfit(
            "positions",
            around.input,
            "positions are those of the steps of a sequence",
        ));
    };
    let op = Op::Positions {
        steps,
        features,
        learned: (encoding == PositionsKind::Learned).then_some(init),
    };
    Ok((op, around.input))
}

/// Sines and cosines of Vaswani et al. (2017, §3.5), step after step: sin(t/10000^(2i/d)) at feature
/// 2i and the cosine at 2i + 1, d features.
pub fn sinusoid(steps: usize, features: usize) -> Vec<f64> {
    (0..steps)
        .flat_map(|step| {
            (0..features).map(move |feature| {
                let pair = (feature / 2 * 2) as f64 / features as f64;
                let angle = step as f64 / 10_000f64.powf(pair);
                if feature.is_multiple_of(2) {
                    angle.sin()
                } else {
                    angle.cos()
                }
            })
        })
        .collect()
}
