//! What cross-entropy does to rows, in single precision in a form for wide vector units.

use crate::fold::fold;
use crate::softmax::rows::{LANES, Number, largest};
use crate::width::widths;

/// The largest number of a row, and Σ e^(x − largest).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Total<T> {
    pub(super) largest: T,
    pub(super) sum: T,
}

#[inline(always)]
fn totals_of<T: Number>(rows: &[T], columns: usize, totals: &mut [Total<T>]) {
    for (row, total) in rows.chunks_exact(columns).zip(totals) {
        let top = largest(row);
        let mut lanes = [T::ZERO; LANES];
        let (chunks, rest) = row.as_chunks::<LANES>();
        for chunk in chunks {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane += (x - top).exp();
            }
        }
        for (lane, &x) in lanes.iter_mut().zip(rest) {
            *lane += (x - top).exp();
        }
        *total = Total {
            largest: top,
            sum: fold(lanes),
        };
    }
}

#[inline(always)]
fn shares_of<T: Number>(rows: &mut [T], columns: usize, totals: &[Total<T>], factors: &[T]) {
    let rows = rows.chunks_exact_mut(columns);
    for ((row, total), &factor) in rows.zip(totals).zip(factors) {
        let (top, factor) = (total.largest, factor * total.sum.recip());
        for x in row {
            *x = (*x - top).exp() * factor;
        }
    }
}

/// The passes over rows, compiled for this type.
pub(super) trait Passes: Number {
    /// The total of every row.
    fn totals(rows: &[Self], columns: usize, totals: &mut [Total<Self>]);

    /// softmax of every row times the row's factor, in place.
    fn shares(rows: &mut [Self], columns: usize, totals: &[Total<Self>], factors: &[Self]);

    fn ln(self) -> Self;
}

widths! {
    fn totals, totals_portable(rows: &[f32], columns: usize, totals: &mut [Total<f32>]) {
        totals_of(rows, columns, totals);
    }
}

widths! {
    fn shares, shares_portable(rows: &mut [f32], columns: usize, totals: &[Total<f32>], factors: &[f32]) {
        shares_of(rows, columns, totals, factors);
    }
}

impl Passes for f32 {
    fn totals(rows: &[Self], columns: usize, totals: &mut [Total<Self>]) {
        self::totals(rows, columns, totals);
    }

    fn shares(rows: &mut [Self], columns: usize, totals: &[Total<Self>], factors: &[Self]) {
        shares(rows, columns, totals, factors);
    }

    fn ln(self) -> Self {
        libm::logf(self)
    }
}

impl Passes for f64 {
    fn totals(rows: &[Self], columns: usize, totals: &mut [Total<Self>]) {
        totals_of(rows, columns, totals);
    }

    fn shares(rows: &mut [Self], columns: usize, totals: &[Total<Self>], factors: &[Self]) {
        shares_of(rows, columns, totals, factors);
    }

    fn ln(self) -> Self {
        libm::log(self)
    }
}
