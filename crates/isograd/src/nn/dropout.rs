//! Inverted dropout (Srivastava et al. 2014) with masks from keyed streams.

use super::pass::{Mode, Pass};
use super::signal::{Signal, each};
use burn::tensor::{DType, Tensor, TensorData};
use isograd_core::random::{Purpose, stream};
use rand::Rng as _;

/// Probes draw beside training: the upper half of the positions is theirs.
const PROBE_POSITIONS: u64 = 1 << 63;

/// Zeroes each element with probability `rate` and divides the others by 1 − `rate`; the identity
/// in evaluation. The mask depends on seed, layer and step only.
pub(super) fn dropout(x: Signal, rate: f64, layer: &str, pass: &Pass) -> Signal {
    if pass.mode == Mode::Evaluate || rate == 0.0 {
        return x;
    }
    each!(x, x => drop_elements(x, rate, layer, pass))
}

/// Position of a pass in the streams of masks.
fn position(pass: &Pass) -> u64 {
    match pass.mode {
        Mode::Probe => pass.step | PROBE_POSITIONS,
        _ => pass.step,
    }
}

/// 0 with probability `rate`, else 1/(1 − `rate`), so many times; drawn by seed, layer and step.
pub(super) fn mask(count: usize, rate: f64, layer: &str, pass: &Pass) -> Vec<f64> {
    let mut stream = stream(pass.seed, Purpose::Dropout, layer, position(pass));
    // Dropped where 32 random bits, as a fraction, lie below the rate.
    let limit = (rate * 2f64.powi(32)) as u64;
    let kept = 1.0 / (1.0 - rate);
    let draw = |_| {
        if u64::from(stream.next_u32()) < limit {
            0.0
        } else {
            kept
        }
    };
    (0..count).map(draw).collect()
}

/// Zeroes elements of a tensor whatever the pass is for.
pub(super) fn drop_elements<const D: usize>(
    x: Tensor<D>,
    rate: f64,
    layer: &str,
    pass: &Pass,
) -> Tensor<D> {
    let mask = mask_like(&x, x.dims(), rate, layer, pass);
    x * mask
}

/// Factors of 0 or 1/(1 − `rate`), with the type and device of `like`.
pub(super) fn mask_like<const D: usize, const E: usize>(
    like: &Tensor<D>,
    dims: [usize; E],
    rate: f64,
    layer: &str,
    pass: &Pass,
) -> Tensor<E> {
    let mask = mask(dims.iter().product(), rate, layer, pass);
    let data = TensorData::new(mask, dims);
    let data = if like.dtype() == DType::F64 {
        data
    } else {
        data.convert_dtype(like.dtype())
    };
    Tensor::from_data(data, (&like.device(), like.dtype()))
}
