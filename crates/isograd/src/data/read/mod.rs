//! Readers of files: one format, one file.

pub(crate) mod cifar;
pub(crate) mod columns;
pub(crate) mod csv;
pub(crate) mod idx;
pub(crate) mod npy;
pub(crate) mod text;

use isograd_core::describe::Shape;

use super::bytes::Source;
use super::error::{DataError, DataErrorKind};

/// A block of numbers with its dimensions, outermost (rows) first.
#[derive(Debug)]
pub(crate) struct Array {
    pub(crate) numbers: super::raw::Numbers,
    /// Dimensions of what was read.
    pub(crate) dims: Vec<usize>,
    /// Rows that the file has, read or not.
    pub(crate) declared: usize,
}

impl Array {
    /// Numbers a row.
    pub(crate) fn width(&self) -> usize {
        self.dims.iter().skip(1).product()
    }
}

/// Rows × width of an array with these dimensions, each at least 1, the product within bounds.
fn extent(source: &Source, dims: &[u64]) -> Result<(u64, u64), DataError> {
    let shown = dims
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" × ");
    let Some((&rows, rest)) = dims.split_first() else {
        return Err(source
            .error(DataErrorKind::Format, "the array has no dimensions")
            .help("the first dimension counts the examples"));
    };
    if rows == 0 {
        return Err(source.error(
            DataErrorKind::Empty,
            format!("the array ({shown}) has no rows"),
        ));
    }
    let width = rest
        .iter()
        .try_fold(1u64, |product, &dim| product.checked_mul(dim));
    match width {
        Some(0) => Err(source.error(
            DataErrorKind::Format,
            format!("an example of the array ({shown}) has no numbers"),
        )),
        Some(width)
            if rows
                .checked_mul(width)
                .and_then(|n| n.checked_mul(8))
                .is_some() =>
        {
            Ok((rows, width))
        }
        _ => Err(source.error(
            DataErrorKind::TooLarge,
            format!("an array of {shown} is larger than any file"),
        )),
    }
}

/// The shape of an example with these dimensions; images are described height × width × channels.
pub(crate) fn shape_of(dims: &[usize]) -> Option<Shape> {
    match *dims {
        [] => Some(Shape::Flat(1)),
        [n] => Some(Shape::Flat(n)),
        [steps, features] => Some(Shape::Sequence { steps, features }),
        [height, width, channels] => Some(Shape::Image {
            channels,
            height,
            width,
        }),
        _ => None,
    }
}
