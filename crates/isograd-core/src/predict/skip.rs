//! Factors, gates and concatenations: what they do to signal and gradient.
//!
//! Gates are taken as independent of what they let pass; elements of a gradient as equal in energy
//! and independent where one is cut into parts. In residuals and highways this is exact in the
//! wide limit, behind batch normalisation of unlike parts it is not.

use super::backward::Backward;
use super::signal::{Form, Signal};

/// x·c.
pub(super) fn multiplied(x: Signal, c: f64) -> (Signal, Backward) {
    let out = Signal {
        mean: c * x.mean,
        square: c * c * x.square,
        spread: c * c * x.spread,
        form: plain(x.form),
    };
    (out, Backward::scaled(c * c, c * c))
}

/// x + c.
pub(super) fn shifted(x: Signal, c: f64) -> (Signal, Backward) {
    let out = Signal {
        mean: x.mean + c,
        square: x.square + 2.0 * c * x.mean + c * c,
        spread: x.spread,
        form: if c == 0.0 { x.form } else { plain(x.form) },
    };
    (out, Backward::IDENTITY)
}

/// Stochastic depth, inverted: an example is zero or divided by 1 − rate as a whole.
pub(super) fn dropped(x: Signal, rate: f64) -> (Signal, Backward) {
    let factor = 1.0 / (1.0 - rate);
    (x.dropped(rate), Backward::scaled(factor, factor))
}

/// A shortcut that leaves positions out and adds channels of zeros; `share`: channels before over
/// channels after. Positions that are left out get no gradient: the energy is that of the others.
pub(super) fn padded(x: Signal, share: f64) -> (Signal, Backward) {
    let zero = Signal {
        mean: 0.0,
        square: 0.0,
        spread: 0.0,
        form: Form::Other,
    };
    (concatenated(x, zero, share), slice(share))
}

/// x and f, one behind the other; `share`: how much of the whole is x.
pub(super) fn concatenated(x: Signal, f: Signal, share: f64) -> Signal {
    let mix = |x: f64, f: f64| share * x + (1.0 - share) * f;
    let same = x.form == Form::Gaussian && f.form == Form::Gaussian && x.mean == f.mean;
    let alike = same && (x.square - f.square).abs() <= 1e-9 * x.square;
    Signal {
        mean: mix(x.mean, f.mean),
        square: mix(x.square, f.square),
        spread: mix(x.spread, f.spread),
        form: if alike { Form::Gaussian } else { Form::Other },
    }
}

/// Backward to a share of the elements: of (Σδ)² the coherent part goes with its square.
pub(super) fn slice(share: f64) -> Backward {
    Backward {
        energy: share,
        from_sum: 0.0,
        to_sum: share * (1.0 - share),
        sum: share * share,
        ln_variance: 0.0,
    }
}

/// Backward through a product with an independent factor of this mean and second moment.
pub(super) fn factor(mean: f64, square: f64) -> Backward {
    Backward {
        energy: square,
        from_sum: 0.0,
        to_sum: (square - mean * mean).max(0.0),
        sum: mean * mean,
        ln_variance: 0.0,
    }
}

/// Backward to the gate of a highway: δ times h − x.
pub(super) fn difference(h: Signal, x: Signal) -> Backward {
    factor(h.mean - x.mean, h.square + x.square - 2.0 * h.mean * x.mean)
}

/// h·t + x·(1 − t).
pub(super) fn highway(h: Signal, t: Signal, x: Signal) -> Signal {
    // Second moments within an example, and cross moments between two.
    let second = |tt: f64, hh: f64, xx: f64| {
        tt * hh + (1.0 - 2.0 * t.mean + tt) * xx + 2.0 * (t.mean - tt) * h.mean * x.mean
    };
    let square = second(t.square, h.square, x.square);
    let cross = second(
        t.square - t.spread,
        h.square - h.spread,
        x.square - x.spread,
    );
    let fixed = t.variance() == 0.0;
    let gaussian = h.form == Form::Gaussian && x.form == Form::Gaussian;
    Signal {
        mean: t.mean * h.mean + (1.0 - t.mean) * x.mean,
        square,
        spread: square - cross,
        form: if fixed && gaussian {
            Form::Gaussian
        } else {
            Form::Other
        },
    }
}

/// x·g.
pub(super) fn product(x: Signal, g: Signal) -> Signal {
    let square = x.square * g.square;
    Signal {
        mean: x.mean * g.mean,
        square,
        spread: square - (x.square - x.spread) * (g.square - g.spread),
        form: if g.variance() == 0.0 {
            plain(x.form)
        } else {
            Form::Other
        },
    }
}

/// A linear map keeps a Gaussian one; φ of a Gaussian is something else then.
fn plain(form: Form) -> Form {
    match form {
        Form::Gaussian => Form::Gaussian,
        _ => Form::Other,
    }
}
