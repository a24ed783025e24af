//! Moments of a tensor in one pass.

mod short;

use crate::width::widths;
use burn::backend::Flex;
use burn::tensor::Tensor;
pub(crate) use short::held;
use short::{Short, short};

/// Sums over the elements of one tensor, accumulated in `f64`: the square of a vanished gradient
/// (1e-30) does not exist in `f32`.
///
/// Of numbers in single precision, sums of 256 terms are taken in `f32` and accumulated in `f64`,
/// which costs a quarter: Σ x² is exact to 4e-6 of itself and Σ x to 4e-6 of Σ |x|. Where squares would
/// leave the range of `f32`, or a number is not finite, everything is taken in `f64` again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    /// Elements seen, non-finite ones included.
    pub count: u64,
    /// Σ x; NaN where it was not taken, as it is not of gradients.
    pub sum: f64,
    /// Σ x².
    pub sum_squares: f64,
    /// max |x|, NaN left out; 0 for no elements.
    pub max_abs: f64,
    /// Elements that are NaN or infinite.
    pub non_finite: u64,
}

impl PartialEq for Moments {
    /// NaN is equal to NaN: a sum that was not taken to another.
    fn eq(&self, other: &Self) -> bool {
        let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
        self.count == other.count
            && same(self.sum, other.sum)
            && same(self.sum_squares, other.sum_squares)
            && self.max_abs == other.max_abs
            && self.non_finite == other.non_finite
    }
}

/// Moments of a tensor, read in place on Flex, else from a copy on the host.
pub fn moments<const D: usize>(tensor: &Tensor<D>) -> Moments {
    if let Ok(primitive) = tensor.clone().try_into_primitive::<Flex>() {
        let read = primitive.to_contiguous();
        if let Some(values) = read.as_slice::<f32>() {
            return Moments::of_f32(values);
        }
        if let Some(values) = read.as_slice::<f64>() {
            return Moments::of_f64(values);
        }
    }
    let values: Vec<f64> = tensor.to_data().iter::<f64>().collect();
    Moments::of_f64(&values)
}

/// Independent accumulators: enough for the widest vector units to be busy.
const LANES: usize = 16;

/// Writes one pass over a slice.
macro_rules! one_pass {
    ($name:ident, $portable:ident, $float:ty) => {
        widths! {
            fn $name, $portable(values: &[$float]) -> Moments {
            let mut sum = [0.0f64; LANES];
            let mut squares = [0.0f64; LANES];
            let mut max = [0.0 as $float; LANES];
            let mut bad = [0u32; LANES];
            let mut non_finite = 0u64;
            // Blocks keep the 32-bit counters of the lanes from overflowing.
            for block in values.chunks(1 << 20) {
                let (chunks, rest) = block.as_chunks::<LANES>();
                for chunk in chunks {
                    for lane in 0..LANES {
                        let x = chunk[lane];
                        let wide = f64::from(x);
                        sum[lane] += wide;
                        squares[lane] += wide * wide;
                        let magnitude = x.abs();
                        // A comparison with NaN is false, so NaN never becomes the maximum.
                        max[lane] = if magnitude > max[lane] {
                            magnitude
                        } else {
                            max[lane]
                        };
                        // x − x is 0 for every finite x and NaN for the others.
                        bad[lane] += u32::from(x - x != 0.0);
                    }
                }
                for (lane, &x) in rest.iter().enumerate() {
                    let wide = f64::from(x);
                    sum[lane] += wide;
                    squares[lane] += wide * wide;
                    max[lane] = if x.abs() > max[lane] {
                        x.abs()
                    } else {
                        max[lane]
                    };
                    bad[lane] += u32::from(x - x != 0.0);
                }
                non_finite += bad.iter().map(|&n| u64::from(n)).sum::<u64>();
                bad = [0; LANES];
            }
            Moments {
                count: values.len() as u64,
                sum: sum.iter().sum(),
                sum_squares: squares.iter().sum(),
                max_abs: f64::from(max.iter().copied().fold(0.0, <$float>::max)),
                non_finite,
            }
        }
        }
    };
}

one_pass!(one_pass_f32, portable_f32, f32);
one_pass!(one_pass_f64, portable_f64, f64);

/// Σ x², as [`Moments::of_f32`] has it.
pub(crate) fn squares_f32(values: &[f32]) -> f64 {
    let Short { squares, .. } = short::<false, false>(values);
    if held(squares, values.len()) {
        squares
    } else {
        one_pass_f32(values).sum_squares
    }
}

/// Σ x², as [`Moments::of_f64`] has it.
pub(crate) fn squares_f64(values: &[f64]) -> f64 {
    one_pass_f64(values).sum_squares
}

impl Moments {
    /// Moments of a slice in one pass. NaN and infinities pass through into the sums. The order of
    /// the additions is the same on every processor; squares are rounded before only where the processor
    /// has no AVX-512.
    pub fn of_f32(values: &[f32]) -> Self {
        Self::from_short(values, short::<true, true>(values))
            .unwrap_or_else(|| one_pass_f32(values))
    }

    /// The same without Σ x, in less time: what is asked of gradients.
    pub fn sizes_of_f32(values: &[f32]) -> Self {
        Self::from_short(values, short::<false, true>(values))
            .unwrap_or_else(|| one_pass_f32(values))
            .without_sum()
    }

    /// `None` where single precision did not hold all squares.
    fn from_short(values: &[f32], short: Short) -> Option<Self> {
        let enough = held(short.squares, values.len()) || values.iter().all(|&x| x == 0.0);
        enough.then(|| Self {
            count: values.len() as u64,
            sum: short.sum,
            sum_squares: short.squares,
            max_abs: f64::from(short.largest),
            non_finite: 0,
        })
    }

