//! Squared slopes of an activation, unit by unit.

use super::float::exp;
use super::{Curve, Curved};
use crate::probe::Slice;
use crate::width::widths;

/// Numbers of a block: they stay in the first cache between two functions.
const BLOCK: usize = 1 << 11;

/// Adds Σ φ′(x)² of each unit to its sum. Slopes of sigmoids are taken from x, so that they are there
/// far beyond the point at which 1 − y² is 0 in single precision; the squares are accumulated in `f64`,
/// of single precision after sums of up to 64 or of one unit's numbers side by side.
///
/// # Shapes
///
/// - `x`: rows of `[sums.len(), inner]`; what is no whole row is left out
pub fn add_slope_squares(curve: Curve, x: Slice<'_>, inner: usize, sums: &mut [f64]) {
    match x {
        Slice::F32(x) if plain(curve) => {
            let row = (sums.len() * inner).max(1);
            plain_f32(curve, &x[..x.len() / row * row], inner, sums);
        }
        Slice::F32(x) => add(curve, x, inner, sums, slopes_f32, squares_f32),
        Slice::F64(x) => add(curve, x, inner, sums, slopes_f64, squares_f64),
    }
}

/// Units that are worked on together.
const LANES: usize = 16;

/// Rows whose squares are added up in single precision.
const SHORT: usize = 64;

/// Whether the slope is a short formula in x, for which nothing needs to be kept.
fn plain(curve: Curve) -> bool {
    matches!(
        curve,
        Curve::Relu
            | Curve::LeakyRelu { .. }
            | Curve::Sigmoid
            | Curve::Tanh
            | Curve::ScaledTanh { .. }
    )
}

widths! {
    fn plain_f32, plain_f32_portable(curve: Curve, x: &[f32], inner: usize, sums: &mut [f64]) {
        match curve {
            Curve::Relu => run(x, inner, sums, |x| if x <= 0.0 { 0.0 } else { 1.0 }),
            Curve::LeakyRelu { slope } => {
                let slope = slope as f32;
                run(x, inner, sums, |x| if x <= 0.0 { slope } else { 1.0 });
            }
            Curve::Sigmoid => run(x, inner, sums, |x| bell(x.abs())),
            Curve::Tanh => run(x, inner, sums, |x| 4.0 * bell(2.0 * x.abs())),
            Curve::ScaledTanh { output, input } => {
                let (height, input) = (4.0 * (output * input) as f32, 2.0 * input as f32);
                run(x, inner, sums, |x| height * bell(input * x.abs()));
            }
            _ => {}
        }
    }
}

/// φ′ of a sigmoid at ±x, in which nothing cancels.
#[inline(always)]
fn bell(x: f32) -> f32 {
    let t = exp(-x);
    let below = 1.0 + t;
    t / (below * below)
}

#[inline(always)]
fn run(x: &[f32], inner: usize, sums: &mut [f64], slope: impl Fn(f32) -> f32) {
    let row = sums.len() * inner;
    if inner == 1 {
        for rows in x.chunks(SHORT * row) {
            let mut at = 0;
            let (columns, rest) = sums.as_chunks_mut::<LANES>();
            for sums in columns {
                let mut short = [0.0f32; LANES];
                for row in rows.chunks_exact(row) {
                    if let Some(column) = row.get(at..at + LANES) {
                        for lane in 0..LANES {
                            let slope = slope(column[lane]);
                            short[lane] += slope * slope;
                        }
                    }
                }
                for lane in 0..LANES {
                    sums[lane] += f64::from(short[lane]);
                }
                at += LANES;
            }
            for row in rows.chunks_exact(row) {
                for (sum, &x) in rest.iter_mut().zip(&row[at..]) {
                    let slope = slope(x);
                    *sum += f64::from(slope * slope);
                }
            }
        }
        return;
    }
    for row in x.chunks_exact(row) {
        for (sum, unit) in sums.iter_mut().zip(row.chunks_exact(inner)) {
            let mut short = [0.0f32; LANES];
            let (chunks, rest) = unit.as_chunks::<LANES>();
            for chunk in chunks {
                for lane in 0..LANES {
                    let slope = slope(chunk[lane]);
                    short[lane] += slope * slope;
                }
            }
            for (short, &x) in short.iter_mut().zip(rest) {
                let slope = slope(x);
                *short += slope * slope;
            }
            *sum += short.iter().map(|&short| f64::from(short)).sum::<f64>();
        }
    }
}

fn add<T: Curved>(
    curve: Curve,
    x: &[T],
    inner: usize,
    sums: &mut [f64],
    slopes: fn(Curve, &[T], &mut Vec<T>),
    squares: fn(&[T], usize, &mut [f64]),
) {
    let row = sums.len() * inner;
    if row == 0 {
        return;
    }
    let whole = x.len() / row * row;
    let mut buffer = Vec::with_capacity(row.max(BLOCK).min(whole));
    for block in x[..whole].chunks((BLOCK / row).max(1) * row) {
        slopes(curve, block, &mut buffer);
        squares(&buffer, inner, sums);
    }
}

