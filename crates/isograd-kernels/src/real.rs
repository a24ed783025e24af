//! The types that kernels compute with, and the way to them from a tensor of Flex.

use crate::Moments;
use crate::probe::Slice;
use std::ops::AddAssign;

/// Single or double precision.
pub(crate) trait Real: Copy + Default + AddAssign + Send + Sync + 'static {
    const ONE: Self;
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
    /// The sum of all, halves onto halves.
    fn fold(lanes: [Self; 16]) -> Self;
    /// As a sink of probes sees them.
    fn slice(values: &[Self]) -> Slice<'_>;
    fn moments(values: &[Self]) -> Moments;
    /// Those that are asked of gradients.
    fn sizes(values: &[Self]) -> Moments;
}

impl Real for f32 {
    const ONE: Self = 1.0;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value as Self
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn fold(lanes: [Self; 16]) -> Self {
        halves::single(lanes)
    }

    fn slice(values: &[Self]) -> Slice<'_> {
        Slice::F32(values)
    }

    fn moments(values: &[Self]) -> Moments {
        Moments::of_f32(values)
    }

    fn sizes(values: &[Self]) -> Moments {
        Moments::sizes_of_f32(values)
    }
}

impl Real for f64 {
    const ONE: Self = 1.0;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }

    #[inline(always)]
    fn fold(lanes: [Self; 16]) -> Self {
        halves::double(lanes)
    }

    fn slice(values: &[Self]) -> Slice<'_> {
        Slice::F64(values)
    }

    fn moments(values: &[Self]) -> Moments {
        Moments::of_f64(values)
    }

    fn sizes(values: &[Self]) -> Moments {
        Moments::sizes_of_f64(values)
    }
}

/// Sums of numbers side by side. A compiler that is left to find the registers in them takes the numbers
/// apart one by one.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod halves {
    use std::arch::x86_64::{
        _mm_add_pd, _mm_add_ps, _mm_add_sd, _mm_add_ss, _mm_cvtsd_f64, _mm_cvtss_f32, _mm_loadu_pd,
        _mm_loadu_ps, _mm_movehl_ps, _mm_shuffle_ps, _mm_unpackhi_pd,
    };

    #[inline(always)]
    pub(super) fn single(x: [f32; 16]) -> f32 {
        // SAFETY: every x86-64 has SSE2, and four numbers are there.
        unsafe {
            let four = |i: usize| _mm_loadu_ps(x[i..i + 4].as_ptr());
            let [a, b] = [0, 4].map(|i| _mm_add_ps(four(i), four(i + 8)));
            let four = _mm_add_ps(a, b);
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }

    #[inline(always)]
    pub(super) fn double(x: [f64; 16]) -> f64 {
        // SAFETY: every x86-64 has SSE2, and two numbers are there.
        unsafe {
            let two = |i: usize| _mm_loadu_pd(x[i..i + 2].as_ptr());
            let [a, b, c, d] = [0, 2, 4, 6].map(|i| _mm_add_pd(two(i), two(i + 8)));
            let two = _mm_add_pd(_mm_add_pd(a, c), _mm_add_pd(b, d));
            _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
        }
    }
}

/// The same where that is not known to help.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod plain {
    use std::ops::AddAssign;

    pub(super) fn fold<T: Copy + AddAssign>(mut lanes: [T; 16]) -> T {
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
}

#[cfg(not(target_arch = "x86_64"))]
mod halves {
    pub(super) use super::plain::fold as single;
    pub(super) use super::plain::fold as double;
}

/// Runs a body with `T` the type of the numbers.
macro_rules! by_type {
    ($tensor:expr, $T:ident => $body:expr) => {
        match $tensor.dtype() {
            burn::tensor::DType::F32 => {
                type $T = f32;
                $body
            }
            burn::tensor::DType::F64 => {
                type $T = f64;
                $body
            }
            other => unreachable!("isograd computes in single and double precision, not {other:?}"),
        }
    };
}

/// The numbers of a contiguous tensor.
macro_rules! slice {
    ($tensor:expr, $T:ident) => {
        $tensor
            .as_slice::<$T>()
            .unwrap_or_else(|| unreachable!("a contiguous tensor is a slice of its type"))
    };
}
pub(crate) use {by_type, slice};

#[cfg(test)]
mod tests {
    use super::{Real, plain};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_are_taken_in_the_order_that_is_said(x in proptest::array::uniform16(-1e3f64..1e3)) {
            prop_assert_eq!(f64::fold(x), plain::fold(x));
            let x = x.map(|x| x as f32);
            prop_assert_eq!(f32::fold(x), plain::fold(x));
        }
    }
}