    /// [`sizes_of_f32`](Self::sizes_of_f32) in double precision.
    pub fn sizes_of_f64(values: &[f64]) -> Self {
        one_pass_f64(values).without_sum()
    }

    fn without_sum(self) -> Self {
        Self {
            sum: f64::NAN,
            ..self
        }
    }

    /// The same in double precision.
    pub fn of_f64(values: &[f64]) -> Self {
        one_pass_f64(values)
    }

    /// √(Σ x² / count); 0 for no elements.
    pub fn rms(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            (self.sum_squares / self.count as f64).sqrt()
        }
    }

    /// Σ x / count; 0 for no elements.
    pub fn mean(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum / self.count as f64
        }
    }

    /// Moments of both together.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            sum_squares: self.sum_squares + other.sum_squares,
            max_abs: self.max_abs.max(other.max_abs),
            non_finite: self.non_finite + other.non_finite,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::short::portable;
    use super::*;
    use burn::tensor::{DType, Device};
    use proptest::prelude::*;

    /// The definition, one element after another.
    fn plain(values: &[f32]) -> Moments {
        let mut m = Moments {
            count: values.len() as u64,
            ..Moments::default()
        };
        for &x in values {
            m.sum += f64::from(x);
            m.sum_squares += f64::from(x) * f64::from(x);
            m.max_abs = m.max_abs.max(f64::from(x.abs()));
            m.non_finite += u64::from(!x.is_finite());
        }
        m
    }

    proptest! {
        #[test]
        fn they_agree_with_the_definition(
            values in prop::collection::vec(-1e3f32..1e3, 0..9000),
            power in -45i32..36,
        ) {
            let values: Vec<f32> = values.iter().map(|x| x * 10f32.powi(power)).collect();
            let (a, b) = (Moments::of_f32(&values), plain(&values));
            prop_assert_eq!(a.count, b.count);
            prop_assert_eq!(a.max_abs, b.max_abs);
            prop_assert_eq!(a.non_finite, b.non_finite);
            if b.non_finite == 0 {
                let scale = values.iter().map(|x| f64::from(x.abs())).sum::<f64>();
                prop_assert!((a.sum - b.sum).abs() <= 4e-6 * scale);
                prop_assert!((a.sum_squares - b.sum_squares).abs() <= 4e-6 * b.sum_squares);
                let squares = squares_f32(&values);
                prop_assert!((squares - b.sum_squares).abs() <= 4e-6 * b.sum_squares);
            }
            prop_assert_eq!(Moments::sizes_of_f32(&values), Moments::of_f32(&values).without_sum());
            // Every processor adds in the same order.
            let same = |a: Short, b: Short| {
                let gap = (a.squares - b.squares).abs();
                (a.sum, a.largest) == (b.sum, b.largest) && gap <= 4e-6 * b.squares
            };
            let sums = short::<true, true>(&values);
            if held(sums.squares, values.len()) {
                prop_assert!(same(sums, portable::<true, true>(&values)));
                prop_assert!(same(short::<false, true>(&values), portable::<false, true>(&values)));
                prop_assert!(same(short::<false, false>(&values), portable::<false, false>(&values)));
            }
            let wide: Vec<f64> = values.iter().map(|&x| f64::from(x)).collect();
            prop_assert_eq!(Moments::of_f64(&wide).max_abs, a.max_abs);
            if b.non_finite == 0 {
                prop_assert_eq!(one_pass_f32(&values), portable_f32(&values));
                prop_assert_eq!(Moments::of_f64(&wide), portable_f64(&wide));
                let exact = Moments::of_f64(&wide).sum_squares;
                prop_assert!((exact - b.sum_squares).abs() <= 1e-12 * b.sum_squares);
            }
        }
    }

    #[test]
    fn one_square_beyond_single_precision_is_enough() {
        let mut values = vec![1.0f32; 1000];
        values[700] = 3e25;
        let m = Moments::of_f32(&values);
        assert!((m.sum_squares / f64::from(3e25f32).powi(2) - 1.0).abs() < 1e-12);
        assert_eq!((m.max_abs, m.non_finite), (f64::from(3e25f32), 0));
        // And what is lost beside larger ones is less than what is said.
        values[700] = 1e-30;
        assert_eq!(Moments::of_f32(&values).sum_squares, 999.0);
    }

    #[test]
    fn squares_of_vanished_gradients_do_not_underflow() {
        let m = Moments::of_f32(&[1e-30; 100]);
        assert!((m.rms() / 1e-30 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn tensors_of_any_layout_and_type_are_read() {
        let x = Tensor::<2>::from_floats([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]], &Device::flex());
        for m in [
            moments(&x),
            moments(&x.clone().transpose()),
            moments(&x.clone().cast(DType::F64)),
            moments(&x.clone().autodiff()),
        ] {
            assert_eq!(
                (m.count, m.sum, m.sum_squares, m.max_abs),
                (6, 5.0, 91.0, 6.0)
            );
        }
        assert_eq!(moments(&x.slice([0..2, 1..2])).sum_squares, 29.0);
    }

    #[test]
    fn non_finite_elements_are_counted_and_pass_through() {
        let mut values = vec![1.0f32; 21];
        values[3] = f32::NAN;
        values[20] = f32::NEG_INFINITY;
        let m = Moments::of_f32(&values);
        assert_eq!(m.non_finite, 2);
        assert!(m.sum.is_nan() && m.sum_squares.is_nan());
        assert_eq!(m.max_abs, f64::INFINITY);
        assert_eq!(Moments::of_f32(&[]), Moments::default());
    }
}
