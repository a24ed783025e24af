//! One pass over rows of numbers: bias, activation and moments of each block while it is in the
//! cache, forward and backward.

use super::{Curve, double, single};
use crate::Moments;
use crate::pieces::{BLOCK, PIECE, each, multiple};
use crate::real::Real;
use crate::threads::wake;
use crate::width::widths;
use rayon::prelude::*;
use std::mem::MaybeUninit;
use std::ops::AddAssign;

/// What is computed block by block.
pub(crate) trait Curved: Real {
    /// φ, in place.
    fn forward(curve: Curve, y: &mut [Self]);
    /// `d` times φ′.
    fn backward(curve: Curve, saved: &[Self], d: &mut [Self]);
    /// Adds `bias` to every row.
    fn add_to_rows(rows: &mut [Self], bias: &[Self]);
    /// Adds every row to `sums`.
    fn add_rows(rows: &[Self], sums: &mut [Self]);
}

/// Numbers of a row that are worked on together.
const LANES: usize = 16;

/// x ← x + y; arguments that the compiler knows to be apart.
#[inline(always)]
fn add<T: Copy + AddAssign>(x: &mut [T; LANES], y: &[T; LANES]) {
    for lane in 0..LANES {
        x[lane] += y[lane];
    }
}

macro_rules! curved {
    ($T:ty, $precision:ident, $to_rows:ident, $to_portable:ident, $rows:ident, $rows_portable:ident) => {
        widths! {
            fn $to_rows, $to_portable(rows: &mut [$T], bias: &[$T]) {
                let columns = bias.len();
                let (wide, short) = bias.as_chunks::<LANES>();
                for (at, bias) in wide.iter().enumerate() {
                    for row in rows.chunks_exact_mut(columns) {
                        if let Some(x) = row[at * LANES..].first_chunk_mut() {
                            add(x, bias);
                        }
                    }
                }
                if short.is_empty() {
                    return;
                }
                for row in rows.chunks_exact_mut(columns) {
                    for (x, bias) in row[wide.len() * LANES..].iter_mut().zip(short) {
                        *x += *bias;
                    }
                }
            }
        }

        widths! {
            fn $rows, $rows_portable(rows: &[$T], sums: &mut [$T]) {
                let columns = sums.len();
                let (wide, short) = sums.as_chunks_mut::<LANES>();
                // A sum stays in its register over all rows.
                for (at, sum) in wide.iter_mut().enumerate() {
                    for row in rows.chunks_exact(columns) {
                        if let Some(x) = row[at * LANES..].first_chunk() {
                            add(sum, x);
                        }
                    }
                }
                if short.is_empty() {
                    return;
                }
                for row in rows.chunks_exact(columns) {
                    for (sum, x) in short.iter_mut().zip(&row[wide.len() * LANES..]) {
                        *sum += *x;
                    }
                }
            }
        }

        impl Curved for $T {
            fn forward(curve: Curve, y: &mut [Self]) {
                $precision::forward(curve, y);
            }

            fn backward(curve: Curve, saved: &[Self], d: &mut [Self]) {
                $precision::backward(curve, saved, d);
            }

            fn add_to_rows(rows: &mut [Self], bias: &[Self]) {
                if !bias.is_empty() {
                    $to_rows(rows, bias);
                }
            }

            fn add_rows(rows: &[Self], sums: &mut [Self]) {
                if !sums.is_empty() {
                    $rows(rows, sums);
                }
            }
        }
    };
}

curved!(
    f32,
    single,
    add_to_rows_f32,
    add_to_rows_f32_portable,
    add_rows_f32,
    add_rows_f32_portable
);
curved!(
    f64,
    double,
    add_to_rows_f64,
    add_to_rows_f64_portable,
    add_rows_f64,
    add_rows_f64_portable
);

/// What a pass does to rows of `columns` numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// Numbers in a row; of a pass that has no bias any number will do.
    pub(crate) columns: usize,
    /// φ, if there is one.
    pub(crate) curve: Option<Curve>,
    /// Whether the moments before and behind φ are wanted.
    pub(crate) look: [bool; 2],
}

/// Moments before and behind φ.
pub(crate) type Seen = [Moments; 2];

/// Those of two parts.
pub(crate) fn merged(a: Seen, b: Seen) -> Seen {
    [a[0].merged(b[0]), a[1].merged(b[1])]
}

impl Rows {
    /// Numbers in as many whole rows as about `numbers` are.
    fn whole(self, numbers: usize) -> usize {
        multiple(self.columns.max(1), numbers)
    }

