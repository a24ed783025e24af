//! From the shape that a source has to the shape that the description asks for.

use isograd_core::describe::Shape;

use super::error::{DataError, DataErrorKind};
use super::raw::{Numbers, Raw};
use super::read::shape_of;

/// Reads the examples in the shape `asked` (height × width × channels for images).
pub(crate) fn reshape(raw: &mut Raw, asked: &[usize]) -> Result<(), DataError> {
    let shown = asked
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let elements = raw.shape.elements();
    let total = asked
        .iter()
        .try_fold(1usize, |product, &dim| product.checked_mul(dim));
    let fits = !asked.is_empty() && total == Some(elements);
    let Some(shape) = shape_of(asked).filter(|_| fits) else {
        return Err(DataError::new(
            DataErrorKind::Mismatch,
            format!(
                "`shape = [{shown}]` does not fit examples of {} ({elements} numbers)",
                raw.shape
            ),
        )
        .help("a shape is [features], [steps, features] or [height, width, channels]"));
    };
    match (raw.shape, shape) {
        // Tables and arrays have the channels of a pixel together.
        (
            Shape::Flat(_) | Shape::Sequence { .. },
            Shape::Image {
                channels,
                height,
                width,
            },
        ) => {
            to_planes(&mut raw.inputs, height * width, channels);
        }
        (Shape::Image { .. }, Shape::Image { .. }) if raw.shape != shape => {
            return Err(DataError::new(
                DataErrorKind::Mismatch,
                format!("`shape = [{shown}]` does not fit images of {}", raw.shape),
            )
            .help("images are described as [height, width, channels]"));
        }
        _ => {}
    }
    raw.shape = shape;
    Ok(())
}

/// Pixels × channels → channels × pixels, in each example.
pub(crate) fn to_planes(numbers: &mut Numbers, pixels: usize, channels: usize) {
    fn swap<T: Copy>(values: &mut [T], pixels: usize, channels: usize) {
        for example in values.chunks_exact_mut(pixels * channels) {
            let old = example.to_vec();
            for (at, value) in example.iter_mut().enumerate() {
                *value = old[at % pixels * channels + at / pixels];
            }
        }
    }
    if channels < 2 {
        return;
    }
    match numbers {
        Numbers::U8(values) => swap(values, pixels, channels),
        Numbers::F32(values) => swap(values, pixels, channels),
        Numbers::F64(values) => swap(values, pixels, channels),
    }
}
