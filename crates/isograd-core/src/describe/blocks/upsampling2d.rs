//! Nearest-neighbour repetition of rows and columns.

use super::super::kind::Kind;
use super::super::network::BlockKind;
use super::super::plan::Op;
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::{PLAIN, conv2d};

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "upsampling2d",
        aka: &["upsample", "upsampling", "up_sampling2d"],
        doc: "Nearest-neighbour repetition of the rows and columns of an image",
        fields: &[Field::or(
            "factor",
            Kind::Pair,
            "2",
            "factors for rows and columns",
        )],
        common: PLAIN,
        main: Some("factor"),
        example: "{ upsampling2d = 2 }",
    },
    build: |args| {
        Ok(BlockKind::Upsampling2d {
            factor: args.pair("factor")?,
        })
    },
};

pub(super) fn shape(factor: [usize; 2], input: Shape) -> Result<(Op, Shape)> {
    let (channels, size) = conv2d::image("upsampling2d", input)?;
    // Sizes are at most 2³¹ − 1, so these products fit; the plan refuses what is too large.
    let (height, width) = (size[0] * factor[0], size[1] * factor[1]);
    Ok((
        Op::Upsampling2d { factor },
        Shape::Image {
            channels,
            height,
            width,
        },
    ))
}
