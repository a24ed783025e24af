//! The course of a gradient: a mean over the last steps of a few of its numbers.

use crate::fold::fold;
use crate::values::{Numbers, Values};
use crate::width::widths;

/// Numbers of a gradient that are followed: those in its middle.
pub const FOLLOWED: usize = 64;

/// Numbers that are added up side by side.
const LANES: usize = 16;

impl Values {
    /// mean ← keep·mean + (1 − keep)·g for the numbers in the middle; Σ g² of those and Σ mean², in
    /// `f64`. Numbers that there are none of stay 0.
    pub fn follow(&self, mean: &mut [f32; FOLLOWED], keep: f32) -> [f64; 2] {
        let Numbers::Flex(tensor) = &self.0 else {
            return [f64::NAN; 2];
        };
        if let Some(values) = tensor.as_slice::<f32>() {
            return follow(middle(values), mean, keep);
        }
        let Some(values) = tensor.as_slice::<f64>() else {
            return [f64::NAN; 2];
        };
        let values: Vec<f32> = middle(values).iter().map(|&x| x as f32).collect();
        follow(&values, mean, keep)
    }
}

fn middle<T>(values: &[T]) -> &[T] {
    let count = values.len().min(FOLLOWED);
    let at = (values.len() - count) / 2;
    &values[at..at + count]
}

widths! {
    fn follow, portable(values: &[f32], mean: &mut [f32; FOLLOWED], keep: f32) -> [f64; 2] {
        let mut short;
        let now = if let Ok(all) = <&[f32; FOLLOWED]>::try_from(values) {
            all
        } else {
            short = [0.0f32; FOLLOWED];
            short[..values.len()].copy_from_slice(values);
            &short
        };
        let mut sums = [[0.0f64; LANES]; 2];
        let (turns, _) = now.as_chunks::<LANES>();
        let (means, _) = mean.as_chunks_mut::<LANES>();
        for (now, mean) in turns.iter().zip(means) {
            for lane in 0..LANES {
                let g = now[lane];
                mean[lane] = keep * mean[lane] + (1.0 - keep) * g;
                let (g, m) = (f64::from(g), f64::from(mean[lane]));
                sums[0][lane] += g * g;
                sums[1][lane] += m * m;
            }
        }
        sums.map(fold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, Tensor};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_mean_of_what_was_there(
            steps in prop::collection::vec(prop::collection::vec(-1f32..1.0, 150), 1..6),
            count in 0usize..150,
            keep in 0.0f32..0.99,
            power in -35i32..10,
        ) {
            let factor = 10f32.powi(power);
            let first = (count - count.min(FOLLOWED)) / 2;
            let (mut mean, mut wide) = ([0.0; FOLLOWED], [0.0; FOLLOWED]);
            let mut expected = [0.0; FOLLOWED];
            for step in steps {
                let step: Vec<f32> = step[..count].iter().map(|x| x * factor).collect();
                let x = Tensor::<1>::from_floats(&step[..], &Device::flex());
                let found = Values::of(x.clone()).follow(&mut mean, keep);
                let again = Values::of(x.cast(DType::F64)).follow(&mut wide, keep);
                prop_assert_eq!(found, again);
                let mut squares = [0.0; 2];
                for at in 0..count.min(FOLLOWED) {
                    let g = f64::from(step[first + at]);
                    expected[at] = f64::from(keep) * expected[at] + (1.0 - f64::from(keep)) * g;
                    squares[0] += g * g;
                    squares[1] += expected[at] * expected[at];
                }
                for (a, b) in found.iter().zip(squares) {
                    prop_assert!((a - b).abs() <= 1e-4 * b.max(1e-90), "{found:?} {squares:?}");
                }
            }
            let mut portable_mean = mean;
            let step = [0.5f32; 7];
            let a = follow(&step, &mut mean, keep);
            prop_assert_eq!(a, portable(&step, &mut portable_mean, keep));
            prop_assert_eq!(mean, portable_mean);
        }
    }
}
