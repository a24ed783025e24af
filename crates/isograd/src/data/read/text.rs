//! Plain text, cut into windows of characters, one-hot or as their place in the alphabet; the target
//! is the character after the window, or after every position of it.

use crate::data::part::Facts;
use std::collections::BTreeSet;

use isograd_core::describe::Shape;
use isograd_core::describe::data::{Encoding, Predict, TextOptions};

use crate::data::bytes::{MAX_BYTES, Source};
use crate::data::error::{DataError, DataErrorKind, Position, count};
use crate::data::raw::{Numbers, Origin, Raw, RawTargets};

/// How text is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    /// Characters a window.
    pub(crate) length: usize,
    /// Characters from the start of a window to the start of the next.
    pub(crate) stride: usize,
    /// Which characters are targets.
    pub(crate) predict: Predict,
    /// How a character is written.
    pub(crate) encoding: Encoding,
}

impl Windows {
    /// What is asked for, else this length; the stride follows a length that is asked for.
    pub(crate) fn new(options: &TextOptions, length: usize, stride: usize) -> Self {
        let stride = options.length.unwrap_or(stride);
        Self {
            length: options.length.unwrap_or(length),
            stride: options.stride.unwrap_or(stride),
            predict: options.predict,
            encoding: options.encoding,
        }
    }
}

/// All characters of a file, which must be UTF-8.
pub(crate) fn characters(source: &mut Source) -> Result<Vec<char>, DataError> {
    let bytes = source.up_to(u64::MAX)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.chars().collect()),
        Err(error) => {
            let at = error.utf8_error().valid_up_to() as u64;
            Err(
                DataError::new(DataErrorKind::Format, "this is no UTF-8 text")
                    .file(source.path())
                    .at(Position::Byte(at))
                    .help("convert it, for instance with `iconv -t utf-8`"),
            )
        }
    }
}

/// The different characters in the order of their code points.
pub(crate) fn alphabet(text: &[char]) -> Vec<char> {
    text.iter()
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// Cuts `text` into windows over `alphabet`.
pub(crate) fn windows(
    source: &Source,
    text: &[char],
    alphabet: &[char],
    windows: Windows,
    limit: Option<usize>,
) -> Result<Raw, DataError> {
    let Windows {
        length,
        stride,
        predict,
        encoding,
    } = windows;
    let all = text
        .len()
        .checked_sub(length.saturating_add(1))
        .map_or(0, |last| last / stride.max(1) + 1);
    if all == 0 || length == 0 {
        return Err(DataError::new(
            DataErrorKind::Empty,
            format!(
                "{} are not enough for a window of {length} and the one after it",
                count(text.len(), "character")
            ),
        )
        .file(source.path())
        .help("take a shorter `length`"));
    }
    let number = limit.map_or(all, |limit| all.min(limit));
    let features = match encoding {
        Encoding::OneHot => alphabet.len(),
        Encoding::Index => 1,
    };
    let elements = length as u64 * features as u64;
    if (number as u64).saturating_mul(elements) > MAX_BYTES {
        return Err(DataError::new(
            DataErrorKind::TooLarge,
            format!("{number} windows of {length} × {features} numbers are too many"),
        )
        .file(source.path())
        .help("take fewer with `first`"));
    }
    let mut class = Vec::with_capacity(text.len());
    for (at, character) in text.iter().enumerate() {
        class.push(alphabet.binary_search(character).map_err(|_| {
            let line = text[..at].iter().filter(|&&c| c == '\n').count() as u64 + 1;
            DataError::new(
                DataErrorKind::Label,
                format!("the character {character:?} does not occur in the training text"),
            )
            .file(source.path())
            .at(Position::Line(line))
        })?);
    }
    let window = |number: usize| &class[number * stride..][..=length];
    let inputs = match encoding {
        Encoding::OneHot => {
            let mut inputs = vec![0u8; number * length * features];
            for (number, example) in inputs.chunks_exact_mut(length * features).enumerate() {
                for (step, &class) in example.chunks_exact_mut(features).zip(window(number)) {
                    step[class] = 1;
                }
            }
            Numbers::U8(inputs)
        }
        Encoding::Index => Numbers::F32(
            (0..number)
                .flat_map(|number| &window(number)[..length])
                .map(|&class| class as f32)
                .collect(),
        ),
    };
    let first = match predict {
        Predict::Last => length,
        Predict::Every => 1,
    };
    let targets = (0..number).flat_map(|number| &window(number)[first..]);
    Ok(Raw {
        inputs,
        shape: Shape::Sequence {
            steps: length,
            features,
        },
        targets: Some(RawTargets::Numbers {
            values: targets.map(|&class| class as f64).collect(),
            width: length + 1 - first,
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
    fn windows_are_followed_by_their_targets() {
        let mut source = Source::from_bytes("x.txt", "abcabca".into());
        let text = characters(&mut source).unwrap();
        let known = alphabet(&text);
        let cut = Windows {
            length: 2,
            stride: 2,
            predict: Predict::Last,
            encoding: Encoding::OneHot,
        };
        let raw = windows(&source, &text, &known, cut, None).unwrap();
        // ab→c, ca→b, bc→a
        assert_eq!(
            raw.inputs,
            Numbers::U8(vec![1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1])
        );
        let Some(RawTargets::Numbers { values, .. }) = raw.targets else {
            panic!()
        };
        assert_eq!(values, [2.0, 1.0, 0.0]);
    }

    #[test]
    fn every_position_is_followed_by_its_target() {
        let mut source = Source::from_bytes("x.txt", "abcabca".into());
        let text = characters(&mut source).unwrap();
        let known = alphabet(&text);
        let cut = Windows {
            length: 3,
            stride: 3,
            predict: Predict::Every,
            encoding: Encoding::Index,
        };
        let raw = windows(&source, &text, &known, cut, None).unwrap();
        // abc→bca, abc→bca
        assert_eq!(raw.inputs, Numbers::F32(vec![0.0, 1.0, 2.0, 0.0, 1.0, 2.0]));
        let Some(RawTargets::Numbers { values, width, .. }) = raw.targets else {
            panic!()
        };
        assert_eq!((values, width), (vec![1.0, 2.0, 0.0, 1.0, 2.0, 0.0], 3));
    }
}
