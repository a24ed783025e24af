//! The writer of traces.

use super::{FORMAT, FORMAT_VERSION, HEADER, Header, TraceError, VALIDATIONS, segment_name, table};
use crate::trace::record::{Record, Site, Validation};
use arrow_ipc::MetadataVersion;
use arrow_ipc::writer::{IpcWriteOptions, StreamEncoder};
use arrow_schema::{ArrowError, Schema};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Records of the network alone that wait for a batch; the rest of a batch costs more bytes than
/// they do, and a crash loses no more than these.
pub const PENDING: usize = 64;

/// Alignment of the columns in a batch; eight bytes are what the numbers themselves need.
const ALIGNMENT: usize = 8;

/// Writes a trace into a folder, record by record.
pub struct TraceWriter {
    dir: PathBuf,
    sites: Vec<Site>,
    schema: Arc<Schema>,
    pending: Vec<Record>,
    open: Option<Segment>,
    segments: usize,
    validations: File,
}

struct Segment {
    path: PathBuf,
    file: File,
    encoder: StreamEncoder,
}

impl TraceWriter {
    /// Makes the folder `dir` (`trace/` of a run) and begins a trace in it. The folder may exist, but
    /// a trace that lies in it already is refused.
    pub fn create(dir: &Path, sites: &[Site]) -> Result<Self, TraceError> {
        fs::create_dir_all(dir).map_err(TraceError::io(dir, "cannot make the folder"))?;
        let header = Header {
            format: FORMAT.into(),
            version: FORMAT_VERSION,
            sites: sites.to_vec(),
            columns: table::columns(),
        };
        let path = dir.join(HEADER);
        let doing = "cannot write the header of the trace";
        let mut file = File::create_new(&path).map_err(TraceError::io(&path, doing))?;
        serde_json::to_vec_pretty(&header)
            .map_err(io::Error::from)
            .and_then(|mut text| {
                text.push(b'\n');
                file.write_all(&text)
            })
            .and_then(|()| file.sync_all())
            .map_err(TraceError::io(&path, doing))?;
        let path = dir.join(VALIDATIONS);
        let validations = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(TraceError::io(&path, "cannot write the validations"))?;
        Ok(Self {
            dir: dir.to_owned(),
            sites: sites.to_vec(),
            schema: Arc::new(table::schema()),
            pending: Vec::new(),
            open: None,
            segments: 0,
            validations,
        })
    }

    /// Adds a record. One with rows is handed to the system at once, with those of the network alone
    /// that waited for it.
    pub fn write(&mut self, record: &Record) -> Result<(), TraceError> {
        let (rows, sites) = (record.rows.len(), self.sites.len());
        if rows != 0 && rows != sites {
            return Err(TraceError::Rows {
                step: record.step,
                rows,
                sites,
            });
        }
        self.pending.push(record.clone());
        if rows > 0 || self.pending.len() >= PENDING {
            self.write_pending()?;
        }
        Ok(())
    }

    /// Adds a validation; handed to the system at once.
    pub fn validation(&mut self, validation: &Validation) -> Result<(), TraceError> {
        let path = self.dir.join(VALIDATIONS);
        serde_json::to_vec(validation)
            .map_err(io::Error::from)
            .and_then(|mut line| {
                line.push(b'\n');
                self.validations.write_all(&line)
            })
            .map_err(TraceError::io(path, "cannot write the validations"))
    }

    /// Hands everything to the system.
    pub fn flush(&mut self) -> Result<(), TraceError> {
        self.write_pending()
    }

    /// Ends the segment on disk, at a checkpoint or at the end; the next record begins a new one.
    pub fn close_segment(&mut self) -> Result<(), TraceError> {
        self.write_pending()?;
        if let Some(mut segment) = self.open.take() {
            let tail = segment.encoder.finish().map_err(arrow_error);
            tail.and_then(|buffers| buffers.iter().try_for_each(|b| segment.file.write_all(b)))
                .and_then(|()| segment.file.sync_all())
                .map_err(TraceError::io(segment.path, WRITE_SEGMENT))?;
        }
        let path = self.dir.join(VALIDATIONS);
        self.validations
            .sync_all()
            .map_err(TraceError::io(path, "cannot write the validations"))
    }

    fn write_pending(&mut self) -> Result<(), TraceError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let segment = match &mut self.open {
            Some(segment) => segment,
            none => none.insert(Segment::create(
                &self.dir,
                &mut self.segments,
                &self.schema,
            )?),
        };
        let batch = table::batch(&self.schema, &self.sites, &self.pending);
        let bytes = batch
            .and_then(|b| segment.encoder.encode(&b))
            .map(|buffers| {
                // One write a batch: a reader sees all of it or, after a crash, a part it can tell.
                buffers.iter().fold(Vec::new(), |mut bytes, buffer| {
                    bytes.extend_from_slice(buffer);
                    bytes
                })
            });
        bytes
            .map_err(arrow_error)
            .and_then(|b| segment.file.write_all(&b))
            .map_err(TraceError::io(&segment.path, WRITE_SEGMENT))?;
        self.pending.clear();
        Ok(())
    }
}

impl Drop for TraceWriter {
    /// What waits is written when a training ends early; an error here was met by nobody who could
    /// still act on it.
    fn drop(&mut self) {
        let _ = self.close_segment();
    }
}

const WRITE_SEGMENT: &str = "cannot write the segment of the trace";

impl Segment {
    fn create(dir: &Path, number: &mut usize, schema: &Schema) -> Result<Self, TraceError> {
        let path = dir.join(segment_name(*number));
        let file = File::create_new(&path).map_err(TraceError::io(&path, WRITE_SEGMENT))?;
        let encoder = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5)
            .and_then(|options| StreamEncoder::try_new_with_options(schema, options))
            .map_err(arrow_error)
            .map_err(TraceError::io(&path, WRITE_SEGMENT))?;
        *number += 1;
        Ok(Self {
            path,
            file,
            encoder,
        })
    }
}

fn arrow_error(error: ArrowError) -> io::Error {
    io::Error::other(error)
}
