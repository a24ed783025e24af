//! Sums over single precision: short ones in `f32`, added up in `f64`.

use crate::fold;
#[cfg(target_arch = "x86_64")]
use crate::width::{Width, width};

/// Numbers whose sums are kept side by side in single precision.
const SIDE: usize = 64;

/// Sums in double precision side by side.
const LANES: usize = 16;

/// Terms of a sum in single precision.
const SHORT: usize = 256;

/// A mean square below this may have lost squares that single precision does not have: each is less
/// than 1.2e-38, so what is lost of a larger one is less than 1e-7 of it.
const SMALLEST: f64 = 1e-31;

/// Whether single precision had all of these squares.
pub(crate) fn held(squares: f64, count: usize) -> bool {
    squares.is_finite() && squares >= SMALLEST * count as f64
}

/// What short sums say of some numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Short {
    /// Σ x, or 0 where it was not asked for.
    pub(super) sum: f64,
    /// Σ x².
    pub(super) squares: f64,
    /// max |x|, NaN left out, or 0 where it was not asked for.
    pub(super) largest: f32,
}

/// Σ x with `SUM`, Σ x², and max |x| with `MAX`. The order of the additions is the same on every
/// processor; one with AVX-512 adds squares that are not rounded before.
#[allow(unsafe_code)]
pub(super) fn short<const SUM: bool, const MAX: bool>(values: &[f32]) -> Short {
    #[cfg(target_arch = "x86_64")]
    match width() {
        // SAFETY: the processor has AVX-512 F and DQ: `width` has asked it.
        Width::Avx512 => unsafe { x86::avx512::<SUM, MAX>(values) },
        // SAFETY: the processor has AVX2: `width` has asked it.
        Width::Avx2 => unsafe { x86::avx2::<SUM, MAX>(values) },
        Width::Portable => portable::<SUM, MAX>(values),
    }
    #[cfg(not(target_arch = "x86_64"))]
    portable::<SUM, MAX>(values)
}

/// The form for every processor.
#[inline(always)]
pub(super) fn portable<const SUM: bool, const MAX: bool>(values: &[f32]) -> Short {
    let mut sums = [0.0f64; LANES];
    let mut squares = [0.0f64; LANES];
    let mut max = [0.0f32; SIDE];
    for block in values.chunks(LANES * SHORT) {
        let (chunks, rest) = block.as_chunks::<SIDE>();
        let mut short = [[0.0f32; SIDE]; 2];
        let mut add = |lane: usize, x: f32| {
            if SUM {
                short[0][lane] += x;
            }
            short[1][lane] += x * x;
            if MAX {
                max[lane] = larger(x.abs(), max[lane]);
            }
        };
        for chunk in chunks {
            chunk.iter().enumerate().for_each(|(lane, &x)| add(lane, x));
        }
        rest.iter().enumerate().for_each(|(lane, &x)| add(lane, x));
        if SUM {
            fold(&mut sums, &short[0]);
        }
        fold(&mut squares, &short[1]);
    }
    Short {
        sum: fold::fold(sums),
        squares: fold::fold(squares),
        largest: largest(max),
    }
}

/// The larger one; what is not a number is not.
#[inline(always)]
fn larger(new: f32, old: f32) -> f32 {
    if new > old { new } else { old }
}

/// Adds sums in single precision, side by side, to those in double precision.
#[inline(always)]
fn fold(long: &mut [f64; LANES], short: &[f32; SIDE]) {
    for lane in 0..LANES {
        let [a, b, c, d] = [0, 1, 2, 3].map(|part| short[part * LANES + lane]);
        long[lane] += f64::from((a + b) + (c + d));
    }
}

