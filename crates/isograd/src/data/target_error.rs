//! What is said of targets that cannot be used.

use super::error::{DataError, DataErrorKind, excerpt};
use super::raw::Origin;
use super::target::MAX_CLASS;

pub(super) fn missing(origin: &Origin, row: usize) -> DataError {
    origin
        .error(row, "the label is missing")
        .help("a class cannot be left open: remove the row, or use `target = \"real\"`")
}

pub(super) fn not_a_class(origin: &Origin, row: usize, value: f64) -> DataError {
    origin
        .error(row, format!("the label {value} is not a class number"))
        .help(format!(
            "classes are whole numbers from 0 to {MAX_CLASS}; say `target = \"real\"` for a regression"
        ))
}

pub(super) fn mismatch(origin: &Origin, message: impl Into<String>) -> DataError {
    let error = DataError::new(DataErrorKind::Mismatch, message);
    match &origin.file {
        Some(file) => error.file(file),
        None => error,
    }
}

/// The first few words of a list.
pub(super) fn list(words: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = words
        .iter()
        .take(SHOWN)
        .map(|word| excerpt(word))
        .collect::<Vec<_>>()
        .join(", ");
    if words.len() > SHOWN {
        text += ", …";
    }
    text
}
