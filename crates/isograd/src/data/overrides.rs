//! Files that choose rows or replace targets.

use std::path::Path;

use isograd_core::describe::data::CsvOptions;

use super::bytes::Source;
use super::error::{DataError, DataErrorKind, count};
use super::raw::{Numbers, Origin, RawTargets};
use super::read::columns::Columns;
use super::read::{Array, csv, idx, npy};

/// Targets from a file of their own.
pub(crate) struct TargetFile {
    pub(crate) targets: RawTargets,
    /// An array (IDX, NPY), which belongs to a file of inputs row by row.
    pub(crate) array: bool,
    /// Whole numbers, as far as the format says so.
    pub(crate) whole: bool,
}

/// Reads labels or targets: IDX, NPY or a table. With `all`, every column of a table counts,
/// otherwise the columns `y`, `y0` …, or the last.
pub(crate) fn targets(path: &Path, all: bool) -> Result<TargetFile, DataError> {
    let head = Source::open(path)?.up_to(8)?;
    let source = Source::open(path)?;
    if idx::is_idx(&head) {
        return from_array(source, idx::read);
    }
    if npy::is_npy(&head) {
        return from_array(source, npy::read);
    }
    let columns = if all { Columns::Targets } else { Columns::Find };
    let (raw, _) = csv::read(source, &options(), columns, None)?;
    let targets = raw
        .targets
        .ok_or_else(|| DataError::new(DataErrorKind::Format, "there are no targets").file(path))?;
    Ok(TargetFile {
        targets,
        array: false,
        whole: false,
    })
}

fn from_array(
    mut source: Source,
    read: fn(&mut Source, Option<usize>) -> Result<Array, DataError>,
) -> Result<TargetFile, DataError> {
    let array = read(&mut source, None)?;
    let origin = Origin {
        file: Some(source.path().to_owned()),
        lines: None,
    };
    let numbers = &array.numbers;
    Ok(TargetFile {
        targets: RawTargets::Numbers {
            values: (0..numbers.len()).map(|i| numbers.get(i)).collect(),
            width: array.width(),
            origin,
        },
        array: true,
        whole: matches!(numbers, Numbers::U8(_)) && array.dims.len() == 1,
    })
}

/// Reads the difficulty of rows: the columns `y`, `y0` …, or the last, of which there may be one.
pub(crate) fn scores(path: &Path, chosen: &[u32], declared: usize) -> Result<Vec<f32>, DataError> {
    let file = targets(path, false)?;
    match matched(&file, path, chosen, declared)? {
        RawTargets::Numbers {
            values, width: 1, ..
        } => Ok(values.iter().map(|&value| value as f32).collect()),
        _ => Err(
            DataError::new(DataErrorKind::Value, "scores are one number for each row").file(path),
        ),
    }
}

/// Reads row numbers: the first column of a table.
pub(crate) fn rows(path: &Path) -> Result<Vec<u32>, DataError> {
    let options = CsvOptions {
        target: vec!["0".to_owned()],
        ..options()
    };
    let (raw, _) = csv::read(Source::open(path)?, &options, Columns::Find, None)?;
    let Some(RawTargets::Numbers { values, origin, .. }) = raw.targets else {
        return Err(
            DataError::new(DataErrorKind::Value, "the first column has no row numbers").file(path),
        );
    };
    values
        .iter()
        .enumerate()
        .map(|(row, &value)| {
            if value.fract() == 0.0 && (0.0..f64::from(u32::MAX)).contains(&value) {
                Ok(value as u32)
            } else {
                Err(origin
                    .error(row, format!("{value} is not a row number"))
                    .help("rows are counted from 0"))
            }
        })
        .collect()
}

fn options() -> CsvOptions {
    CsvOptions {
        header: None,
        target: Vec::new(),
        categorical: Vec::new(),
        drop: Vec::new(),
    }
}

/// Brings the targets of a file together with the rows chosen from `declared`.
pub(crate) fn matched(
    file: &TargetFile,
    path: &Path,
    chosen: &[u32],
    declared: usize,
) -> Result<RawTargets, DataError> {
    let n = file.targets.len();
    let of_file = n == declared;
    let of_rows = n == chosen.len();
    // An array belongs to the file of inputs, a table to the rows chosen from it.
    if of_rows && !(file.array && of_file) {
        return Ok(file.targets.clone());
    }
    if of_file {
        return Ok(file.targets.rows(chosen));
    }
    let fitting = if declared == chosen.len() {
        declared.to_string()
    } else {
        format!(
            "{} (one each row chosen) or {declared} (one each row of the file)",
            chosen.len()
        )
    };
    Err(DataError::new(
        DataErrorKind::Mismatch,
        format!("there are {} for {fitting} rows", count(n, "target")),
    )
    .file(path)
    .help("each row needs its target, in the same order"))
}
