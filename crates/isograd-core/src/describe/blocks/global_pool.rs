//! Mean and maximum of each channel.

use super::super::network::BlockKind;
use super::super::read::Result;
use super::super::registry::{Entry, Info};
use super::super::shape::Shape;
use super::{PLAIN, misfit};

pub(super) const AVG: Entry<BlockKind> = Entry {
    info: Info {
        name: "global_avg_pool",
        aka: &[
            "gap",
            "global_average_pooling2d",
            "global_average_pool",
            "adaptive_avg_pool2d",
        ],
        doc: "Mean of each channel over all positions of an image, or of each feature over all steps",
        fields: &[],
        common: PLAIN,
        main: None,
        example: r#""global_avg_pool""#,
    },
    build: |_| Ok(BlockKind::GlobalAvgPool),
};

pub(super) const MAX: Entry<BlockKind> = Entry {
    info: Info {
        name: "global_max_pool",
        aka: &["global_max_pooling2d", "adaptive_max_pool2d"],
        doc: "Maximum of each channel over all positions of an image, or of each feature over all steps",
        fields: &[],
        common: PLAIN,
        main: None,
        example: r#""global_max_pool""#,
    },
    build: |_| Ok(BlockKind::GlobalMaxPool),
};

pub(super) fn shape(what: &str, input: Shape) -> Result<Shape> {
    match input {
        Shape::Flat(_) => Err(misfit(
            what,
            input,
            "a vector has no positions to pool over; leave the block out",
        )),
        Shape::Image { .. } | Shape::Sequence { .. } => Ok(Shape::Flat(input.units())),
    }
}
