//! Losses with one term an output.

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, log_softmax, relu};
use isograd_core::describe::train::{LossSpec, OutputKind};

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
    let yes = t * p.log();
    let yes = match spec.pos_weight {
        1.0 => yes,
        weight => yes.mul_scalar(weight),
    };
    (yes + no).neg()
}

/// The same of p = sigmoid(x): (1 − t)·x − ln sigmoid(x), finite for every x, with the gradient
/// sigmoid(x) − t also at 0, where the usual max(x, 0) + ln(1 + e^−|x|) has a kink in each part.
/// The weight w of positive targets makes it (1 − t)·x − (1 + (w − 1)·t)·ln sigmoid(x).
pub(super) fn binary_on_logits(spec: &LossSpec, x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
    let log = log_sigmoid(x.clone());
    let log = match spec.pos_weight {
        1.0 => log,
        weight => log * t.clone().mul_scalar(weight - 1.0).add_scalar(1.0),
    };
    one_minus(t) * x - log
}

/// e²/2 up to δ, a line behind it.
pub(super) fn huber(e: Tensor<2>, delta: f64) -> Tensor<2> {
    // With q = min(|e|, δ): q²/2 + δ·(|e| − q), which is either branch.
    let size = e.abs();
    let near = size.clone().clamp_max(delta);
    near.clone().square().mul_scalar(0.5) + (size - near).mul_scalar(delta)
}

/// (ln(1 + y) − ln(1 + t))², both not below `clip`.
pub(super) fn msle(spec: &LossSpec, y: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
    let log = |x: Tensor<2>| x.clamp_min(spec.clip).log1p();
    (log(y) - log(t)).square()
}

/// t·ln(t/p), both in [clip, 1]; on logits p is their softmax, which needs no limit.
pub(super) fn divergence(
    spec: &LossSpec,
    output: OutputKind,
    y: Tensor<2>,
    t: Tensor<2>,
) -> Tensor<2> {
    let limited = |x: Tensor<2>| {
        if spec.clip > 0.0 {
            x.clamp(spec.clip, 1.0)
        } else {
            x
        }
    };
    let t = limited(t);
    let log = match output {
        OutputKind::Logits => log_softmax(y, 1),
        OutputKind::Probabilities => limited(y).log(),
    };
    t.clone() * (t.log() - log)
}

/// y − t·ln(y + clip), or e^y − t·y.
pub(super) fn poisson(spec: &LossSpec, log_rate: bool, y: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
    if log_rate {
        y.clone().exp() - t * y
    } else {
        y.clone() - t * y.add_scalar(spec.clip).log()
    }
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
