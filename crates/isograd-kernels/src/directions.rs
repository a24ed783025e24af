//! The directions of examples, whose sum has the mean cosine between them in its length.

use crate::fold::fold;
use crate::moments::{held, squares_f32, squares_f64};
use crate::probe::Slice;
use crate::width::widths;
use std::slice::ChunksExact;

/// Adds x/‖x‖ of every example to `sum`, accumulated in `f64`; how many they were. One without a
/// direction, of zeros or with a number that is not finite, is left out.
///
/// With n directions of sum s the mean cosine of two different ones is (‖s‖² − n)/(n(n − 1)).
///
/// # Shapes
///
/// - `examples`: rows of `sum.len()`
pub fn add_directions(examples: Slice<'_>, sum: &mut [f64]) -> usize {
    if sum.is_empty() {
        return 0;
    }
    match examples {
        Slice::F32(x) => add(x, sum, squares_f32, add_scaled_f32),
        Slice::F64(x) => add(x, sum, squares_f64, add_scaled_f64),
    }
}

fn add<T>(
    examples: &[T],
    sum: &mut [f64],
    squares: fn(&[T]) -> f64,
    add_scaled: fn(&[T], f64, &mut [f64]),
) -> usize {
    let mut count = 0;
    for example in examples.chunks_exact(sum.len()) {
        let norm = squares(example).sqrt();
        if norm > 0.0 && norm.is_finite() {
            add_scaled(example, norm.recip(), sum);
            count += 1;
        }
    }
    count
}

widths! {
    fn add_scaled_f32, add_scaled_f32_portable(example: &[f32], factor: f64, sum: &mut [f64]) {
        for (sum, &x) in sum.iter_mut().zip(example) {
            *sum += f64::from(x) * factor;
        }
    }
}

widths! {
    fn add_scaled_f64, add_scaled_f64_portable(example: &[f64], factor: f64, sum: &mut [f64]) {
        for (sum, &x) in sum.iter_mut().zip(example) {
            *sum += x * factor;
        }
    }
}

/// Σ of the cosines over all ordered pairs of different examples, of some that are few and small, and how
/// many pairs there are.
///
/// # Shapes
///
/// - `examples`: rows of `elements`
pub fn cosines(examples: Slice<'_>, elements: usize) -> (f64, f64) {
    if elements == 0 {
        return (0.0, 0.0);
    }
    let (square, count) = match examples {
        Slice::F32(x) => length_f32(x, elements),
        Slice::F64(x) => length_f64(x, elements),
    };
    let n = count as f64;
    (square - n, n * (n - 1.0))
}

/// Numbers of a column that are worked on together.
const LANES: usize = 16;

/// Examples that are compared, at most: more are not what this is for.
const FEW: usize = 16;

/// Columns whose squares are added up in single precision.
const SHORT: usize = 1 << 12;

