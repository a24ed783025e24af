//! The moments that flow forward, and what each kind of node does to them.

use super::InputMoments;
use super::weights::Moments;
use isograd_theory::{Activation, Gaussian};

/// What is known of the law of an element beyond its moments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// A sum over many weights, or normalised from one: Gaussian over the units.
    Gaussian,
    /// φ of a Gaussian; two inputs have the correlation 1 − `apart` before φ.
    Activated {
        /// φ.
        phi: Activation,
        /// The law before φ.
        law: Gaussian,
        /// 1 − correlation before φ.
        apart: f64,
    },
    /// Anything else; treated as Gaussian where a law is needed.
    Other,
}

/// Moments of an element x over units, positions and examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Signal {
    /// E\[x\].
    pub mean: f64,
    /// E\[x²\].
    pub square: f64,
    /// ½·E\[(x₁ − x₂)²\] between two examples: E\[x²\]·(1 − correlation), kept in this form so that
    /// inputs that have become nearly equal are still told apart.
    pub spread: f64,
    /// The law.
    pub form: Form,
}

impl Signal {
    /// The data: elements are taken as centred.
    pub(super) fn of_input(input: InputMoments) -> Self {
        Self {
            mean: 0.0,
            square: input.second_moment,
            spread: input.second_moment * (1.0 - input.correlation),
            form: Form::Other,
        }
    }

    /// Var\[x\] over units, positions and examples.
    pub(super) fn variance(self) -> f64 {
        (self.square - self.mean * self.mean).max(0.0)
    }

    /// The Gaussian with these moments.
    pub(super) fn law(self) -> Gaussian {
        Gaussian {
            mean: self.mean,
            variance: self.variance(),
        }
    }

    /// 1 − correlation of the fluctuations about the mean, in [0, 2].
    pub(super) fn apart(self) -> f64 {
        let variance = self.variance();
        if variance > 0.0 {
            (self.spread / variance).clamp(0.0, 2.0)
        } else {
            0.0
        }
    }

    /// Cosine between two examples; `None` where the signal is zero.
    pub(super) fn correlation(self) -> Option<f64> {
        (self.square > 0.0).then(|| 1.0 - self.spread / self.square)
    }

    /// True while every moment is a finite number.
    pub(super) fn is_finite(self) -> bool {
        self.mean.is_finite() && self.square.is_finite() && self.spread.is_finite()
    }

    /// W x + b with `inputs` terms a sum. The weights' mean adds a part that is the same for all
    /// units of an example; it is counted as mean as far as it is the same for all examples.
    pub(super) fn weighted(self, inputs: f64, weights: Moments, bias: Moments) -> Self {
        let common = inputs * weights.mean * self.mean;
        let square = inputs * weights.variance * self.square
            + common * common
            + inputs * weights.mean * weights.mean * self.variance();
        Self {
            mean: common + bias.mean,
            square: square + 2.0 * common * bias.mean + bias.mean * bias.mean + bias.variance,
            spread: inputs * (weights.variance + weights.mean * weights.mean) * self.spread,
            form: Form::Gaussian,
        }
    }

    /// φ(x), x taken as Gaussian.
    pub(super) fn activated(self, phi: Activation) -> Self {
        let (law, apart) = (self.law(), self.apart());
        Self {
            mean: phi.mean(law),
            square: phi.second_moment(law),
            spread: phi.half_square_difference(law, apart),
            form: Form::Activated { phi, law, apart },
        }
    }

    /// Every element times a number.
    pub(super) fn scaled(self, factor: f64) -> Self {
        let square = factor * factor;
        Self {
            mean: factor * self.mean,
            square: square * self.square,
            spread: square * self.spread,
            form: match self.form {
                Form::Gaussian => Form::Gaussian,
                _ => Form::Other,
            },
        }
    }

    /// Inverted dropout with masks of their own for every example.
    pub(super) fn dropped(self, rate: f64) -> Self {
        let square = self.square / (1.0 - rate);
        Self {
            mean: self.mean,
            square,
            spread: square - (self.square - self.spread),
            form: Form::Other,
        }
    }

    /// The sum of two independent signals (their means add coherently).
    pub(super) fn plus(self, other: Self) -> Self {
        let gaussian = |s: Self| s.form == Form::Gaussian;
        Self {
            mean: self.mean + other.mean,
            square: self.square + other.square + 2.0 * self.mean * other.mean,
            spread: self.spread + other.spread,
            form: if gaussian(self) && gaussian(other) {
                Form::Gaussian
            } else {
                Form::Other
            },
        }
    }
}
