//! NumPy's array format, versions 1.0 to 3.0 (numpy.lib.format).
//!
//! The header is a Python dictionary with three known keys, so it is taken apart here without a
//! Python parser, which a hostile header could send arbitrarily deep.

use super::idx::each;
use super::{Array, extent};
use crate::data::bytes::Source;
use crate::data::error::{DataError, DataErrorKind, Position, excerpt};
use crate::data::raw::Numbers;

const MAGIC: &[u8] = b"\x93NUMPY";
/// NumPy pads headers to 64 bytes; a plain array needs fewer than 200.
const MAX_HEADER: u64 = 1 << 16;

/// True if a file starts like NPY.
pub(crate) fn is_npy(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// Reads the first `limit` rows, or all.
pub(crate) fn read(source: &mut Source, limit: Option<usize>) -> Result<Array, DataError> {
    let head = source.block(8, "the magic number of NPY")?;
    if !is_npy(&head) {
        return Err(source
            .error(
                DataErrorKind::Format,
                "this is no NPY file: it does not start with \\x93NUMPY",
            )
            .at(Position::Byte(0))
            .help(
                "write one with `numpy.save(file, array)`; an NPZ archive must be unpacked first",
            ));
    }
    let length = match head[6] {
        1 => {
            let bytes = source.block(2, "the length of the header")?;
            u64::from(u16::from_le_bytes([bytes[0], bytes[1]]))
        }
        2 | 3 => {
            let bytes = source.block(4, "the length of the header")?;
            u64::from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        }
        version => {
            return Err(source.error(
                DataErrorKind::Format,
                format!("NPY version {version} is not known"),
            ));
        }
    };
    if length > MAX_HEADER {
        return Err(source.error(
            DataErrorKind::Format,
            format!("a header of {length} bytes; that of an array of numbers is shorter than {MAX_HEADER}"),
        ));
    }
    let header = source.block(length, "the header")?;
    let header = String::from_utf8_lossy(&header);
    let kind = Kind::of(source, &header)?;
    let fortran = value(&header, "fortran_order").is_some_and(|text| text.starts_with("True"));
    let dims = shape(&header).ok_or_else(|| {
        source.error(
            DataErrorKind::Format,
            format!("the header has no shape: `{}`", excerpt(&header)),
        )
    })?;
    let (rows, width) = extent(source, &dims)?;
    source.expect(rows * width * kind.size, "what the header announces")?;
    let wanted = if fortran {
        rows
    } else {
        limit.map_or(rows, |limit| rows.min(limit as u64))
    };
    let bytes = source.block(wanted * width * kind.size, "the block of numbers")?;
    if wanted == rows {
        source.finish("the numbers that the header announces")?;
    }
    let mut dims: Vec<usize> = dims.iter().map(|&dim| dim as usize).collect();
    let mut numbers = kind.numbers(bytes);
    if fortran {
        numbers = row_major(&numbers, &dims);
    }
    dims[0] = wanted as usize;
    Ok(Array {
        numbers,
        dims,
        declared: rows as usize,
    })
}

/// An element type of NumPy: byte order, kind, size.
struct Kind {
    little: bool,
    class: u8,
    size: u64,
}

impl Kind {
    fn of(source: &Source, header: &str) -> Result<Self, DataError> {
        let text = value(header, "descr").unwrap_or_default();
        let quoted = text
            .strip_prefix(['\'', '"'])
            .and_then(|rest| rest.split(['\'', '"']).next())
            .unwrap_or_default();
        let kind = match *quoted.as_bytes() {
            [
                order @ (b'<' | b'>' | b'|' | b'='),
                kind,
                size @ b'1'..=b'8',
            ] => Some(Self {
                little: order != b'>',
                class: kind,
                size: u64::from(size - b'0'),
            }),
            _ => None,
        };
        kind.filter(|kind| {
            matches!(
                (kind.class, kind.size),
                (b'f', 4 | 8) | (b'i' | b'u', 1 | 2 | 4 | 8) | (b'b', 1)
            )
        })
        .ok_or_else(|| {
            let shown = if quoted.is_empty() { text } else { quoted };
            source
                .error(
                    DataErrorKind::Format,
                    format!("arrays of type `{}` are not read", excerpt(shown)),
                )
                .help(
                    "f4, f8, i1 to i8, u1 to u8 and b1 are; convert with `array.astype('float32')`",
                )
        })
    }

    fn numbers(&self, bytes: Vec<u8>) -> Numbers {
        /// Bytes in the order of the file → little-endian.
        fn le<const N: usize>(little: bool, mut bytes: [u8; N]) -> [u8; N] {
            if !little {
                bytes.reverse();
            }
            bytes
        }
        let l = self.little;
        match (self.class, self.size) {
            (b'u' | b'b', 1) => Numbers::U8(bytes),
            (b'i', 1) => Numbers::F32(bytes.iter().map(|&b| f32::from(b as i8)).collect()),
            (b'i', 2) => Numbers::F32(each(&bytes, |b| f32::from(i16::from_le_bytes(le(l, b))))),
            (b'u', 2) => Numbers::F32(each(&bytes, |b| f32::from(u16::from_le_bytes(le(l, b))))),
            (b'i', 4) => Numbers::F64(each(&bytes, |b| f64::from(i32::from_le_bytes(le(l, b))))),
            (b'u', 4) => Numbers::F64(each(&bytes, |b| f64::from(u32::from_le_bytes(le(l, b))))),
            (b'i', _) => Numbers::F64(each(&bytes, |b| i64::from_le_bytes(le(l, b)) as f64)),
            (b'u', _) => Numbers::F64(each(&bytes, |b| u64::from_le_bytes(le(l, b)) as f64)),
            (_, 4) => Numbers::F32(each(&bytes, |b| f32::from_le_bytes(le(l, b)))),
            _ => Numbers::F64(each(&bytes, |b| f64::from_le_bytes(le(l, b)))),
        }
    }
}

/// What follows `'key':` in the header's dictionary.
fn value<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let start = header.find(&format!("'{key}'"))? + key.len() + 2;
    Some(header[start..].trim_start().strip_prefix(':')?.trim_start())
}

/// The tuple of dimensions.
fn shape(header: &str) -> Option<Vec<u64>> {
    let tuple = value(header, "shape")?.strip_prefix('(')?;
    tuple[..tuple.find(')')?]
        .split(',')
        .map(str::trim)
        .filter(|dim| !dim.is_empty())
        .map(|dim| dim.parse().ok())
        .collect()
}

/// Column-major numbers in row-major order.
fn row_major(numbers: &Numbers, dims: &[usize]) -> Numbers {
    let total: usize = dims.iter().product();
    let place = |mut index: usize| {
        // The last dimension runs fastest in the result, slowest in the source.
        let mut strides = total;
        let mut at = 0;
        for &dim in dims.iter().rev() {
            strides /= dim;
            at += index % dim * strides;
            index /= dim;
        }
        at
    };
    match numbers {
        Numbers::U8(values) => Numbers::U8((0..total).map(|i| values[place(i)]).collect()),
        Numbers::F32(values) => Numbers::F32((0..total).map(|i| values[place(i)]).collect()),
        Numbers::F64(values) => Numbers::F64((0..total).map(|i| values[place(i)]).collect()),
    }
}
