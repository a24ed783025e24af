//! What a reader or generator hands over: numbers as they are in the file, before any choice of the
//! description is applied.

use std::path::PathBuf;

use isograd_core::describe::Shape;

use super::error::{DataError, DataErrorKind, Position};
use super::part::Facts;

/// Numbers in the type that the file has: bytes stay bytes until they are scaled, and decimals keep
/// the digits that a later subtraction of the mean needs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Numbers {
    /// Bytes.
    U8(Vec<u8>),
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

impl Numbers {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    pub(crate) fn get(&self, index: usize) -> f64 {
        match self {
            Self::U8(values) => f64::from(values[index]),
            Self::F32(values) => f64::from(values[index]),
            Self::F64(values) => values[index],
        }
    }

    /// Appends another file's numbers, widening where the types differ.
    pub(crate) fn append(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::U8(a), Self::U8(b)) => a.extend(b),
            (Self::F32(a), Self::F32(b)) => a.extend(b),
            (_, other) => {
                let mut all: Vec<f64> = (0..self.len()).map(|i| self.get(i)).collect();
                all.extend((0..other.len()).map(|i| other.get(i)));
                *self = Self::F64(all);
            }
        }
    }

    /// The rows of `elements` numbers each with these numbers, in this order.
    pub(crate) fn rows(&self, rows: &[u32], elements: usize) -> Self {
        fn pick<T: Copy>(values: &[T], rows: &[u32], elements: usize) -> Vec<T> {
            let mut picked = Vec::with_capacity(rows.len() * elements);
            for &row in rows {
                picked.extend_from_slice(&values[row as usize * elements..][..elements]);
            }
            picked
        }
        match self {
            Self::U8(values) => Self::U8(pick(values, rows, elements)),
            Self::F32(values) => Self::F32(pick(values, rows, elements)),
            Self::F64(values) => Self::F64(pick(values, rows, elements)),
        }
    }
}

/// Where targets come from, for messages.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Origin {
    /// The file.
    pub(crate) file: Option<PathBuf>,
    /// The line of each row, where the file has lines.
    pub(crate) lines: Option<Vec<u64>>,
}

impl Origin {
    /// An error about the target of a row.
    pub(crate) fn error(&self, row: usize, message: impl Into<String>) -> DataError {
        let mut error = DataError::new(DataErrorKind::Label, message);
        if let Some(file) = &self.file {
            error = error.file(file);
        }
        match &self.lines {
            Some(lines) => error.at(Position::Line(lines[row])),
            None => error.at(Position::Row(row as u64)),
        }
    }

    pub(crate) fn rows(&self, rows: &[u32]) -> Self {
        Self {
            file: self.file.clone(),
            lines: self
                .lines
                .as_ref()
                .map(|lines| rows.iter().map(|&row| lines[row as usize]).collect()),
        }
    }
}

/// Targets as they are in the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RawTargets {
    /// Numbers, `width` an example.
    Numbers {
        /// Examples × width.
        values: Vec<f64>,
        /// Numbers an example.
        width: usize,
        /// Where they come from.
        origin: Origin,
    },
    /// One word an example; `None` where the cell is empty.
    Words {
        /// The word of each row.
        words: Vec<Option<String>>,
        /// Where they come from.
        origin: Origin,
    },
}

impl RawTargets {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Numbers { values, width, .. } => values.len() / width.max(&1),
            Self::Words { words, .. } => words.len(),
        }
    }

    pub(crate) fn origin(&self) -> &Origin {
        match self {
            Self::Numbers { origin, .. } | Self::Words { origin, .. } => origin,
        }
    }

    pub(crate) fn rows(&self, rows: &[u32]) -> Self {
        match self {
            Self::Numbers {
                values,
                width,
                origin,
            } => {
                let mut picked = Vec::with_capacity(rows.len() * width);
                for &row in rows {
                    picked.extend_from_slice(&values[row as usize * width..][..*width]);
                }
                Self::Numbers {
                    values: picked,
                    width: *width,
                    origin: origin.rows(rows),
                }
            }
            Self::Words { words, origin } => Self::Words {
                words: rows
                    .iter()
                    .map(|&row| words[row as usize].clone())
                    .collect(),
                origin: origin.rows(rows),
            },
        }
    }
}

/// A column of a table that holds categories: numbers in [`Raw::inputs`] are positions in `words`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Categories {
    /// The column among the inputs.
    pub(crate) column: usize,
    /// The words in the order of their first appearance.
    pub(crate) words: Vec<String>,
}

/// Rows as a reader or generator hands them over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Raw {
    /// Examples × elements, images channels first.
    pub(crate) inputs: Numbers,
    /// Shape of one example.
    pub(crate) shape: Shape,
    /// Targets, if the file has them.
    pub(crate) targets: Option<RawTargets>,
    /// Names of the columns, where there are any.
    pub(crate) names: Vec<String>,
    /// Columns that hold categories.
    pub(crate) categories: Vec<Categories>,
    /// Remarks for the reader of a report.
    pub(crate) notes: Vec<String>,
    /// What else is known of the rows.
    pub(crate) facts: Facts,
}

impl Raw {
    /// Number of examples.
    pub(crate) fn len(&self) -> usize {
        self.inputs.len() / self.shape.elements().max(1)
    }

    /// These rows, in this order.
    pub(crate) fn rows(&self, rows: &[u32]) -> Self {
        Self {
            inputs: self.inputs.rows(rows, self.shape.elements()),
            shape: self.shape,
            targets: self.targets.as_ref().map(|targets| targets.rows(rows)),
            names: self.names.clone(),
            categories: self.categories.clone(),
            notes: self.notes.clone(),
            facts: self.facts.subset(rows),
        }
    }

    /// Appends the rows of another file with the same columns.
    pub(crate) fn append(&mut self, other: Self) {
        self.inputs.append(other.inputs);
        self.notes.extend(other.notes);
        match (&mut self.targets, other.targets) {
            (
                Some(RawTargets::Numbers { values, origin, .. }),
                Some(RawTargets::Numbers { values: more, .. }),
            ) => {
                values.extend(more);
                *origin = Origin::default();
            }
            (
                Some(RawTargets::Words { words, origin }),
                Some(RawTargets::Words { words: more, .. }),
            ) => {
                words.extend(more);
                *origin = Origin::default();
            }
            (targets, _) => *targets = None,
        }
    }
}
