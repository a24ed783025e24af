//! Numbers that begin where a line of the cache does.

use crate::real::Real;
use std::ops::{Deref, DerefMut};

/// Bytes of a line, and of the widest register: one that is loaded from two lines takes twice as long.
pub(super) const LINE: usize = 64;

/// Numbers of a line, at most.
pub(super) const NUMBERS: usize = LINE / size_of::<f32>();

/// A slice that begins with a line.
pub(super) struct Sheet<T> {
    numbers: Vec<T>,
    start: usize,
    count: usize,
}

impl<T: Real> Sheet<T> {
    /// So many zeros.
    pub(super) fn zeros(count: usize) -> Self {
        let numbers = vec![T::default(); count + NUMBERS];
        let start = numbers.as_ptr().align_offset(LINE).min(NUMBERS);
        Self {
            numbers,
            start,
            count,
        }
    }
}

impl<T> Deref for Sheet<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.numbers[self.start..][..self.count]
    }
}

impl<T> DerefMut for Sheet<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.numbers[self.start..][..self.count]
    }
}
