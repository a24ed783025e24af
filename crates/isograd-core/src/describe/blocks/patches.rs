//! An image as a sequence.

use super::super::error::{DescribeError, ErrorKind};
use super::super::kind::Kind;
use super::super::network::BlockKind;
use super::super::plan::Op;
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::{PLAIN, misfit};

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "patches",
        aka: &["to_sequence", "patch_embedding", "unfold"],
        doc: "Cuts an image into patches and puts them into a sequence, row by row (Dosovitskiy et al. \
              2020); the features of a step are the numbers of its patch, channels first",
        fields: &[Field::required(
            "size",
            Kind::Pair,
            "rows and columns of a patch; they divide those of the image",
        )],
        common: PLAIN,
        main: Some("size"),
        example: "{ patches = 4 }",
    },
    build: |args| {
        Ok(BlockKind::Patches {
            size: args.pair("size")?,
        })
    },
};

/// Image → sequence.
pub(super) fn shape(size: [usize; 2], input: Shape) -> Result<(Op, Shape)> {
    let Shape::Image {
        channels,
        height,
        width,
    } = input
    else {
        return Err(misfit("patches", input, "only an image has patches"));
    };
    let [rows, columns] = size;
    if !height.is_multiple_of(rows) || !width.is_multiple_of(columns) {
        let message = format!(
            "patches of {rows}×{columns} do not divide an image of {height}×{width} (height × width)"
        );
        return Err(DescribeError::new(ErrorKind::Shape, message)
            .hint(format!("a patch that divides: [1, {width}] is a row")));
    }
    let output = Shape::Sequence {
        steps: (height / rows) * (width / columns),
        features: channels * rows * columns,
    };
    Ok((Op::Patches { size }, output))
}
