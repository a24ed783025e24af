//! Expectations of activations under a Gaussian pre-activation.
//!
//! In a wide network with random weights a pre-activation is Gaussian over the units of a layer
//! (Poole et al. 2016, §2). Everything that mean-field theory says follows from the expectations
//! here. Closed forms are used for the piecewise-linear homogeneous activations and the
//! exponential; the rest is Gauss–Legendre quadrature on pieces cut at the kinks of φ and where
//! the scale of φ asks for it, good to 1e-10 and mostly to 1e-14.

mod pair;
mod rectified;

use crate::activation::{Activation, Kink};
use crate::normal::pdf;
use crate::quadrature::integrate;

/// Integration over z ends at ± this: pdf(12) = 2e-32, so that even φ growing as e^{5z} loses
/// less than 1e-11.
const END: f64 = 12.0;

/// Spacing of the cuts that the Gaussian density itself needs.
const STEP: f64 = 4.0;

/// The law of a pre-activation: x = mean + √variance·z with z ~ N(0, 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    /// E\[x\].
    pub mean: f64,
    /// Var\[x\] ≥ 0; with 0 every expectation is a value at the mean.
    pub variance: f64,
}

impl Gaussian {
    /// N(0, `variance`).
    pub fn centred(variance: f64) -> Self {
        Self {
            mean: 0.0,
            variance,
        }
    }

    /// E\[x²\].
    pub fn second_moment(self) -> f64 {
        self.variance + self.mean * self.mean
    }

    fn deviation(self) -> f64 {
        self.variance.sqrt()
    }

    /// True where the law is a point, or so narrow that the quadrature sees a point.
    fn is_point(self) -> bool {
        self.variance <= 0.0
    }

    /// E\[f(x)\] for an f that is as smooth as φ.
    fn expect(self, phi: Activation, f: impl Fn(f64) -> f64) -> f64 {
        if self.is_point() {
            return f(self.mean);
        }
        if !(self.mean.is_finite() && self.variance.is_finite()) {
            return f64::NAN;
        }
        let deviation = self.deviation();
        let mut cuts = grid(-END, END);
        cuts.extend(
            scale_points(phi, self.mean.abs() + END * deviation)
                .into_iter()
                .map(|x| (x - self.mean) / deviation),
        );
        integrate(-END, END, &mut cuts, |z| {
            pdf(z) * f(self.mean + deviation * z)
        })
    }
}

/// Cuts at multiples of [`STEP`].
fn grid(low: f64, high: f64) -> Vec<f64> {
    let count = ((high - low) / STEP).ceil() as usize;
    (1..count).map(|k| low + STEP * k as f64).collect()
}

/// Points on the axis of φ at which an integral is cut: the kinks, and ±2s·3ᵏ up to `limit`, with s
/// the scale of φ, at most 1. All singularities of the activations lie on or near the imaginary
/// axis, or at −1 and +1 (softsign), at a distance of s or more, so that pieces that grow with their distance from 0 keep the
/// convergence of the quadrature.
fn scale_points(phi: Activation, limit: f64) -> Vec<f64> {
    let mut points: Vec<f64> = phi.kinks().into_iter().map(|k| k.at).collect();
    if phi.piecewise_linear() {
        return points;
    }
    let mut x = 2.0 * phi.scale().min(1.0);
    while x < limit {
        points.extend([x, -x]);
        x *= 3.0;
    }
    points
}

impl Activation {
    /// E\[φ(x)\].
    pub fn mean(self, law: Gaussian) -> f64 {
        match self.homogeneous() {
            Some(slopes) => rectified::mean(slopes, law),
            None if self == Self::Exponential => (law.mean + 0.5 * law.variance).exp(),
            None => law.expect(self, |x| self.value(x)),
        }
    }

    /// E\[φ(x)²\].
    pub fn second_moment(self, law: Gaussian) -> f64 {
        match self.homogeneous() {
            Some(slopes) => rectified::second_moment(slopes, law),
            None if self == Self::Exponential => (2.0 * (law.mean + law.variance)).exp(),
            None => law.expect(self, |x| self.value(x).powi(2)),
        }
    }

