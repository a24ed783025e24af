//! Group normalisation.

use super::super::error::{DescribeError, ErrorKind};
use super::super::kind::Kind;
use super::super::network::BlockKind;
use super::super::plan::Op;
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::{AFFINE, EPSILON, NORM};

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "group_norm",
        aka: &["gn", "group_normalization", "group_normalisation"],
        doc: "Group normalisation (Wu and He 2018): each group of channels of one example together, over \
              all positions or steps, with one scale and shift a channel",
        fields: &[
            Field::required(
                "groups",
                Kind::Count(1),
                "groups; they divide the channels (features of a vector or sequence)",
            ),
            EPSILON,
            AFFINE,
        ],
        common: NORM,
        main: Some("groups"),
        example: "{ group_norm = 1, epsilon = 1e-6 }",
    },
    build: |args| {
        Ok(BlockKind::GroupNorm {
            groups: args.count("groups")?,
            epsilon: args.number("epsilon")?,
            affine: args.flag("affine")?,
        })
    },
};

pub(super) fn operation(groups: usize, epsilon: f64, affine: bool, input: Shape) -> Result<Op> {
    let units = input.units();
    divides("group_norm", groups, units, "channels")?;
    Ok(Op::GroupNorm {
        units,
        groups,
        epsilon,
        affine,
    })
}

/// Refuses groups that do not divide what they group.
pub(super) fn divides(what: &str, groups: usize, count: usize, of: &str) -> Result<()> {
    if count.is_multiple_of(groups) {
        return Ok(());
    }
    let accepted: Vec<String> = (1..=count)
        .filter(|n| count.is_multiple_of(*n))
        .take(16)
        .map(|n| n.to_string())
        .collect();
    let message = format!("{groups} groups of {what} do not divide {count} {of}");
    Err(DescribeError::new(ErrorKind::Shape, message)
        .accepts(format!("a divisor of {count}: {}", accepted.join(", "))))
}
