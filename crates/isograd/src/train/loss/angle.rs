//! The angle between two directions given by polar angle and azimuth.

use burn::tensor::{Tensor, s};

/// The cosine stays this far from ±1 when it is clipped: the derivative of the arc cosine is
/// infinite there, and this is Keras' epsilon, the usual choice.
const MARGIN: f64 = 1e-7;

/// The angle of each row, `[batch, 1]`, in radians; both tensors are `[batch, 2]`: polar angle θ,
/// azimuth φ. cos = sin θ sin θ′ cos(φ − φ′) + cos θ cos θ′, the product of the two unit vectors.
pub(super) fn between(a: Tensor<2>, b: Tensor<2>, clip_cosine: bool) -> Tensor<2> {
    let (polar_a, azimuth_a) = (a.clone().slice(s![.., 0..1]), a.slice(s![.., 1..2]));
    let (polar_b, azimuth_b) = (b.clone().slice(s![.., 0..1]), b.slice(s![.., 1..2]));
    let across = polar_a.clone().sin() * polar_b.clone().sin() * (azimuth_a - azimuth_b).cos();
    let cosine = across + polar_a.cos() * polar_b.cos();
    if clip_cosine {
        cosine.clamp(MARGIN - 1.0, 1.0 - MARGIN).acos()
    } else {
        cosine.acos()
    }
}
