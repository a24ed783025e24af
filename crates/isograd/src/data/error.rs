//! What can go wrong between a file and a data set.

use std::fmt;
use std::path::{Path, PathBuf};

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataErrorKind {
    /// A file or folder is not there.
    NotFound,
    /// The system could not read the file.
    Io,
    /// The bytes are not those of the format.
    Format,
    /// The file ends too early.
    Truncated,
    /// There is more in the file than its header says.
    Trailing,
    /// There are no rows.
    Empty,
    /// More than this program reads.
    TooLarge,
    /// A cell or a value that cannot be used.
    Value,
    /// A label that no output stands for.
    Label,
    /// Two files, or a file and the description, do not fit together.
    Mismatch,
    /// The description asks for something that the source does not have.
    Description,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Bytes from the start (of the unpacked content, for gzip), counted from 0.
    Byte(u64),
    /// A line, counted from 1.
    Line(u64),
    /// A line and a column of the table, both counted from 1.
    Cell {
        /// Line.
        line: u64,
        /// Column.
        column: usize,
    },
    /// A row (example), counted from 0.
    Row(u64),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(byte) => write!(f, "byte {byte}"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Cell { line, column } => write!(f, "line {line}, column {column}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// Data that could not be read, with the place and what would be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: DataErrorKind,
    file: Option<PathBuf>,
    position: Option<Position>,
    message: String,
    help: Option<String>,
}

impl DataError {
    pub(crate) fn new(kind: DataErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            file: None,
            position: None,
            message: message.into(),
            help: None,
        }))
    }

    pub(crate) fn file(mut self, file: &Path) -> Self {
        self.0.file = Some(file.to_owned());
        self
    }

    pub(crate) fn at(mut self, position: Position) -> Self {
        self.0.position = Some(position);
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> DataErrorKind {
        self.0.kind
    }

    /// The file, if it is about one.
    pub fn path(&self) -> Option<&Path> {
        self.0.file.as_deref()
    }

    /// The place in the file, if it has one.
    pub fn position(&self) -> Option<Position> {
        self.0.position
    }

    /// What is wrong, without file and place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.0.file {
            write!(f, "{}: ", file.display())?;
        }
        if let Some(position) = &self.0.position {
            write!(f, "{position}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for DataError {}

/// Text from a file, fit to be shown: one line, at most 40 characters.
pub(crate) fn excerpt(text: &str) -> String {
    const LIMIT: usize = 40;
    let mut shown: String = text
        .chars()
        .take(LIMIT)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(LIMIT).is_some() {
        shown.push('…');
    }
    shown
}

/// "1 row", "2 rows".
pub(crate) fn count(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}
