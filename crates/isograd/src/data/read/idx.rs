//! IDX, the format of MNIST (LeCun, Cortes and Burges, "The MNIST database"): two zero bytes, the
//! type, the number of dimensions, each dimension as a big-endian u32, then the numbers, big-endian.

use super::{Array, extent};
use crate::data::bytes::Source;
use crate::data::error::{DataError, DataErrorKind, Position};
use crate::data::raw::Numbers;

/// True if a file starts like IDX.
pub(crate) fn is_idx(head: &[u8]) -> bool {
    matches!(head, [0, 0, 8 | 9 | 0x0b..=0x0e, 1..=8, ..])
}

/// Reads the first `limit` rows, or all.
pub(crate) fn read(source: &mut Source, limit: Option<usize>) -> Result<Array, DataError> {
    let magic = source.block(4, "the magic number of IDX")?;
    let wrong = |source: &Source, message: String| {
        let error = source.error(DataErrorKind::Format, message);
        error.at(Position::Byte(0)).help(
            "an IDX file starts with 00 00, the type (08 u8, 09 i8, 0b i16, 0c i32, 0d f32, \
             0e f64) and the number of dimensions",
        )
    };
    let [0, 0, kind, rank] = magic[..] else {
        let shown: Vec<String> = magic.iter().map(|byte| format!("{byte:02x}")).collect();
        return Err(wrong(
            source,
            format!("this is no IDX file: it starts with {}", shown.join(" ")),
        ));
    };
    let size: u64 = match kind {
        8 | 9 => 1,
        0x0b => 2,
        0x0c | 0x0d => 4,
        0x0e => 8,
        _ => return Err(wrong(source, format!("IDX has no type {kind:02x}"))),
    };
    let dims: Vec<u64> = source
        .block(4 * u64::from(rank), "the dimensions")?
        .chunks_exact(4)
        .map(|dim| u64::from(u32::from_be_bytes([dim[0], dim[1], dim[2], dim[3]])))
        .collect();
    let (rows, width) = extent(source, &dims)?;
    source.expect(rows * width * size, "what the header announces")?;
    let wanted = limit.map_or(rows, |limit| rows.min(limit as u64));
    let bytes = source.block(wanted * width * size, "the block of numbers")?;
    if wanted == rows {
        source.finish("the numbers that the header announces")?;
    }
    let numbers = match kind {
        8 => Numbers::U8(bytes),
        9 => Numbers::F32(bytes.iter().map(|&b| f32::from(b as i8)).collect()),
        0x0b => Numbers::F32(each(&bytes, |b| f32::from(i16::from_be_bytes(b)))),
        0x0c => Numbers::F64(each(&bytes, |b| f64::from(i32::from_be_bytes(b)))),
        0x0d => Numbers::F32(each(&bytes, f32::from_be_bytes)),
        _ => Numbers::F64(each(&bytes, f64::from_be_bytes)),
    };
    let mut dims: Vec<usize> = dims.iter().map(|&dim| dim as usize).collect();
    dims[0] = wanted as usize;
    Ok(Array {
        numbers,
        dims,
        declared: rows as usize,
    })
}

/// Each group of `N` bytes as a number.
pub(super) fn each<const N: usize, T>(bytes: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (groups, _) = bytes.as_chunks::<N>();
    groups.iter().map(|&group| number(group)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read_bytes(bytes: &[u8], limit: Option<usize>) -> Result<Array, DataError> {
        read(&mut Source::from_bytes("x.idx", bytes.to_vec()), limit)
    }

    #[test]
    fn every_type_is_read() {
        struct Case {
            kind: u8,
            bytes: Vec<u8>,
            expected: [f64; 2],
        }
        let cases = [
            Case {
                kind: 8,
                bytes: vec![1, 255],
                expected: [1.0, 255.0],
            },
            Case {
                kind: 9,
                bytes: vec![1, 255],
                expected: [1.0, -1.0],
            },
            Case {
                kind: 0x0b,
                bytes: vec![1, 0, 255, 254],
                expected: [256.0, -2.0],
            },
            Case {
                kind: 0x0c,
                bytes: vec![0, 1, 0, 0, 255, 255, 255, 253],
                expected: [65536.0, -3.0],
            },
            Case {
                kind: 0x0d,
                bytes: [0.1f32.to_be_bytes(), (-2f32).to_be_bytes()].concat(),
                expected: [f64::from(0.1f32), -2.0],
            },
            Case {
                kind: 0x0e,
                bytes: [0.1f64.to_be_bytes(), (-2f64).to_be_bytes()].concat(),
                expected: [0.1, -2.0],
            },
        ];
        for case in cases {
            let mut bytes = vec![0, 0, case.kind, 2, 0, 0, 0, 2, 0, 0, 0, 1];
            bytes.extend(&case.bytes);
            let array = read_bytes(&bytes, None).unwrap();
            assert_eq!(array.dims, [2, 1]);
            assert_eq!(
                [array.numbers.get(0), array.numbers.get(1)],
                case.expected,
                "type {:x}",
                case.kind
            );
        }
    }

    #[test]
    fn a_limit_reads_the_first_rows() {
        let bytes = [0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6];
        let array = read_bytes(&bytes, Some(2)).unwrap();
        assert_eq!(array.numbers, Numbers::U8(vec![1, 2, 3, 4]));
        assert_eq!((array.dims, array.declared), (vec![2, 2], 3));
    }
}
