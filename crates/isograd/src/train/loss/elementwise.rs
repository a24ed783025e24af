//! Losses with one term an output.

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, relu};
use isograd_core::describe::train::LossSpec;

/// Into [clip, 1 − clip], rounded to the tensor's type; the gradient is that of TensorFlow and
/// PyTorch: 0 outside, 1 inside and on the limits.
pub(super) fn clip(p: Tensor<2>, clip: f64) -> Tensor<2> {
    if clip > 0.0 {
        p.clamp(clip, 1.0 - clip)
    } else {
        p
    }
}

/// −t ln p − (1 − t) ln(1 − p), after clipping.
pub(super) fn binary_on_probabilities(spec: &LossSpec, p: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
    let p = clip(p, spec.clip);
    let no = one_minus(t.clone()) * one_minus(p.clone()).log();
    (t * p.log() + no).neg()
}

/// The same of p = sigmoid(x): (1 − t)·x − ln sigmoid(x), finite for every x, with the gradient
/// sigmoid(x) − t also at 0, where the usual max(x, 0) + ln(1 + e^−|x|) has a kink in each part.
pub(super) fn binary_on_logits(x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
    one_minus(t) * x.clone() - log_sigmoid(x)
}

/// max(1 − t·y, 0); targets that are all 0 or 1 become −1 and 1 first (Keras).
pub(super) fn hinge(y: Tensor<2>, t: Tensor<2>, zero_or_one: bool) -> Tensor<2> {
    let t = if zero_or_one {
        t.mul_scalar(2.0).sub_scalar(1.0)
    } else {
        t
    };
    relu(one_minus(t * y))
}

fn one_minus(x: Tensor<2>) -> Tensor<2> {
    x.neg().add_scalar(1.0)
}
