//! CIFAR-10's binary format (Krizhevsky 2009): records of a label byte and 3,072 bytes, the red,
//! green and blue plane of 32×32 pixels one after the other.

use crate::data::part::Facts;
use isograd_core::describe::Shape;

use crate::data::bytes::Source;
use crate::data::error::{DataError, DataErrorKind, Position};
use crate::data::raw::{Numbers, Origin, Raw, RawTargets};

const PIXELS: usize = 3 * 32 * 32;
/// Labels are 0 to 9; a larger first byte says that this is another file.
const CLASSES: u8 = 10;

/// Reads the first `limit` records, or all.
pub(crate) fn read(source: &mut Source, limit: Option<usize>) -> Result<Raw, DataError> {
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    while limit.is_none_or(|limit| labels.len() < limit) {
        let start = source.position();
        let record = source.up_to(PIXELS as u64 + 1)?;
        let Some((&label, image)) = record.split_first() else {
            break;
        };
        let place = |error: DataError| error.file(source.path()).at(Position::Byte(start));
        if label >= CLASSES {
            let message = format!("the label of image {} is {label}", labels.len());
            return Err(place(DataError::new(DataErrorKind::Format, message))
                .help("CIFAR-10 has labels 0 to 9: is this a CIFAR binary file?"));
        }
        if image.len() != PIXELS {
            let message = format!(
                "image {} has {} of {PIXELS} bytes",
                labels.len(),
                image.len()
            );
            return Err(place(DataError::new(DataErrorKind::Truncated, message))
                .help("a CIFAR binary file is a whole number of records of 3,073 bytes"));
        }
        labels.push(f64::from(label));
        pixels.extend_from_slice(image);
    }
    if labels.is_empty() {
        return Err(source.error(DataErrorKind::Empty, "there are no images in it"));
    }
    Ok(Raw {
        inputs: Numbers::U8(pixels),
        shape: Shape::Image {
            channels: 3,
            height: 32,
            width: 32,
        },
        targets: Some(RawTargets::Numbers {
            values: labels,
            width: 1,
            origin: Origin {
                file: Some(source.path().to_owned()),
                lines: None,
            },
        }),
        names: Vec::new(),
        categories: Vec::new(),
        facts: Facts::default(),
        notes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn records_are_read_as_planes() {
        let mut bytes = Vec::new();
        for label in [3u8, 9] {
            bytes.push(label);
            for channel in 0..3u8 {
                bytes.extend([label * 10 + channel; 1024]);
            }
        }
        let mut source = Source::from_bytes("x.bin", bytes);
        let raw = read(&mut source, None).unwrap();
        assert_eq!(raw.len(), 2);
        assert_eq!(
            [
                raw.inputs.get(0),
                raw.inputs.get(1024),
                raw.inputs.get(2 * 3072 - 1)
            ],
            [30.0, 31.0, 92.0]
        );
        assert_eq!(raw.targets.unwrap().rows(&[1]).len(), 1);
    }
}
