//! The data room from the outside: descriptions of data to data.
#![allow(clippy::unwrap_used)]

mod bad;
mod computes;
mod formats;
mod fuzz;
mod real;
mod rules;

use std::path::{Path, PathBuf};

use isograd::data::{Data, DataError, load};
use isograd_core::describe::data::{
    CsvOptions, DataSpec, Generated, HeldOut, PartSpec, Scale, Source, TargetScale, TextOptions,
};
use isograd_core::describe::train::LossKind;

/// A folder with files in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn load(&self, spec: &DataSpec) -> Result<Data, DataError> {
        load(spec, self.path(), Some(self.path()), 1, None)
    }

    fn load_for(&self, spec: &DataSpec, loss: LossKind) -> Result<Data, DataError> {
        load(spec, self.path(), Some(self.path()), 1, Some(loss))
    }
}

/// A description of data with the defaults and this source.
fn spec(source: Source, train: &str) -> DataSpec {
    DataSpec {
        source,
        train: file(train),
        valid: HeldOut::None,
        test: HeldOut::None,
        target: None,
        outputs: None,
        shape: None,
        scale: Scale::None,
        target_scale: TargetScale::None,
        augment: Vec::new(),
        shuffle: true,
        label_noise: 0.0,
    }
}

/// A part with this file, or without one for the empty name.
fn file(name: &str) -> PartSpec {
    PartSpec {
        file: (!name.is_empty()).then(|| PathBuf::from(name)),
        ..PartSpec::default()
    }
}

fn csv() -> CsvOptions {
    CsvOptions {
        header: None,
        target: Vec::new(),
        categorical: Vec::new(),
        drop: Vec::new(),
    }
}

fn csv_spec(train: &str) -> DataSpec {
    spec(Source::Csv(csv()), train)
}

/// A text in windows of this length.
fn windows(length: usize) -> Source {
    Source::Text(TextOptions {
        length: Some(length),
        ..TextOptions::default()
    })
}

fn generated(samples: usize) -> Generated {
    Generated {
        samples,
        noise: 0.1,
        least_noise: None,
        classes: 3,
        length: 10,
        least_length: None,
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// IDX bytes of u8.
fn idx(dims: &[u32], numbers: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    for dim in dims {
        bytes.extend(dim.to_be_bytes());
    }
    bytes.extend(numbers);
    bytes
}

/// An NPY file, version 1.0.
fn npy_bytes(header: &str, numbers: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(numbers);
    bytes
}
