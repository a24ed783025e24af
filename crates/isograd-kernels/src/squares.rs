//! Sums of squares of many tensors at once.

use crate::moments::{Moments, squares_f32, squares_f64};
use crate::threads::wake;
use crate::values::Values;
use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use rayon::prelude::*;

/// Elements of one sum; longer tensors are sums of such sums.
const BLOCK: usize = 1 << 15;

/// Tensors that one thread takes at a time.
const TENSORS: usize = 64;

/// Σ x² of each, accumulated in `f64`; NaN and infinities pass through. Does not depend on the number
/// of threads.
pub fn sums_of_squares(all: &[&Values]) -> Vec<f64> {
    let sum = |values: &&Values| values.sum_of_squares();
    wake();
    all.par_iter().with_min_len(TENSORS).map(sum).collect()
}

/// That of a contiguous tensor.
pub(crate) fn of_flex(tensor: &FloatTensor<Flex>) -> f64 {
    if let Some(values) = tensor.as_slice::<f32>() {
        return blocks(values, squares_f32);
    }
    if let Some(values) = tensor.as_slice::<f64>() {
        return blocks(values, squares_f64);
    }
    let data = tensor.clone().into_data();
    Moments::of_f64(&data.iter::<f64>().collect::<Vec<_>>()).sum_squares
}

fn blocks<T: Sync>(values: &[T], sum: fn(&[T]) -> f64) -> f64 {
    if values.len() <= BLOCK {
        return sum(values);
    }
    let sums: Vec<f64> = values.par_chunks(BLOCK).map(sum).collect();
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::sums_of_squares;
    use crate::{Moments, Values};
    use burn::tensor::{DType, Device, Tensor, TensorData};
    use proptest::prelude::*;

    fn sums<const D: usize>(tensors: Vec<Tensor<D>>) -> Vec<f64> {
        let values: Vec<Values> = tensors.into_iter().map(Values::of).collect();
        sums_of_squares(&values.iter().collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn they_are_those_of_the_moments(values in prop::collection::vec(-1e3f32..1e3, 0..300)) {
            let count = values.len();
            let x = Tensor::<1>::from_data(TensorData::new(values.clone(), [count]), &Device::flex());
            let found = sums(vec![x.clone(), x.cast(DType::F64)]);
            let expected = Moments::of_f32(&values).sum_squares;
            prop_assert_eq!(found[0], expected);
            prop_assert!((found[1] - expected).abs() <= 1e-6 * expected);
        }
    }

    #[test]
    fn any_layout_any_size_any_value() {
        let device = Device::flex();
        let x = Tensor::<2>::from_floats([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]], &device);
        let column = x.clone().slice([0..2, 1..2]);
        let found = sums(vec![x.clone(), x.clone().transpose(), column, x.autodiff()]);
        assert_eq!(found, [91.0, 91.0, 29.0, 91.0]);
        let long = Tensor::<1>::full([100_003], 0.5, &device);
        assert_eq!(sums(vec![long]), [25_000.75]);
        let bad = Tensor::<1>::from_floats([1.0, f32::NAN], &device);
        assert!(sums(vec![bad])[0].is_nan());
        assert!(sums_of_squares(&[]).is_empty());
    }
}
