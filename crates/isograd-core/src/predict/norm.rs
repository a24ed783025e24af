//! Normalisations at initialisation (scale 1, shift 0).

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

/// Group normalisation over `channels` channels of `positions` positions (instance normalisation:
/// one channel). Positions of a channel are taken to differ as examples do, by `spread`; channels
/// differ by the whole variance.
///
/// The variance s² of so few numbers fluctuates. With channel means of variance b = u + w/P (u
/// between channels, w = `spread` within, P positions) it is a sum of b·χ²\[c − 1\]/c and
/// w·χ²\[c(P − 1)\]/(cP); E\[1/s²\] is that of the χ² of equal mean and variance (Satterthwaite 1946),
/// exact for one position. `None` where it has no expectation.
pub(super) fn group(
    x: Signal,
    channels: f64,
    positions: f64,
    epsilon: f64,
) -> Option<(Signal, Backward)> {
    let within = x.spread;
    let between = (x.variance() - within).max(0.0) + within / positions;
    let free = [channels - 1.0, channels * (positions - 1.0)];
    let part = [between / channels, within / (channels * positions)];
    let mean = part[0] * free[0] + part[1] * free[1];
    let half_variance = part[0] * part[0] * free[0] + part[1] * part[1] * free[1];
    let freedom = mean * mean / half_variance;
    if half_variance > 0.0 && freedom <= 2.0 {
        return None;
    }
    let inverse = if half_variance > 0.0 {
        freedom / (freedom - 2.0)
    } else {
        1.0
    };
    let scale = 1.0 / (mean + epsilon);
    let out = Signal {
        mean: 0.0,
        square: mean * scale,
        // Of two examples, what they share is divided by scales of their own.
        spread: (x.spread * scale).min(mean * scale),
        form: gaussian(x),
    };
    let left = (1.0 - 2.0 / (channels * positions)).max(0.0);
    Some((out, Backward::scaled(scale * inverse * left, 0.0)))
}

/// Division by the root mean square of `elements` numbers. The mean stays; backward only the part
/// along x̂ is taken away, and with it some of what adds up along the ones.
pub(super) fn root_mean_square(x: Signal, elements: f64, epsilon: f64) -> (Signal, Backward) {
    let scale = 1.0 / (x.square + epsilon);
    let out = Signal {
        mean: x.mean * scale.sqrt(),
        square: x.square * scale,
        spread: x.spread * scale,
        form: gaussian(x),
    };
    // With m the mean of x̂ (E x̂² = 1): δ has (Σδ)²/n along the ones and the rest across, so that
    // E(x̂·δ)² = m²S + (1 − m²)E and Σδ′ = (1 − m²)Σδ − m(x̂·δ across).
    let mean = (out.mean * out.mean / out.square.max(f64::MIN_POSITIVE)).min(1.0);
    let pass = Backward {
        energy: scale * (1.0 - (1.0 - mean) / elements),
        from_sum: -scale * mean / elements,
        to_sum: scale * mean * (1.0 - mean),
        sum: scale * (1.0 - mean) * (1.0 - mean),
        ln_variance: 0.0,
    };
    (out, pass)
}

fn gaussian(x: Signal) -> Form {
    match x.form {
        Form::Gaussian => Form::Gaussian,
        _ => Form::Other,
    }
}