/// Writes ‖Σ x/‖x‖‖² and the number of terms for one type.
macro_rules! length {
    ($T:ty, $name:ident, $portable:ident, $total:ident, $squares:ident) => {
        widths! {
            fn $name, $portable(examples: &[$T], elements: usize) -> (f64, usize) {
                let examples = &examples[..examples.len().min(FEW * elements)];
                let rows = || examples.chunks_exact(elements);
                let mut squares = [1.0 as $T; FEW];
                for (squares, example) in squares.iter_mut().zip(rows()) {
                    let mut sums = [0.0 as $T; LANES];
                    let (chunks, rest) = example.as_chunks::<LANES>();
                    for chunk in chunks {
                        for lane in 0..LANES {
                            sums[lane] += chunk[lane] * chunk[lane];
                        }
                    }
                    for (sum, &x) in sums.iter_mut().zip(rest) {
                        *sum += x * x;
                    }
                    *squares = fold(sums);
                }
                let mut factors = squares.map(|squares| squares.sqrt().recip());
                // Seldom anything else.
                let all = squares
                    .iter()
                    .fold(true, |all, &squares| all & held(f64::from(squares), elements));
                if all {
                    return ($total::<true>(rows(), elements, &factors), rows().len());
                }
                let mut count = 0;
                for ((factor, &squares), example) in factors.iter_mut().zip(&squares).zip(rows()) {
                    if !held(f64::from(squares), elements) {
                        *factor = $squares(example).sqrt().recip() as $T;
                    }
                    if factor.is_finite() && *factor > 0.0 {
                        count += 1;
                    } else {
                        *factor = 0.0;
                    }
                }
                ($total::<false>(rows(), elements, &factors), count)
            }
        }

        /// ‖Σ factor·x‖². Without `ALL`, what has the factor 0 is left out: what is not a number is not in
        /// it, not even times 0.
        #[inline(always)]
        fn $total<const ALL: bool>(
            rows: ChunksExact<'_, $T>,
            elements: usize,
            factors: &[$T; FEW],
        ) -> f64 {
            let rows = || {
                rows.clone()
                    .zip(factors)
                    .filter(|(_, factor)| ALL || **factor != 0.0)
            };
            let mut square = 0.0;
            let mut short = [0.0 as $T; LANES];
            let whole = elements / LANES * LANES;
            for at in (0..whole).step_by(LANES) {
                let mut sums = [0.0 as $T; LANES];
                for (example, &factor) in rows() {
                    let column = &example[at..at + LANES];
                    for lane in 0..LANES {
                        sums[lane] += factor * column[lane];
                    }
                }
                for lane in 0..LANES {
                    short[lane] += sums[lane] * sums[lane];
                }
                if (at + LANES) % SHORT == 0 {
                    square += f64::from(fold(short));
                    short = [0.0; LANES];
                }
            }
            if whole < elements {
                let mut sums = [0.0 as $T; LANES];
                for (example, &factor) in rows() {
                    for (sum, &x) in sums.iter_mut().zip(&example[whole..]) {
                        *sum += factor * x;
                    }
                }
                for lane in 0..LANES {
                    short[lane] += sums[lane] * sums[lane];
                }
            }
            square + f64::from(fold(short))
        }
    };
}

length!(f32, length_f32, length_f32_portable, total_f32, squares_f32);
length!(f64, length_f64, length_f64_portable, total_f64, squares_f64);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_are_those_of_the_definition(
            values in prop::collection::vec(-3f32..3.0, 0..200),
            elements in 1usize..9,
            power in -30i32..15,
        ) {
            let values: Vec<f32> = values.iter().map(|x| x * 10f32.powi(power)).collect();
            let wide: Vec<f64> = values.iter().map(|&x| f64::from(x)).collect();
            let mut expected = vec![0.0; elements];
            let mut count = 0;
            for row in wide.chunks_exact(elements) {
                let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
                if norm > 0.0 {
                    expected.iter_mut().zip(row).for_each(|(sum, x)| *sum += x / norm);
                    count += 1;
                }
            }
            for (examples, tolerance) in [(Slice::F32(&values), 2e-6), (Slice::F64(&wide), 1e-12)] {
                let mut sum = vec![0.0; elements];
                prop_assert_eq!(add_directions(examples, &mut sum), count);
                for (a, b) in sum.iter().zip(&expected) {
                    prop_assert!((a - b).abs() <= tolerance * count as f64, "{a} {b}");
                }
                if count <= 16 && values.len() < 16 * elements {
                    let square: f64 = expected.iter().map(|x| x * x).sum();
                    let n = count as f64;
                    let (alike, pairs) = cosines(examples, elements);
                    prop_assert_eq!(pairs, n * (n - 1.0));
                    prop_assert!((alike - (square - n)).abs() <= tolerance * (n * n + 1.0));
                }
            }
        }
    }

    #[test]
    fn what_has_no_direction_is_left_out() {
        let rows = [0.0, 0.0, 3.0, 4.0, f32::NAN, 1.0, f32::INFINITY, 0.0];
        let mut sum = [0.0; 2];
        assert_eq!(add_directions(Slice::F32(&rows), &mut sum), 1);
        assert!((sum[0] - 0.6).abs() < 1e-7 && (sum[1] - 0.8).abs() < 1e-7);
        assert_eq!(add_directions(Slice::F32(&rows), &mut []), 0);
        assert_eq!(cosines(Slice::F32(&rows), 2), (0.0, 0.0));
        assert_eq!(cosines(Slice::F32(&rows), 0), (0.0, 0.0));
    }
}
