//! Batch and layer normalisation at initialisation (scale 1, shift 0).

use super::backward::Backward;
use super::signal::{Form, Signal};

/// Batch normalisation, large batch: every unit is centred and scaled by its variance between
/// examples. Backward the gradient is divided by the same standard deviation (Yang et al. 2019,
/// §3, large-batch limit: E\[φ′²\]/Var\[φ\] per layer).
pub(super) fn batch(x: Signal, epsilon: f64) -> (Signal, Backward) {
    let scale = 1.0 / (x.spread + epsilon);
    let square = x.spread * scale;
    let out = Signal {
        mean: 0.0,
        square,
        spread: square,
        form: gaussian(x),
    };
    (out, Backward::scaled(scale, scale))
}

/// Layer normalisation over `elements` numbers of one example. Backward it also takes away the
/// parts along the ones and along x̂: 2 of `elements` directions.
pub(super) fn layer(x: Signal, elements: f64, epsilon: f64) -> (Signal, Backward) {
    let variance = x.variance();
    let scale = 1.0 / (variance + epsilon);
    let out = Signal {
        mean: 0.0,
        square: variance * scale,
        spread: x.spread * scale,
        form: gaussian(x),
    };
    let left = (1.0 - 2.0 / elements).max(0.0);
    (out, Backward::scaled(scale * left, 0.0))
}

fn gaussian(x: Signal) -> Form {
    match x.form {
        Form::Gaussian => Form::Gaussian,
        _ => Form::Other,
    }
}
