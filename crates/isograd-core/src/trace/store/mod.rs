//! Traces on disk.
//!
//! A trace is a folder:
//!
//! | file | holds |
//! | --- | --- |
//! | `header.json` | the format's version, the sites in order, the names of the columns |
//! | `segment-00000.arrows` … | records, as segments of the Arrow IPC *stream* format |
//! | `validations.jsonl` | one [`super::Validation`] a line |
//!
//! In a segment a record is one row for the whole network (`site` is `network`, the four columns of
//! [`super::Network`] are filled) and, where the sites were measured, one row a site behind it. A
//! batch ends with a record that has sites; records of the network alone wait for it, at most
//! [`write::PENDING`] of them. So a file may be read while it grows and after a crash: the reader
//! stops at the last whole batch.

mod error;
mod frame;
mod read;
mod scribe;
mod table;
mod write;

#[cfg(test)]
mod tests;

pub use error::TraceError;
pub use read::TraceReader;
pub use scribe::Scribe;
pub use write::{PENDING, TraceWriter};

use super::record::Site;
use serde::{Deserialize, Serialize};

/// Version of the folder's layout; a reader refuses newer ones.
pub const FORMAT_VERSION: u32 = 1;

const HEADER: &str = "header.json";
const VALIDATIONS: &str = "validations.jsonl";

/// What `header.json` holds.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    sites: Vec<Site>,
    columns: Vec<String>,
}

/// The word in a header that says what the folder is.
const FORMAT: &str = "isograd trace";

fn segment_name(number: usize) -> String {
    format!("segment-{number:05}.arrows")
}
