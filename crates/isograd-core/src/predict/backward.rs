//! What each kind of node does to the gradient.
//!
//! Carried backward are the energy ‖δ‖² and, for weights whose mean is not zero, (Σδ)², the part
//! along the direction of all ones, which such weights pass on coherently; both are expectations
//! over initialisations, linear in each other. The energy is kept as a logarithm: a thousand
//! layers neither overflow nor vanish.
//!
//! **Finite width.** With g = Wᵀδ Gaussian and n units, Var\[Σφ′²g²\]/E\[Σφ′²g²\]² = (3κ − 1)/n,
//! κ = E\[φ′⁴\]/E\[φ′²\]²: 5/n for ReLU (κ = 2), the constant of Hanin and Nica (2020), "Products of
//! many large random matrices and gradients in deep neural networks", theorem 1.1; 2/n for a linear
//! layer. 2/n of it is booked on the weights, 3(κ − 1)/n on the activation. To leading order the
//! variances of ln‖δ‖² add up over the layers.

use isograd_theory::{Activation, Gaussian};

/// The gradient at one place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Energy {
    /// ln E‖δ‖², relative to where the segment began.
    pub ln: f64,
    /// E(Σδ)² / E‖δ‖².
    pub coherence: f64,
    /// E\[Σδ·(x·δ)\] and E\[(x·δ)²\] over E‖δ‖², x what flows forward here; known only along a
    /// chain of residuals, see `coherent`.
    pub along: Option<(f64, f64)>,
    /// Share of ‖δ‖² that is the same at all steps of a sequence.
    pub steps: f64,
    /// Variance of ln‖δ‖² between initialisations.
    pub ln_variance: f64,
    /// Counts up at every node that the theory cannot cross; 0 reaches the network's output.
    pub segment: usize,
}

impl Energy {
    /// At the network's output, or behind a node that the theory cannot cross: elements of δ
    /// independent.
    pub(super) fn start(segment: usize) -> Self {
        Self {
            ln: 0.0,
            coherence: 1.0,
            along: None,
            steps: 0.0,
            ln_variance: 0.0,
            segment,
        }
    }

    /// Where the gradients of two paths meet. Their inner product is zero in the mean; over n
    /// elements its variance is 4·E₁·E₂/n (E the energies).
    pub(super) fn plus(self, other: Self, elements: f64) -> Self {
        if self.segment != other.segment || other.ln == f64::NEG_INFINITY {
            return if self.segment >= other.segment {
                self
            } else {
                other
            };
        }
        let top = self.ln.max(other.ln);
        let (one, two) = ((self.ln - top).exp(), (other.ln - top).exp());
        let sum = one + two;
        let (one, two) = (one / sum, two / sum);
        Self {
            ln: top + sum.ln(),
            coherence: one * self.coherence + two * other.coherence,
            along: None,
            steps: one * self.steps + two * other.steps,
            ln_variance: one * one * self.ln_variance
                + two * two * other.ln_variance
                + 4.0 * one * two / elements.max(1.0),
            segment: self.segment,
        }
    }
}

/// A node's backward pass: energy′ = `energy`·E + `from_sum`·S, S′ = `to_sum`·E + `sum`·S, for
/// E = ‖δ‖² and S = (Σδ)².
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Backward {
    /// Energy from energy.
    pub energy: f64,
    /// Energy from the sum.
    pub from_sum: f64,
    /// Sum from energy.
    pub to_sum: f64,
    /// Sum from sum.
    pub sum: f64,
    /// What finite width adds to the variance of ln‖δ‖².
    pub ln_variance: f64,
}

impl Backward {
    /// Nothing changes.
    pub(super) const IDENTITY: Self = Self::scaled(1.0, 1.0);

    /// No mixing of energy and sum.
    pub(super) const fn scaled(energy: f64, sum: f64) -> Self {
        Self {
            energy,
            from_sum: 0.0,
            to_sum: 0.0,
            sum,
            ln_variance: 0.0,
        }
    }

    /// φ′ on every element, at this law of the pre-activation, over n units.
    pub(super) fn activation(phi: Activation, law: Gaussian, units: f64) -> Self {
        let square = phi.slope_square(law);
        let mean = phi.mean_slope(law);
        let kurtosis = if square > 0.0 {
            phi.slope_moment(law, 4) / (square * square)
        } else {
            1.0
        };
        Self {
            energy: square,
            from_sum: 0.0,
            to_sum: (square - mean * mean).max(0.0),
            sum: mean * mean,
            ln_variance: 3.0 * (kurtosis - 1.0).max(0.0) / units.max(1.0),
        }
    }

    /// Softmax over `classes` at equal probabilities: J = (I − 11ᵀ/C)/C, for δ of independent
    /// elements as for one along a single class (cross-entropy on probabilities).
    pub(super) fn softmax(classes: f64) -> Self {
        Self::scaled((classes - 1.0) / (classes * classes * classes), 0.0)
    }

    /// The energy at the node's input.
    pub(super) fn apply(self, at: Energy) -> Energy {
        let factor = self.energy + self.from_sum * at.coherence;
        let sum = self.to_sum + self.sum * at.coherence;
        Energy {
            ln: at.ln + factor.ln(),
            coherence: if factor > 0.0 { sum / factor } else { 0.0 },
            along: None,
            steps: at.steps,
            ln_variance: at.ln_variance + self.ln_variance,
            segment: at.segment,
        }
    }
}
