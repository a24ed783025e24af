//! Hints about memory that is needed soon. They change no result, and do nothing where the processor has
//! none.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_ET0, _MM_HINT_T1, _mm_prefetch};

/// Bytes of a line of the cache.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// Bytes that are fetched ahead, at most: what follows them is fetched while they are read.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 1 << 15;

/// Has the processor fetch what is to be read after something else that is no matter of memory.
pub(crate) fn fetch<T>(values: &[T]) {
    hint::<T, _MM_HINT_T1>(values.as_ptr(), values.len());
}

/// The same of one value behind these, whether there is one or not.
pub fn fetch_behind<T>(values: &[T]) {
    hint::<T, _MM_HINT_T1>(values.as_ptr_range().end, 1);
}

/// The same of what is to be written, and was read by another thread since.
pub fn claim<T>(values: &[T]) {
    hint::<T, _MM_HINT_ET0>(values.as_ptr(), values.len());
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
fn hint<T, const KIND: i32>(start: *const T, count: usize) {
    let bytes = (count * size_of::<T>()).min(AHEAD);
    let start: *const i8 = start.cast();
    for at in (0..bytes).step_by(LINE) {
        // SAFETY: it is a hint, about any address; every x86-64 has the instruction, or takes it for none.
        unsafe { _mm_prefetch::<KIND>(start.wrapping_add(at)) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
const _MM_HINT_T1: i32 = 0;
#[cfg(not(target_arch = "x86_64"))]
const _MM_HINT_ET0: i32 = 1;

#[cfg(not(target_arch = "x86_64"))]
fn hint<T, const KIND: i32>(_: *const T, _: usize) {}