    /// E\[φ′(x)\].
    pub fn mean_slope(self, law: Gaussian) -> f64 {
        self.slope_moment(law, 1)
    }

    /// E\[φ′(x)²\], the factor on ‖δ‖² in the backward pass.
    pub fn slope_square(self, law: Gaussian) -> f64 {
        self.slope_moment(law, 2)
    }

    /// E\[φ′(x)ᵏ\], k ≥ 1.
    pub fn slope_moment(self, law: Gaussian, k: i32) -> f64 {
        match self.homogeneous() {
            Some(slopes) => rectified::slope_moment(slopes, law, k),
            None if self == Self::Exponential => {
                let k = f64::from(k);
                (k * law.mean + 0.5 * k * k * law.variance).exp()
            }
            None => law.expect(self, |x| self.derivative(x).powi(k)),
        }
    }

    /// E\[φ(x)·φ″(x)\], the jumps of φ′ included; with E\[φ′²\] the slope of the variance map:
    /// ∂E\[φ²\]/∂v = E\[φ′²\] + E\[φφ″\].
    pub fn value_curvature(self, law: Gaussian) -> f64 {
        if self == Self::Exponential {
            return self.second_moment(law);
        }
        let smooth = if self.piecewise_linear() {
            0.0
        } else {
            law.expect(self, |x| self.value(x) * self.second_derivative(x))
        };
        let jumps: f64 = self
            .kinks()
            .into_iter()
            .map(|kink| (kink, self.value(kink.at) * kink.jump))
            .filter(|(_, weight)| *weight != 0.0 && !law.is_point())
            .map(|(kink, weight)| {
                let deviation = law.deviation();
                weight * pdf((kink.at - law.mean) / deviation) / deviation
            })
            .sum();
        smooth + jumps
    }

    /// E\[φ″(x)\], the jumps of φ′ included: ∂E\[φ′\]/∂mean, and by Stein's identity the mean
    /// coupling of φ′(w·x) to its own weights.
    pub fn mean_curvature(self, law: Gaussian) -> f64 {
        if law.is_point() {
            return self.second_derivative(law.mean);
        }
        let deviation = law.deviation();
        let smooth = if self.piecewise_linear() {
            0.0
        } else if self == Self::Exponential {
            self.mean(law)
        } else {
            law.expect(self, |x| self.second_derivative(x))
        };
        let jump = |k: Kink| k.jump * pdf((k.at - law.mean) / deviation) / deviation;
        smooth + self.kinks().into_iter().map(jump).sum::<f64>()
    }

    /// ½·E\[(φ(x₁) − φ(x₂))²\] for two inputs of the same law with correlation 1 − `apart`
    /// (0 ≤ `apart` ≤ 2). Keeps its relative accuracy however close the inputs are, which
    /// 1 − correlation would not.
    pub fn half_square_difference(self, law: Gaussian, apart: f64) -> f64 {
        if apart == 0.0 || law.is_point() {
            return 0.0;
        }
        match self.homogeneous() {
            Some(slopes) if law.mean == 0.0 => {
                rectified::half_square_difference(slopes, law.variance, apart)
            }
            _ => pair::half_square_difference(self, law, apart),
        }
    }

    /// E\[φ(x₁)·φ(x₂)\] for two inputs of the same law with this correlation.
    pub fn product(self, law: Gaussian, correlation: f64) -> f64 {
        self.second_moment(law) - self.half_square_difference(law, 1.0 - correlation)
    }

    /// E\[φ′(x₁)·φ′(x₂)\] for two inputs of the same law with this correlation.
    pub fn slope_product(self, law: Gaussian, correlation: f64) -> f64 {
        let apart = 1.0 - correlation;
        if apart == 0.0 || law.is_point() {
            return self.slope_square(law);
        }
        match self.homogeneous() {
            Some(slopes) if law.mean == 0.0 => rectified::slope_product(slopes, apart),
            _ => pair::slope_product(self, law, apart),
        }
    }
}

#[cfg(test)]
mod tests;
