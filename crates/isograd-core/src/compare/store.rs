//! The folder in which finished runs are kept, one file each.

use super::record::RunRecord;
use crate::describe::Description;
use crate::trace::RunError;
use crate::trace::run::write_whole;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// Folder of the runs.
const RUNS: &str = "runs";
/// The grid as it was read, in the folder; a name that nobody gives to a grid of his own.
pub const GRID: &str = "compared.toml";

/// What a run is of; its record says by which build of the program it was made.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The description with every change.
    pub description: &'a Description,
    /// Seed of the run.
    pub seed: u64,
    /// Hash of the data.
    pub data: &'a str,
    /// Steps between evaluations of the validation part.
    pub every: Option<u64>,
    /// Threads that computed it: sums depend on their number.
    pub threads: usize,
}

/// The key of a run: all that its result depends on beside the program. 32 hexadecimal digits. Name of the description, comments and layout do not
/// matter, nor do paths of files, whose content is in the hash of the data.
pub fn key(of: &Identity<'_>) -> String {
    let d = of.description;
    let mut hash = Sha256::new();
    let parts = [
        // Every default is written out in these types.
        format!("{:?}", (&d.network, &d.train)),
        format!("{:?}", (&d.data.augment, d.data.shuffle, d.seed)),
        format!("{:?}", (of.seed, of.data, of.every, of.threads)),
    ];
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

/// The first 32 hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('?');
    let both = |b: &u8| [digit(b >> 4), digit(b & 15)];
    bytes.iter().take(16).flat_map(both).collect()
}

/// Finished runs on disk.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store in this folder, which need not exist.
    pub fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder is free, or holds a comparison already.
    pub fn is_usable(&self) -> bool {
        match fs::read_dir(&self.folder) {
            Ok(mut entries) => {
                entries.next().is_none()
                    || self.folder.join(GRID).is_file() && self.folder.join(RUNS).is_dir()
            }
            Err(_) => self.folder.symlink_metadata().is_err(),
        }
    }

    /// Makes the folder and keeps the grid's text in it.
    pub fn begin(&self, grid: &str) -> Result<(), RunError> {
        let runs = self.folder.join(RUNS);
        fs::create_dir_all(&runs).map_err(|source| RunError::Io {
            path: runs.clone(),
            doing: "cannot make the folder",
            source,
        })?;
        self.write(GRID, grid.as_bytes())
    }

    /// Writes a file beside the runs, whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        write_whole(&self.folder.join(name), bytes)
    }

    fn file(&self, key: &str) -> PathBuf {
        self.folder.join(RUNS).join(format!("{key}.json"))
    }

    /// The run of this key, if it is there and whole. A file that cannot be read as what it should
    /// be counts as absent: the run is made again.
    pub fn find(&self, key: &str) -> Option<RunRecord> {
        let bytes = fs::read(self.file(key)).ok()?;
        let record: RunRecord = serde_json::from_slice(&bytes).ok()?;
        (record.key == key).then_some(record)
    }

    /// Keeps a finished run; when this returns it is on the disk.
    pub fn keep(&self, record: &RunRecord) -> Result<(), RunError> {
        let json = serde_json::to_vec(record).unwrap_or_default();
        write_whole(&self.file(&record.key), &json)
    }
}

/// Hash of data.
#[derive(Clone, Debug, Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds a text.
    pub fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    /// Adds numbers, by their bits.
    pub fn floats(&mut self, values: &[f32]) {
        self.words(values.len(), values.iter().map(|v| v.to_bits()));
    }

    /// Adds integers.
    pub fn integers(&mut self, values: &[u32]) {
        self.words(values.len(), values.iter().copied());
    }

    fn words(&mut self, count: usize, words: impl Iterator<Item = u32>) {
        const AT_A_TIME: usize = 1 << 14;
        self.0.update((count as u64).to_le_bytes());
        let mut bytes = Vec::with_capacity(4 * AT_A_TIME);
        for word in words {
            bytes.extend_from_slice(&word.to_le_bytes());
            if bytes.len() == 4 * AT_A_TIME {
                self.0.update(&bytes);
                bytes.clear();
            }
        }
        self.0.update(&bytes);
    }

    /// The hash as text.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}
