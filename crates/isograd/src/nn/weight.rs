//! The weights that a layer computes with, out of its parameters.

use burn::module::Param;
use burn::tensor::Tensor;
use isograd_core::describe::WeightForm;

/// Keeps the slope of a root at zero finite.
const NOTHING: f64 = 1e-30;

/// `v` as a matrix whose inputs lie along `axis`, in its form; `gain` has one number a unit.
///
/// # Panics
/// Where a form with a gain has none, which the builder rules out.
fn form(v: Tensor<2>, axis: usize, gain: Option<&Param<Tensor<1>>>, form: WeightForm) -> Tensor<2> {
    let units = v.dims()[1 - axis];
    let gain = || {
        let mut shape = [1, 1];
        shape[1 - axis] = units;
        match gain {
            Some(gain) => gain.val().reshape(shape),
            None => unreachable!("a layer with {form:?} weights was built without a gain"),
        }
    };
    if form == WeightForm::Normalised {
        let norm = (v.clone().powi_scalar(2).sum_dim(axis) + NOTHING).sqrt();
        return v / norm * gain();
    }
    let inputs = v.dims()[axis] as f64;
    let centred = v.clone() - v.mean_dim(axis);
    let variance = centred.clone().powi_scalar(2).mean_dim(axis);
    if form == WeightForm::Standardised {
        return centred / (variance + 1e-10).sqrt();
    }
    centred / (variance * inputs).clamp_min(1e-4).sqrt() * gain()
}

/// The weights of a dense layer: `[inputs, units]`.
pub(super) fn of_matrix(
    v: &Param<Tensor<2>>,
    gain: Option<&Param<Tensor<1>>>,
    how: WeightForm,
) -> Tensor<2> {
    match how {
        WeightForm::Plain => v.val(),
        _ => form(v.val(), 0, gain, how),
    }
}

/// The weights of a convolution: `[filters, …]`.
pub(super) fn of_kernel<const D: usize>(
    v: &Param<Tensor<D>>,
    gain: Option<&Param<Tensor<1>>>,
    how: WeightForm,
) -> Tensor<D> {
    if how == WeightForm::Plain {
        return v.val();
    }
    let v = v.val();
    let dims = v.dims();
    let rest = dims[1..].iter().product::<usize>();
    form(v.reshape([dims[0], rest]), 1, gain, how).reshape(dims)
}

/// First gains of weights whose inputs are `inputs` and whose units are `units` apart in memory:
/// ‖v‖ of each unit for normalised weights, 1 for scaled ones.
pub(super) fn first_gains(
    v: &[f64],
    units: usize,
    last: bool,
    how: WeightForm,
) -> Option<Vec<f64>> {
    if !how.has_gain() {
        return None;
    }
    if how == WeightForm::Scaled {
        return Some(vec![1.0; units]);
    }
    let mut sums = vec![0.0; units];
    let each = (v.len() / units.max(1)).max(1);
    for (i, x) in v.iter().enumerate() {
        sums[if last { i % units } else { i / each }] += x * x;
    }
    Some(sums.into_iter().map(f64::sqrt).collect())
}
