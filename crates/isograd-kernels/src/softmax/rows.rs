//! What softmax does to one row, in single precision in a form for wide vector units.

use crate::curve::float;
use crate::fold::fold;
use crate::real::Real;
use crate::width::widths;
use std::ops::{Add, Mul, Sub};

/// Sums are taken in so many parts, in an order of their own: the same on every processor.
pub(crate) const LANES: usize = 16;

/// [`Real`] with what a row needs.
pub(crate) trait Number:
    Real + PartialOrd + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Rows
{
    const ZERO: Self;
    const LOWEST: Self;

    fn exp(self) -> Self;
    fn recip(self) -> Self;
}

impl Number for f32 {
    const ZERO: Self = 0.0;
    const LOWEST: Self = Self::NEG_INFINITY;

    #[inline(always)]
    fn exp(self) -> Self {
        float::exp(self)
    }

    #[inline(always)]
    fn recip(self) -> Self {
        1.0 / self
    }
}

impl Number for f64 {
    const ZERO: Self = 0.0;
    const LOWEST: Self = Self::NEG_INFINITY;

    fn exp(self) -> Self {
        self.exp()
    }

    fn recip(self) -> Self {
        1.0 / self
    }
}

/// The largest of a row; NaN is none, and −∞ that of no numbers.
#[inline(always)]
pub(crate) fn largest<T: Number>(row: &[T]) -> T {
    let mut lanes = [T::LOWEST; LANES];
    let larger = |a: T, b: T| if b > a { b } else { a };
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = larger(*lane, x);
    }
    // Four side by side: a chain of sixteen comparisons takes as long as the row.
    let (fours, _) = lanes.as_chunks::<4>();
    let mut four = [T::LOWEST; 4];
    for other in fours {
        for (lane, &x) in four.iter_mut().zip(other) {
            *lane = larger(*lane, x);
        }
    }
    larger(larger(four[0], four[1]), larger(four[2], four[3]))
}

/// softmax(scale·row) in place.
#[inline(always)]
fn softmax<T: Number>(row: &mut [T], scale: T) {
    // First the difference: what is near the largest, and weighs most, is then exact.
    let top = largest(row);
    let mut lanes = [T::ZERO; LANES];
    let (chunks, rest) = row.as_chunks_mut::<LANES>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *x = ((*x - top) * scale).exp();
            *lane += *x;
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *x = ((*x - top) * scale).exp();
        *lane += *x;
    }
    let share = fold(lanes).recip();
    for x in row {
        *x = *x * share;
    }
}

/// The gradient before softmax(scale·…) in place of that behind it; `row` is the result.
#[inline(always)]
fn softmax_backward<T: Number>(row: &[T], gradient: &mut [T], scale: T) {
    let mut lanes = [T::ZERO; LANES];
    let (rows, rest) = row.as_chunks::<LANES>();
    let (gradients, gradient_rest) = gradient.as_chunks::<LANES>();
    for (p, g) in rows.iter().zip(gradients) {
        for i in 0..LANES {
            lanes[i] += p[i] * g[i];
        }
    }
    for ((lane, &p), &g) in lanes.iter_mut().zip(rest).zip(gradient_rest) {
        *lane += p * g;
    }
    let mean = fold(lanes);
    for (g, &p) in gradient.iter_mut().zip(row) {
        *g = p * (*g - mean) * scale;
    }
}

/// Rows of a matrix and how much of each is there to be seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// Numbers from row to row.
    pub(crate) stride: usize,
    /// Numbers of the first row that count.
    pub(crate) first: usize,
    /// How many more of each next row.
    pub(crate) more: usize,
    /// Numbers of a row at most; those between are 0.
    pub(crate) most: usize,
}

#[inline(always)]
fn softmax_rows_of<T: Number>(rows: &mut [T], seen: Seen, scale: T) {
    let mut count = seen.first;
    for row in rows.chunks_mut(seen.stride) {
        let (row, hidden) = row[..seen.most].split_at_mut(count.min(seen.most));
        softmax(row, scale);
        hidden.fill(T::ZERO);
        count += seen.more;
    }
}

#[inline(always)]
fn softmax_rows_backward_of<T: Number>(rows: &[T], gradient: &mut [T], seen: Seen, scale: T) {
    // What is hidden has weight 0, and so has its gradient.
    let pairs = rows.chunks(seen.stride).zip(gradient.chunks_mut(seen.most));
    for (row, gradient) in pairs {
        softmax_backward(&row[..seen.most], gradient, scale);
    }
}

/// The passes over many rows, compiled for this type.
pub(crate) trait Rows: Sized {
    /// softmax(scale·row) of every row, in place; rows lie `seen.stride` apart, the last may end early.
    fn softmax_rows(rows: &mut [Self], seen: Seen, scale: Self);

    /// The gradients before it, in place of those behind it, whose rows lie `seen.most` apart.
    fn softmax_rows_backward(rows: &[Self], gradient: &mut [Self], seen: Seen, scale: Self);
}

widths! {
    fn softmax_rows, softmax_rows_portable(rows: &mut [f32], seen: Seen, scale: f32) {
        softmax_rows_of(rows, seen, scale);
    }
}

widths! {
    fn softmax_rows_backward, softmax_rows_backward_portable(rows: &[f32], gradient: &mut [f32], seen: Seen, scale: f32) {
        softmax_rows_backward_of(rows, gradient, seen, scale);
    }
}

impl Rows for f32 {
    fn softmax_rows(rows: &mut [Self], seen: Seen, scale: Self) {
        softmax_rows(rows, seen, scale);
    }

    fn softmax_rows_backward(rows: &[Self], gradient: &mut [Self], seen: Seen, scale: Self) {
        softmax_rows_backward(rows, gradient, seen, scale);
    }
}

impl Rows for f64 {
    fn softmax_rows(rows: &mut [Self], seen: Seen, scale: Self) {
        softmax_rows_of(rows, seen, scale);
    }

    fn softmax_rows_backward(rows: &[Self], gradient: &mut [Self], seen: Seen, scale: Self) {
        softmax_rows_backward_of(rows, gradient, seen, scale);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::softmax) fn every_form_gives_the_same_bits() {
        let x: Vec<f32> = (0..5 * 37)
            .map(|i| ((i * 31) % 97) as f32 * 0.2 - 9.0)
            .collect();
        let seen = Seen {
            stride: 37,
            first: 3,
            more: 9,
            most: 35,
        };
        let (mut a, mut b) = (x.clone(), x.clone());
        softmax_rows(&mut a, seen, 0.3);
        softmax_rows_portable(&mut b, seen, 0.3);
        assert_eq!(a, b);
        let gradient: Vec<f32> = x[..5 * 35].iter().map(|x| x * 0.7).collect();
        let (mut c, mut d) = (gradient.clone(), gradient);
        softmax_rows_backward(&a, &mut c, seen, 0.3);
        softmax_rows_backward_portable(&a, &mut d, seen, 0.3);
        assert_eq!(c, d);
    }
}
