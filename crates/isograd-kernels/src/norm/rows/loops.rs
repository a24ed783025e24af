//! The loops of normalisations over rows: layer, group, instance and root mean square.

use super::Rows;
use crate::norm::number::Number;
use crate::norm::sums::{LANES, fold, not_below_zero, shifted, two_sums};

impl Rows {
    /// Units of one row.
    pub(in crate::norm) fn units(&self) -> usize {
        self.elements / self.positions
    }

    /// The first unit of a row.
    fn unit(&self, row: usize) -> usize {
        (row % self.groups) * self.units()
    }
}

/// y = γ·x̂ + β of every row, the first being the `first`-th; leaves mean (or 0) and 1/√(variance + ε)
/// of each in `statistics`.
#[inline(always)]
pub(in crate::norm) fn rows<T: Number>(
    x: &[T],
    how: Rows,
    first: usize,
    maps: [&[T]; 2],
    y: &mut [T],
    statistics: &mut [T],
) {
    let lines = x
        .chunks_exact(how.elements)
        .zip(y.chunks_exact_mut(how.elements));
    for (i, ((x, y), statistics)) in lines.zip(statistics.chunks_exact_mut(2)).enumerate() {
        let unit = how.unit(first + i);
        let [gamma, beta] = maps.map(|values| &values[unit..][..how.units()]);
        let [mean, inverse] = statistics_of(x, how);
        statistics.copy_from_slice(&[mean, inverse]);
        if how.positions == 1 {
            let maps = gamma.iter().zip(beta);
            for ((y, &x), (&gamma, &beta)) in y.iter_mut().zip(x).zip(maps) {
                *y = (x - mean) * inverse * gamma + beta;
            }
            continue;
        }
        let runs = x
            .chunks_exact(how.positions)
            .zip(y.chunks_exact_mut(how.positions));
        for ((x, y), (&gamma, &beta)) in runs.zip(gamma.iter().zip(beta)) {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = (x - mean) * inverse * gamma + beta;
            }
        }
    }
}

#[inline(always)]
fn statistics_of<T: Number>(x: &[T], how: Rows) -> [T; 2] {
    let count = x.len() as f64;
    let origin = if how.centred { x[0].wide() } else { 0.0 };
    let [sum, squares] = shifted(x, origin);
    let off = if how.centred { sum / count } else { 0.0 };
    let variance = not_below_zero(squares / count - off * off);
    let inverse = (variance + how.epsilon).sqrt().recip();
    [T::of(origin + off), T::of(inverse)]
}

/// The gradient of [`rows`]: `d` becomes that of x; those of γ and β are added to `sums`.
#[inline(always)]
pub(in crate::norm) fn rows_gradient<T: Number>(
    d: &mut [T],
    x: &[T],
    how: Rows,
    first: usize,
    statistics: &[T],
    gamma: &[T],
    sums: [&mut [T]; 2],
) {
    let [all_to_gamma, all_to_beta] = sums;
    let lines = d
        .chunks_exact_mut(how.elements)
        .zip(x.chunks_exact(how.elements));
    for (i, ((d, x), statistics)) in lines.zip(statistics.chunks_exact(2)).enumerate() {
        let unit = how.unit(first + i);
        let gamma = &gamma[unit..][..how.units()];
        let to_gamma = &mut all_to_gamma[unit..][..how.units()];
        let to_beta = &mut all_to_beta[unit..][..how.units()];
        let (mean, inverse) = (statistics[0], statistics[1]);
        let [a, b] = if how.positions == 1 {
            for ((&d, &x), (g, b)) in d.iter().zip(x).zip(to_gamma.iter_mut().zip(to_beta)) {
                *g += d * ((x - mean) * inverse);
                *b += d;
            }
            scaled_sums(d, x, gamma, mean)
        } else {
            let mut both = [0.0; 2];
            let runs = d
                .chunks_exact(how.positions)
                .zip(x.chunks_exact(how.positions));
            let sums = to_gamma.iter_mut().zip(to_beta);
            for (((d, x), &gamma), (g, b)) in runs.zip(gamma).zip(sums) {
                let [p, q] = two_sums(d, x, |d, x| [d.wide(), d.wide() * (x - mean).wide()]);
                both[0] += gamma.wide() * p;
                both[1] += gamma.wide() * q;
                *g += T::of(q * inverse.wide());
                *b += T::of(p);
            }
            both
        };
        let (count, wide) = (x.len() as f64, inverse.wide());
        let shift = T::of(if how.centred { wide * a / count } else { 0.0 });
        let slope = T::of(wide * wide * wide * b / count);
        if how.positions == 1 {
            for ((d, &x), &gamma) in d.iter_mut().zip(x).zip(gamma) {
                *d = *d * gamma * inverse - (x - mean) * slope - shift;
            }
            continue;
        }
        let runs = d
            .chunks_exact_mut(how.positions)
            .zip(x.chunks_exact(how.positions));
        for ((d, x), &gamma) in runs.zip(gamma) {
            for (d, &x) in d.iter_mut().zip(x) {
                *d = *d * gamma * inverse - (x - mean) * slope - shift;
            }
        }
    }
}

/// Σ d·γ and Σ d·γ·(x − mean).
#[inline(always)]
fn scaled_sums<T: Number>(d: &[T], x: &[T], gamma: &[T], mean: T) -> [f64; 2] {
    let (mut a, mut b) = ([0.0f64; LANES], [0.0f64; LANES]);
    let (ds, d_rest) = d.as_chunks::<LANES>();
    let (xs, x_rest) = x.as_chunks::<LANES>();
    let (gs, g_rest) = gamma.as_chunks::<LANES>();
    for ((d, x), g) in ds.iter().zip(xs).zip(gs) {
        for lane in 0..LANES {
            let scaled = (d[lane] * g[lane]).wide();
            a[lane] += scaled;
            b[lane] += scaled * (x[lane] - mean).wide();
        }
    }
    let rest = d_rest.iter().zip(x_rest).zip(g_rest);
    for (lane, ((&d, &x), &gamma)) in rest.enumerate() {
        let scaled = (d * gamma).wide();
        a[lane] += scaled;
        b[lane] += scaled * (x - mean).wide();
    }
    [fold(a), fold(b)]
}