/// The largest of numbers side by side.
#[inline(always)]
fn largest(mut lanes: [f32; SIDE]) -> f32 {
    let mut width = SIDE / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] = larger(lanes[lane + width], lanes[lane]);
        }
        width /= 2;
    }
    lanes[0]
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod x86 {
    use super::{LANES, SHORT, SIDE, Short, portable};
    use std::arch::x86_64::{
        __m512, __m512d, __mmask16, _mm512_add_pd, _mm512_add_ps, _mm512_castps512_ps256,
        _mm512_cvtps_pd, _mm512_extractf32x8_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
        _mm512_maskz_loadu_ps, _mm512_max_ps, _mm512_range_ps, _mm512_reduce_add_pd,
        _mm512_reduce_max_ps, _mm512_setzero_pd, _mm512_setzero_ps,
    };

    #[target_feature(enable = "avx2")]
    pub(super) fn avx2<const SUM: bool, const MAX: bool>(values: &[f32]) -> Short {
        portable::<SUM, MAX>(values)
    }

    /// The number that is larger without its sign.
    const LARGER: i32 = 0b1011;

    /// Registers of [`SIDE`] numbers.
    const PARTS: usize = SIDE / 16;

    /// Sums side by side in registers.
    struct Sums {
        sum: [__m512; PARTS],
        squares: [__m512; PARTS],
        max: [__m512; PARTS],
    }

    impl Sums {
        #[inline(always)]
        fn add<const SUM: bool, const MAX: bool>(&mut self, part: usize, x: __m512) {
            // SAFETY: only [`avx512`] calls this, and the processor has AVX-512 F and DQ.
            unsafe {
                if SUM {
                    self.sum[part] = _mm512_add_ps(self.sum[part], x);
                }
                self.squares[part] = _mm512_fmadd_ps(x, x, self.squares[part]);
                if MAX {
                    // Of what is not a number the other one.
                    self.max[part] = _mm512_range_ps::<LARGER>(x, self.max[part]);
                }
            }
        }
    }

    /// What the compiler makes of the portable form is as fast, but for its end: of a small tensor that is
    /// half of the time.
    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) fn avx512<const SUM: bool, const MAX: bool>(values: &[f32]) -> Short {
        let none = _mm512_setzero_ps();
        let mut long = [[_mm512_setzero_pd(); 2]; 2];
        let mut max = [none; PARTS];
        for block in values.chunks(LANES * SHORT) {
            let mut short = Sums {
                sum: [none; PARTS],
                squares: [none; PARTS],
                max,
            };
            let (chunks, rest) = block.as_chunks::<SIDE>();
            for chunk in chunks {
                for (part, x) in chunk.as_chunks::<16>().0.iter().enumerate() {
                    // SAFETY: sixteen numbers are there.
                    let x = unsafe { _mm512_loadu_ps(x.as_ptr()) };
                    short.add::<SUM, MAX>(part, x);
                }
            }
            for (part, x) in rest.chunks(16).enumerate() {
                let mask = (0xffff_u32 >> (16 - x.len())) as __mmask16;
                // SAFETY: as many numbers as the mask has bits are there, and no others are read.
                let x = unsafe { _mm512_maskz_loadu_ps(mask, x.as_ptr()) };
                short.add::<SUM, MAX>(part, x);
            }
            if SUM {
                fold(&mut long[0], short.sum);
            }
            fold(&mut long[1], short.squares);
            max = short.max;
        }
        let [sum, squares] = long.map(|[low, high]| _mm512_reduce_add_pd(_mm512_add_pd(low, high)));
        let [a, b, c, d] = max;
        let all = _mm512_max_ps(_mm512_max_ps(a, b), _mm512_max_ps(c, d));
        Short {
            sum,
            squares,
            largest: _mm512_reduce_max_ps(all),
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    fn fold(long: &mut [__m512d; 2], [a, b, c, d]: [__m512; PARTS]) {
        let short = _mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d));
        let low = _mm512_cvtps_pd(_mm512_castps512_ps256(short));
        let high = _mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(short));
        long[0] = _mm512_add_pd(long[0], low);
        long[1] = _mm512_add_pd(long[1], high);
    }
}
