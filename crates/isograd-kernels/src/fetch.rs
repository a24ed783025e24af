//! Hints about memory that is needed soon. They change no result, and do nothing where the processor has
//! none.

#[cfg(target_arch = "x86_64")]
use std::arch::asm;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// Bytes that are fetched ahead, at most: what follows them is fetched while they are read.
const AHEAD: usize = 1 << 15;

/// Has the processor fetch what is to be read after something else that is no matter of memory.
pub(crate) fn fetch<T>(values: &[T]) {
    lines(values.as_ptr(), values.len(), read);
}

/// The same of what is to be written.
pub fn claim<T>(values: &[T]) {
    lines(values.as_ptr(), values.len(), write);
}

#[inline(always)]
fn lines<T>(start: *const T, count: usize, hint: impl Fn(*const i8)) {
    let bytes = (count * size_of::<T>()).min(AHEAD);
    let start: *const i8 = start.cast();
    for at in (0..bytes).step_by(LINE) {
        hint(start.wrapping_add(at));
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
fn read(line: *const i8) {
    // SAFETY: it is a hint, about any address.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(line) };
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
fn write(line: *const i8) {
    // The compiler makes a fetch for reading of a fetch for writing, which few processors of its kind lack.
    // SAFETY: it is a hint, about any address; a processor of 64 bits that does not have it does nothing.
    unsafe { asm!("prefetchw [{}]", in(reg) line, options(nostack, preserves_flags, readonly)) };
}

#[cfg(not(target_arch = "x86_64"))]
fn read(_: *const i8) {}

#[cfg(not(target_arch = "x86_64"))]
fn write(_: *const i8) {}

#[cfg(test)]
mod tests {
    use super::{claim, fetch};

    #[test]
    fn hints_change_nothing_wherever_they_point() {
        let values: Vec<u64> = (0..100_000).collect();
        for part in [&values[..], &values[..3], &[]] {
            fetch(part);
            claim(part);
        }
        assert!(values.iter().enumerate().all(|(i, &x)| x == i as u64));
    }
}