/// Writes both for one type.
macro_rules! slopes {
    ($T:ty, $slopes:ident, $squares:ident, $portable:ident) => {
        /// φ′(x).
        fn $slopes(curve: Curve, x: &[$T], y: &mut Vec<$T>) {
            // φ′ of a sigmoid with e^−s|x|, in which nothing cancels.
            let bell = |y: &mut Vec<$T>, s: $T, height: $T| {
                y.clear();
                y.extend(x.iter().map(|x| -s * x.abs()));
                <$T>::forward(Curve::Exponential, y);
                for t in y.iter_mut() {
                    let below = 1.0 + *t;
                    *t = height * (*t / (below * below));
                }
            };
            match curve {
                Curve::Sigmoid => bell(y, 1.0, 1.0),
                Curve::Tanh => bell(y, 2.0, 4.0),
                Curve::ScaledTanh { output, input } => {
                    bell(y, 2.0 * input as $T, 4.0 * (output * input) as $T);
                }
                Curve::Softplus | Curve::Exponential => {
                    let slope = match curve {
                        Curve::Softplus => Curve::Sigmoid,
                        other => other,
                    };
                    y.clear();
                    y.extend_from_slice(x);
                    <$T>::forward(slope, y);
                }
                _ => {
                    let mut saved = x.to_vec();
                    if curve.keeps_output() {
                        <$T>::forward(curve, &mut saved);
                    }
                    y.clear();
                    y.resize(x.len(), 1.0);
                    <$T>::backward(curve, &saved, y);
                }
            }
        }

        widths! {
            fn $squares, $portable(slopes: &[$T], inner: usize, sums: &mut [f64]) {
                if inner == 1 {
                    for row in slopes.chunks_exact(sums.len()) {
                        for (sum, &slope) in sums.iter_mut().zip(row) {
                            let slope = f64::from(slope);
                            *sum += slope * slope;
                        }
                    }
                } else {
                    for (at, unit) in slopes.chunks_exact(inner).enumerate() {
                        let squares = unit.iter().map(|&slope| f64::from(slope) * f64::from(slope));
                        sums[at % sums.len()] += squares.sum::<f64>();
                    }
                }
            }
        }
    };
}

slopes!(f32, slopes_f32, squares_f32, squares_f32_portable);
slopes!(f64, slopes_f64, squares_f64, squares_f64_portable);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::tests::CURVES;
    use proptest::prelude::*;

    /// Central differences of φ in double precision.
    fn slope(curve: Curve, x: f64) -> f64 {
        let mut y = [x + 1e-5, x - 1e-5];
        f64::forward(curve, &mut y);
        (y[0] - y[1]) / 2e-5
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_definition(
            x in prop::collection::vec(-4f32..4.0, 0..200),
            units in 1usize..6,
            inner in 1usize..4,
        ) {
            // Kinks have no slope.
            let x: Vec<f32> = x.into_iter().filter(|x| x.abs() > 1e-3 && (x.abs() - 2.5).abs() > 1e-3).collect();
            let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
            for curve in CURVES {
                let mut expected = vec![0.0; units];
                let row = units * inner;
                for (at, &x) in wide[..wide.len() / row * row].iter().enumerate() {
                    expected[at / inner % units] += slope(curve, x).powi(2);
                }
                let (mut single, mut double) = (vec![0.0; units], vec![0.0; units]);
                add_slope_squares(curve, Slice::F32(&x), inner, &mut single);
                add_slope_squares(curve, Slice::F64(&wide), inner, &mut double);
                for unit in 0..units {
                    let scale = expected[unit].max(1e-3);
                    prop_assert!((double[unit] - expected[unit]).abs() < 1e-6 * scale, "{curve:?}");
                    prop_assert!((single[unit] - expected[unit]).abs() < 1e-4 * scale, "{curve:?}");
                }
            }
        }
    }

    #[test]
    fn saturated_is_not_dead() {
        for curve in [Curve::Sigmoid, Curve::Tanh, Curve::Softplus] {
            let mut sums = [0.0];
            add_slope_squares(curve, Slice::F32(&[-20.0]), 1, &mut sums);
            assert!(sums[0] > 0.0 && sums[0] < 1e-16, "{curve:?}: {}", sums[0]);
        }
        let mut sums = [0.0];
        add_slope_squares(Curve::Relu, Slice::F32(&[-20.0]), 1, &mut sums);
        assert_eq!(sums[0], 0.0);
        add_slope_squares(Curve::Tanh, Slice::F32(&[f32::NAN]), 1, &mut sums);
        assert!(sums[0].is_nan());
    }
}
