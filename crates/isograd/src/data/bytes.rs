//! Files, plain or gzip, read without trusting what they say about their size.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::error::{DataError, DataErrorKind, Position};

/// Most bytes read from one file after unpacking: 4 GiB, above any set that a CPU trains on.
pub(crate) const MAX_BYTES: u64 = 4 << 30;

/// Most that a byte of DEFLATE can stand for: a match of 258 bytes takes at least 2 bits
/// (RFC 1951 §3.2.5), so 1,032 bytes.
const MAX_DEFLATE_RATIO: u64 = 1032;

/// Longest line of a text table: a file that packs 4 GiB into one line is no table.
const MAX_LINE: u64 = 64 << 20;

/// What to do about a file that is too short.
const CUT_OFF: &str = "the file was cut off, or its header is wrong: get it anew";

/// How a content error travels through the `io::Read` interface.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct TooMuch {
    message: &'static str,
}

/// A file opened for reading, unpacked if it is gzip.
pub(crate) struct Source {
    path: PathBuf,
    reader: Box<dyn Read>,
    /// Most bytes that there can be from here on.
    at_most: u64,
    position: u64,
    limit: u64,
    /// Bytes since the last newline; counted only where lines matter.
    line: Option<u64>,
}

impl Source {
    /// Opens `path`; gzip is recognised by its first two bytes.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => {
                let nearest = path
                    .ancestors()
                    .skip(1)
                    .find(|folder| folder.is_dir())
                    .filter(|folder| !folder.as_os_str().is_empty());
                let error = DataError::new(DataErrorKind::NotFound, "no such file").file(path);
                match nearest {
                    Some(folder) if path.parent() != Some(folder) => {
                        error.help(format!("the folder {} is there", folder.display()))
                    }
                    _ => error.help("paths are relative to the folder of the description"),
                }
            }
            _ => DataError::new(DataErrorKind::Io, format!("cannot read it: {error}")).file(path),
        };
        let file = File::open(path).map_err(failed)?;
        let meta = file.metadata().map_err(failed)?;
        if meta.is_dir() {
            return Err(
                DataError::new(DataErrorKind::Format, "this is a folder, not a file").file(path),
            );
        }
        let mut buffered = BufReader::with_capacity(1 << 16, file);
        let gzip = buffered
            .fill_buf()
            .map_err(failed)?
            .starts_with(&[0x1f, 0x8b]);
        let (reader, at_most): (Box<dyn Read>, u64) = if gzip {
            let at_most = meta.len().saturating_mul(MAX_DEFLATE_RATIO);
            (Box::new(MultiGzDecoder::new(buffered)), at_most)
        } else {
            (Box::new(buffered), meta.len())
        };
        Ok(Self {
            path: path.to_owned(),
            reader,
            at_most,
            position: 0,
            limit: MAX_BYTES,
            line: None,
        })
    }

    /// Bytes in memory as if they were a file called `path`.
    #[cfg(test)]
    pub(crate) fn from_bytes(path: &str, bytes: Vec<u8>) -> Self {
        let length = bytes.len() as u64;
        let (reader, at_most): (Box<dyn Read>, u64) = if bytes.starts_with(&[0x1f, 0x8b]) {
            let unpacked = MultiGzDecoder::new(io::Cursor::new(bytes));
            (Box::new(unpacked), length * MAX_DEFLATE_RATIO)
        } else {
            (Box::new(io::Cursor::new(bytes)), length)
        };
        Self {
            path: path.into(),
            reader,
            at_most,
            position: 0,
            limit: MAX_BYTES,
            line: None,
        }
    }

    /// Lowers the limit of bytes.
    #[cfg(test)]
    pub(crate) fn with_limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// Refuses absurdly long lines from here on.
    pub(crate) fn lines(mut self) -> Self {
        self.line = Some(0);
        self
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// An error in this file at the present position.
    pub(crate) fn error(&self, kind: DataErrorKind, message: impl Into<String>) -> DataError {
        DataError::new(kind, message)
            .file(&self.path)
            .at(Position::Byte(self.position))
    }

    /// Fails if `bytes` more cannot be there, whatever is in the file.
    pub(crate) fn expect(&self, bytes: u64, what: &str) -> Result<(), DataError> {
        let at_most = self.at_most.saturating_sub(self.position);
        if bytes > self.limit.saturating_sub(self.position) {
            return Err(self.error(
                DataErrorKind::TooLarge,
                format!(
                    "{what} would take {bytes} bytes; at most {} are read from one file",
                    self.limit
                ),
            ));
        }
        if bytes > at_most {
            return Err(self
                .error(
                    DataErrorKind::Truncated,
                    format!(
                        "{what} would take {bytes} more bytes, but there are at most {at_most}"
                    ),
                )
                .help(CUT_OFF));
        }
        Ok(())
    }

    /// Reads exactly `bytes` bytes, allocating only for what is there.
    pub(crate) fn block(&mut self, bytes: u64, what: &str) -> Result<Vec<u8>, DataError> {
        self.expect(bytes, what)?;
        let start = self.position;
        let content = self.up_to(bytes)?;
        if content.len() as u64 == bytes {
            return Ok(content);
        }
        Err(DataError::new(
            DataErrorKind::Truncated,
            format!(
                "the file ends where {what} ({bytes} bytes) has only {}",
                content.len()
            ),
        )
        .file(&self.path)
        .at(Position::Byte(start)))
    }

    /// Reads `bytes` bytes, or what is left if that is less.
    pub(crate) fn up_to(&mut self, bytes: u64) -> Result<Vec<u8>, DataError> {
        let mut content = Vec::new();
        let read = self.by_ref().take(bytes).read_to_end(&mut content);
        read.map_err(|error| self.broken(&error))?;
        Ok(content)
    }

    /// Fails if anything follows.
    pub(crate) fn finish(&mut self, what: &str) -> Result<(), DataError> {
        let mut byte = [0];
        match self.read(&mut byte) {
            Ok(0) => Ok(()),
            Ok(_) => {
                let position = self.position - 1;
                Err(DataError::new(
                    DataErrorKind::Trailing,
                    format!("there are more bytes after {what}"),
                )
                .file(&self.path)
                .at(Position::Byte(position)))
            }
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// What an error while reading means.
    pub(crate) fn broken(&self, error: &io::Error) -> DataError {
        if let Some(too_much) = error.get_ref().and_then(|e| e.downcast_ref::<TooMuch>()) {
            return self.error(DataErrorKind::TooLarge, too_much.message);
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                let message = "the gzip stream ends too early";
                self.error(DataErrorKind::Truncated, message).help(CUT_OFF)
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => self.error(
                DataErrorKind::Format,
                format!("the gzip stream is damaged: {error}"),
            ),
            _ => self.error(DataErrorKind::Io, format!("cannot read on: {error}")),
        }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.position += read as u64;
        if self.position > self.limit {
            return Err(io::Error::other(TooMuch {
                message: "there is more in this file than is read from one (4 GiB)",
            }));
        }
        if let Some(line) = &mut self.line {
            *line = match buffer[..read].iter().rposition(|&byte| byte == b'\n') {
                Some(at) => (read - at - 1) as u64,
                None => *line + read as u64,
            };
            if *line > MAX_LINE {
                return Err(io::Error::other(TooMuch {
                    message: "a line is longer than 64 MiB: this is no table of text",
                }));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write as _;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn packed_files_of_several_members_are_one() {
        let bytes = [packed(b"abc"), packed(b"def")].concat();
        let mut source = Source::from_bytes("x.gz", bytes);
        assert_eq!(source.block(6, "it").unwrap(), b"abcdef");
        source.finish("it").unwrap();
    }

    #[test]
    fn a_packed_file_may_not_unpack_without_end() {
        let bytes = packed(&vec![b'1'; 100_000]);
        assert!(bytes.len() < 300);
        let mut source = Source::from_bytes("x.gz", bytes).with_limit(20_000);
        let error = source.up_to(u64::MAX).unwrap_err();
        assert_eq!(error.kind(), DataErrorKind::TooLarge);
    }

    #[test]
    fn no_deflate_stream_expands_beyond_the_ratio() {
        // The best case: one byte over and over. An honest file is never refused.
        let bytes = packed(&vec![0; 1 << 22]);
        let most = bytes.len() as u64 * MAX_DEFLATE_RATIO;
        assert!((1 << 22) <= most, "{most}");
        let mut source = Source::from_bytes("x.gz", bytes);
        assert_eq!(source.block(1 << 22, "it").unwrap().len(), 1 << 22);
    }

    #[test]
    fn a_line_may_not_go_on_without_end() {
        let bytes = packed(&vec![b'1'; MAX_LINE as usize + 100_000]);
        let mut source = Source::from_bytes("x.gz", bytes).lines();
        let error = source.up_to(u64::MAX).unwrap_err();
        assert_eq!(error.kind(), DataErrorKind::TooLarge);
        let lines = packed("0123456789\n".repeat(1000).as_bytes());
        let mut source = Source::from_bytes("x.gz", lines).lines();
        assert_eq!(source.up_to(u64::MAX).unwrap().len(), 11_000);
    }
}