    /// Adds the bias to `x` and puts φ of that into `y`, all of which is written, or in place.
    pub(crate) fn forward<T: Curved>(
        self,
        x: &mut [T],
        y: Option<&mut [MaybeUninit<T>]>,
        bias: Option<&[T]>,
    ) -> Seen {
        let piece = self.whole(PIECE);
        let pieces = x.chunks_mut(piece);
        let parts = match y {
            Some(y) => each(pieces.zip(y.chunks_mut(piece)), |(x, y)| {
                self.forward_part(x, Some(y), bias)
            }),
            None => each(pieces, |x| self.forward_part(x, None, bias)),
        };
        parts.into_iter().fold(Seen::default(), merged)
    }

    /// [`Self::forward`] on this thread.
    pub(crate) fn forward_part<T: Curved>(
        self,
        x: &mut [T],
        y: Option<&mut [MaybeUninit<T>]>,
        bias: Option<&[T]>,
    ) -> Seen {
        let block = self.whole(BLOCK);
        let mut seen = Seen::default();
        let mut y = y.map(|y| y.chunks_mut(block));
        for x in x.chunks_mut(block) {
            if let Some(bias) = bias {
                T::add_to_rows(x, bias);
            }
            if self.look[0] {
                seen[0] = seen[0].merged(T::moments(x));
            }
            let y = match y.as_mut().and_then(Iterator::next) {
                Some(y) => y.write_copy_of_slice(x),
                None => x,
            };
            if let Some(curve) = self.curve {
                T::forward(curve, y);
            }
            if self.look[1] {
                seen[1] = seen[1].merged(T::moments(y));
            }
        }
        seen
    }

    /// Turns the gradient behind φ into that before it, in place, and adds its rows to `sums`;
    /// `saved` is what [`Curve::keeps_output`] says. The sums do not depend on the number of threads.
    pub(crate) fn backward<T: Curved>(
        self,
        saved: &[T],
        d: &mut [T],
        sums: Option<&mut [T]>,
    ) -> Seen {
        let grain = self.whole(PIECE);
        if d.len() <= grain {
            return self.backward_part(saved, d, sums);
        }
        let width = sums.as_ref().map_or(0, |sums| sums.len());
        wake();
        let parts = d.par_chunks_mut(grain).zip(saved.par_chunks(grain));
        let parts: Vec<(Seen, Vec<T>)> = parts
            .map(|(d, saved)| {
                let mut sums = vec![T::default(); width];
                let seen = self.backward_part(saved, d, Some(&mut sums));
                (seen, sums)
            })
            .collect();
        let mut all = sums;
        parts
            .into_iter()
            .fold(Seen::default(), |seen, (part, sums)| {
                if let Some(all) = &mut all {
                    T::add_rows(&sums, all);
                }
                merged(seen, part)
            })
    }

    /// [`Self::backward`] on this thread.
    pub(crate) fn backward_part<T: Curved>(
        self,
        saved: &[T],
        d: &mut [T],
        mut sums: Option<&mut [T]>,
    ) -> Seen {
        let block = self.whole(BLOCK);
        let mut seen = Seen::default();
        for (saved, d) in saved.chunks(block).zip(d.chunks_mut(block)) {
            if self.look[1] {
                seen[1] = seen[1].merged(T::sizes(d));
            }
            if let Some(curve) = self.curve {
                T::backward(curve, saved, d);
            }
            seen[0] = seen[0].merged(self.read_block(d, sums.as_deref_mut()));
        }
        seen
    }

    /// [`Self::backward`] without φ, which changes nothing.
    pub(crate) fn read<T: Curved>(self, d: &[T], sums: Option<&mut [T]>) -> Moments {
        let grain = self.whole(PIECE);
        if d.len() <= grain {
            return self.read_part(d, sums);
        }
        let width = sums.as_ref().map_or(0, |sums| sums.len());
        wake();
        let parts: Vec<(Moments, Vec<T>)> = d
            .par_chunks(grain)
            .map(|d| {
                let mut sums = vec![T::default(); width];
                (self.read_part(d, Some(&mut sums)), sums)
            })
            .collect();
        let mut all = sums;
        let none = Moments::default();
        parts.into_iter().fold(none, |seen, (part, sums)| {
            if let Some(all) = &mut all {
                T::add_rows(&sums, all);
            }
            seen.merged(part)
        })
    }

    /// [`Self::read`] on this thread.
    pub(crate) fn read_part<T: Curved>(self, d: &[T], mut sums: Option<&mut [T]>) -> Moments {
        let blocks = d.chunks(self.whole(BLOCK));
        blocks.fold(Moments::default(), |seen, d| {
            seen.merged(self.read_block(d, sums.as_deref_mut()))
        })
    }

    fn read_block<T: Curved>(self, d: &[T], sums: Option<&mut [T]>) -> Moments {
        if let Some(sums) = sums {
            T::add_rows(d, sums);
        }
        if self.look[0] {
            T::sizes(d)
        } else {
            Moments::default()
        }
    }
}
