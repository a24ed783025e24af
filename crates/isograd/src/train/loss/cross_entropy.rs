//! Cross-entropy over classes: −Σ t ln p.

use super::elementwise::clip;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};
use isograd_core::describe::train::LossSpec;

/// −t ln softmax(x), by log-sum-exp.
pub(super) fn on_logits(logits: Tensor<2>, target: Tensor<2>) -> Tensor<2> {
    (log_softmax(logits, 1) * target).neg()
}

/// −t ln p, after the description's renormalising and clipping.
pub(super) fn on_probabilities(spec: &LossSpec, p: Tensor<2>, target: Tensor<2>) -> Tensor<2> {
    (prepared(spec, p).log() * target).neg()
}

/// −ln p of the class, `[batch, 1]`.
pub(super) fn of_class_on_probabilities(
    spec: &LossSpec,
    p: Tensor<2>,
    classes: Tensor<2, Int>,
) -> Tensor<2> {
    prepared(spec, p).gather(1, classes).log().neg()
}

/// Divided by the sum first, then clipped (Keras, `categorical_crossentropy`).
fn prepared(spec: &LossSpec, p: Tensor<2>) -> Tensor<2> {
    let p = if spec.renormalise {
        let sum = p.clone().sum_dim(1);
        p / sum
    } else {
        p
    };
    clip(p, spec.clip)
}
