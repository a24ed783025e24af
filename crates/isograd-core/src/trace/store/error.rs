//! What can be wrong with a trace on disk.

use std::io;
use std::path::PathBuf;

/// Why a trace could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The system refused.
    #[error("{}: {doing}: {source}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What was being done, as in "cannot read the segment".
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The header is not one.
    #[error("{}: this is not the header of a trace: {what}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The folder was written by a newer isograd.
    #[error(
        "{}: the trace has format version {found}, and this isograd reads up to {known}",
        path.display()
    )]
    Version {
        /// The header.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// A segment holds something that this library does not write.
    #[error("{}: byte {offset}: {what}", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where the message begins that cannot be read.
        offset: usize,
        /// What is wrong with it.
        what: String,
    },
    /// A line of the validations cannot be read.
    #[error("{}:{line}: this is not a validation: {what}", path.display())]
    Validation {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// A record does not fit the sites that the trace was opened with.
    #[error("step {step}: the record has {rows} rows, and the trace {sites} sites")]
    Rows {
        /// Step of the record.
        step: u64,
        /// Rows it has.
        rows: usize,
        /// Sites there are.
        sites: usize,
    },
}

impl TraceError {
    pub(super) fn io(
        path: impl Into<PathBuf>,
        doing: &'static str,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            path,
            doing,
            source,
        }
    }
}
