//! The reader of traces.

use super::frame::{Frames, Next};
use super::{FORMAT, FORMAT_VERSION, HEADER, Header, TraceError, VALIDATIONS, segment_name, table};
use crate::trace::record::{Record, Site, Trace, Validation};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Reads traces from disk.
#[derive(Debug)]
pub struct TraceReader;

impl TraceReader {
    /// Reads the trace in the folder `dir`, up to the last whole batch of the last segment and the
    /// last whole line of the validations. Bytes that are missing at the end are no error; bytes
    /// that no writer of ours wrote are.
    pub fn open(dir: &Path) -> Result<Trace, TraceError> {
        let sites = read_header(&dir.join(HEADER))?;
        let mut records = Vec::new();
        for number in 0.. {
            let path = dir.join(segment_name(number));
            match fs::read(&path) {
                Ok(bytes) => {
                    if !segment(&path, &bytes, &sites, &mut records)? {
                        break;
                    }
                }
                Err(e) if e.kind() == ErrorKind::NotFound => break,
                Err(e) => return Err(TraceError::io(path, "cannot read the segment")(e)),
            }
        }
        let validations = read_validations(&dir.join(VALIDATIONS))?;
        Ok(Trace {
            sites,
            records,
            validations,
        })
    }
}

fn read_header(path: &Path) -> Result<Vec<Site>, TraceError> {
    let text = fs::read(path).map_err(TraceError::io(path, "cannot read the header of a trace"))?;
    let wrong = |what: String| TraceError::Header {
        path: path.to_owned(),
        what,
    };
    // The version first: a newer header may have another shape.
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|e| wrong(e.to_string()))?;
    if value.get("format").and_then(|f| f.as_str()) != Some(FORMAT) {
        return Err(wrong(format!("\"format\" is not \"{FORMAT}\"")));
    }
    let version = value.get("version").and_then(serde_json::Value::as_u64);
    let found = version.and_then(|v| u32::try_from(v).ok());
    let found = found.ok_or_else(|| wrong("\"version\" is not a number".into()))?;
    if found > FORMAT_VERSION {
        return Err(TraceError::Version {
            path: path.to_owned(),
            found,
            known: FORMAT_VERSION,
        });
    }
    let header: Header = serde_json::from_value(value).map_err(|e| wrong(e.to_string()))?;
    Ok(header.sites)
}

/// Appends the records of a segment; true where its writer closed it.
pub(super) fn segment(
    path: &Path,
    bytes: &[u8],
    sites: &[Site],
    records: &mut Vec<Record>,
) -> Result<bool, TraceError> {
    let mut frames = Frames::new(bytes);
    loop {
        let offset = frames.offset();
        let damaged = |what: String| TraceError::Damaged {
            path: path.to_owned(),
            offset,
            what,
        };
        match frames.next().map_err(damaged)? {
            Next::Batch(batch) => {
                records.extend(table::records(&batch, sites).map_err(damaged)?);
            }
            Next::Closed => return Ok(true),
            Next::Cut => return Ok(false),
        }
    }
}

fn read_validations(path: &Path) -> Result<Vec<Validation>, TraceError> {
    match fs::read(path) {
        Ok(text) => validations(path, &text),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(TraceError::io(path, "cannot read the validations")(e)),
    }
}

/// The whole lines of a file of validations.
pub(super) fn validations(path: &Path, text: &[u8]) -> Result<Vec<Validation>, TraceError> {
    // What stands behind the last line feed is a line that is still being written.
    let whole = text
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |end| end + 1);
    text[..whole]
        .split_inclusive(|b| *b == b'\n')
        .enumerate()
        .map(|(i, line)| {
            serde_json::from_slice(line).map_err(|e| TraceError::Validation {
                path: path.to_owned(),
                line: i + 1,
                what: e.to_string(),
            })
        })
        .collect()
}
