//! The sum of sixteen numbers side by side, halves onto halves: short chains of additions, in a fixed order.
//!
//! A compiler that is left to find the registers in them takes the numbers apart one by one.

use crate::real::Real;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    _mm_add_pd, _mm_add_ps, _mm_add_sd, _mm_add_ss, _mm_cvtsd_f64, _mm_cvtss_f32, _mm_loadu_pd,
    _mm_loadu_ps, _mm_movehl_ps, _mm_shuffle_ps, _mm_unpackhi_pd,
};

/// The sum of all.
#[inline(always)]
pub(crate) fn fold<T: Real>(lanes: [T; 16]) -> T {
    T::fold(lanes)
}

/// In single precision.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
pub(crate) fn single(x: [f32; 16]) -> f32 {
    // SAFETY: every x86-64 has SSE2, and four numbers are there.
    unsafe {
        let four = |i: usize| _mm_loadu_ps(x[i..i + 4].as_ptr());
        let [a, b] = [0, 4].map(|i| _mm_add_ps(four(i), four(i + 8)));
        let four = _mm_add_ps(a, b);
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
    }
}

/// In double precision.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
pub(crate) fn double(x: [f64; 16]) -> f64 {
    // SAFETY: every x86-64 has SSE2, and two numbers are there.
    unsafe {
        let two = |i: usize| _mm_loadu_pd(x[i..i + 2].as_ptr());
        let [a, b, c, d] = [0, 2, 4, 6].map(|i| _mm_add_pd(two(i), two(i + 8)));
        let two = _mm_add_pd(_mm_add_pd(a, c), _mm_add_pd(b, d));
        _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
    }
}

/// The same where that is not known to help.
#[cfg(any(test, not(target_arch = "x86_64")))]
pub(crate) fn plain<T: Real>(mut lanes: [T; 16]) -> T {
    let mut width = 8;
    while width > 0 {
        for lane in 0..width {
            let other = lanes[lane + width];
            lanes[lane] += other;
        }
        width /= 2;
    }
    lanes[0]
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use {plain as single, plain as double};

#[cfg(test)]
mod tests {
    use super::{fold, plain};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_are_taken_in_the_order_that_is_said(x in proptest::array::uniform16(-1e3f64..1e3)) {
            prop_assert_eq!(fold(x), plain(x));
            let x = x.map(|x| x as f32);
            prop_assert_eq!(fold(x), plain(x));
        }
    }
}
