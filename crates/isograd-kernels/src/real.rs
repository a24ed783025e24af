//! The types that kernels compute with, and the way to them from a tensor of Flex.

use crate::Moments;
use crate::fold;
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
        fold::single(lanes)
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
        fold::double(lanes)
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
