//! The loops of batch normalisation over stretches of memory that fit into the cache.
//!
//! A *run* is what one unit has in one example: its positions, side by side. Where a unit has one
//! position only, the units themselves lie side by side, and the loops go over them.

use crate::norm::number::Number;
use crate::norm::sums::{shifted, two_sums};

/// The units of the runs of a stretch: its first run's, of how many, and how long a run is.
#[derive(Clone, Copy, Debug)]
pub(in crate::norm) struct Runs {
    pub(in crate::norm) first: usize,
    pub(in crate::norm) units: usize,
    pub(in crate::norm) positions: usize,
}

impl Runs {
    /// The unit of each run, one after another.
    #[inline(always)]
    fn each(self) -> impl Iterator<Item = usize> {
        let mut next = self.first;
        std::iter::repeat_with(move || {
            let unit = next;
            next = if unit + 1 == self.units { 0 } else { unit + 1 };
            unit
        })
    }
}

/// What a linear map of each unit is made of: scale·(x − mean) + shift.
#[derive(Clone, Copy, Debug)]
pub(in crate::norm) struct Maps<'a, T> {
    pub(in crate::norm) mean: &'a [T],
    pub(in crate::norm) scale: &'a [T],
    pub(in crate::norm) shift: &'a [T],
}

/// Adds Σ (x − origin) and Σ (x − origin)² of every unit to `sums`, first all of the one, then all of
/// the other.
#[inline(always)]
pub(in crate::norm) fn statistics<T: Number>(x: &[T], runs: Runs, origin: &[T], sums: &mut [f64]) {
    let (first, second) = sums.split_at_mut(runs.units);
    if runs.positions == 1 {
        for row in x.chunks_exact(runs.units) {
            let sums = first.iter_mut().zip(second.iter_mut());
            for ((&x, &origin), (a, b)) in row.iter().zip(origin).zip(sums) {
                let c = x.wide() - origin.wide();
                *a += c;
                *b += c * c;
            }
        }
        return;
    }
    for (run, unit) in x.chunks_exact(runs.positions).zip(runs.each()) {
        let [a, b] = shifted(run, origin[unit].wide());
        first[unit] += a;
        second[unit] += b;
    }
}

/// y = scale·(x − mean) + shift, every unit with its own.
#[inline(always)]
pub(in crate::norm) fn apply<T: Number>(x: &[T], runs: Runs, maps: Maps<'_, T>, y: &mut [T]) {
    let (mean, scale, shift) = (maps.mean, maps.scale, maps.shift);
    if runs.positions == 1 {
        let rows = x.chunks_exact(runs.units);
        for (x, y) in rows.zip(y.chunks_exact_mut(runs.units)) {
            let maps = mean.iter().zip(scale).zip(shift);
            for ((y, &x), ((&mean, &scale), &shift)) in y.iter_mut().zip(x).zip(maps) {
                *y = (x - mean) * scale + shift;
            }
        }
        return;
    }
    let pairs = x
        .chunks_exact(runs.positions)
        .zip(y.chunks_exact_mut(runs.positions));
    for ((x, y), unit) in pairs.zip(runs.each()) {
        let (mean, scale, shift) = (mean[unit], scale[unit], shift[unit]);
        for (y, &x) in y.iter_mut().zip(x) {
            *y = (x - mean) * scale + shift;
        }
    }
}

/// Adds Σ d and Σ d·(x − mean) of every unit to `sums`, first all of the one, then all of the other.
#[inline(always)]
pub(in crate::norm) fn products<T: Number>(
    d: &[T],
    x: &[T],
    runs: Runs,
    mean: &[T],
    sums: &mut [f64],
) {
    let (first, second) = sums.split_at_mut(runs.units);
    if runs.positions == 1 {
        let rows = d.chunks_exact(runs.units).zip(x.chunks_exact(runs.units));
        for (d, x) in rows {
            let sums = first.iter_mut().zip(second.iter_mut());
            for (((&d, &x), &mean), (a, b)) in d.iter().zip(x).zip(mean).zip(sums) {
                *a += d.wide();
                *b += d.wide() * (x - mean).wide();
            }
        }
        return;
    }
    let pairs = d
        .chunks_exact(runs.positions)
        .zip(x.chunks_exact(runs.positions));
    for ((d, x), unit) in pairs.zip(runs.each()) {
        let mean = mean[unit];
        let [a, b] = two_sums(d, x, |d, x| [d.wide(), d.wide() * (x - mean).wide()]);
        first[unit] += a;
        second[unit] += b;
    }
}

/// d = scale·d − slope·(x − mean) − shift, every unit with its own.
#[inline(always)]
pub(in crate::norm) fn gradient<T: Number>(
    d: &mut [T],
    x: &[T],
    runs: Runs,
    maps: Maps<'_, T>,
    slope: &[T],
) {
    let (mean, scale, shift) = (maps.mean, maps.scale, maps.shift);
    if runs.positions == 1 {
        let rows = d
            .chunks_exact_mut(runs.units)
            .zip(x.chunks_exact(runs.units));
        for (d, x) in rows {
            let maps = mean.iter().zip(scale).zip(shift).zip(slope);
            for ((d, &x), (((&mean, &scale), &shift), &slope)) in d.iter_mut().zip(x).zip(maps) {
                *d = *d * scale - (x - mean) * slope - shift;
            }
        }
        return;
    }
    let pairs = d
        .chunks_exact_mut(runs.positions)
        .zip(x.chunks_exact(runs.positions));
    for ((d, x), unit) in pairs.zip(runs.each()) {
        let (mean, scale, shift, slope) = (mean[unit], scale[unit], shift[unit], slope[unit]);
        for (d, &x) in d.iter_mut().zip(x) {
            *d = *d * scale - (x - mean) * slope - shift;
        }
    }
}
