//! How much of a gradient is the same from step to step.

use isograd_kernels::{FOLLOWED, Values};

/// What is kept of the means from one measured step to the next: about the last 19 of them count.
const KEEP: f64 = 0.9;

/// Measured steps before anything is said.
const FEWEST: u32 = 5;

/// Signal and noise of the gradient of one parameter.
///
/// Of gradients g = s + n with one signal s and noise of mean 0 that is independent from step to step,
/// the exponential mean m over steps with weights w has E‖m‖² = ‖s‖² + ρ·E‖n‖², ρ = Σ w². That and
/// E‖g‖² = ‖s‖² + E‖n‖² give both without bias.
#[derive(Clone, Debug)]
pub struct Course {
    mean: [f32; FOLLOWED],
    squares: f64,
    steps: u32,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            mean: [0.0; FOLLOWED],
            squares: 0.0,
            steps: 0,
        }
    }
}

/// ‖s‖² and E‖n‖² of a gradient's followed numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heard {
    /// ‖s‖², not below 0.
    pub signal: f64,
    /// E‖n‖².
    pub noise: f64,
}

impl Course {
    /// Adds the gradient of one step; `None` until there were enough.
    pub fn add(&mut self, gradient: &Values) -> Option<Heard> {
        let [now, mean] = gradient.follow(&mut self.mean, KEEP as f32);
        if !(now.is_finite() && mean.is_finite()) {
            *self = Self::default();
            return None;
        }
        self.squares = KEEP * self.squares + (1.0 - KEEP) * now;
        self.steps = self.steps.saturating_add(1);
        if self.steps < FEWEST {
            return None;
        }
        // The weights of the mean add up to `whole`.
        let left = KEEP.powi(i32::try_from(self.steps).unwrap_or(i32::MAX));
        let whole = 1.0 - left;
        let rho = (1.0 - KEEP) / (1.0 + KEEP) * (1.0 - left * left) / (whole * whole);
        let (mean, squares) = (mean / (whole * whole), self.squares / whole);
        let noise = ((squares - mean) / (1.0 - rho)).max(0.0);
        let signal = (mean - rho * noise).max(0.0);
        Some(Heard { signal, noise })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use burn::tensor::{Device, Tensor};
    use isograd_core::random::{Purpose, stream};
    use rand::RngExt as _;

    /// Σ over many steps of signal and noise of a gradient with `signal` in each number and noise of
    /// variance `noise`.
    fn heard(signal: f32, noise: f32, steps: usize) -> Heard {
        let mut random = stream(7, Purpose::Init, "noise", 0);
        let mut course = Course::default();
        let mut sum = Heard::default();
        let mut count = 0.0;
        for _ in 0..steps {
            // Uniform numbers have the variance width²/12.
            let width = (12.0 * noise).sqrt();
            let g: Vec<f32> = (0..FOLLOWED)
                .map(|_| signal + width * (random.random::<f32>() - 0.5))
                .collect();
            let g = Tensor::<1>::from_floats(&g[..], &Device::flex());
            if let Some(heard) = course.add(&Values::of(g)) {
                sum.signal += heard.signal;
                sum.noise += heard.noise;
                count += 1.0;
            }
        }
        let numbers = count * FOLLOWED as f64;
        Heard {
            signal: sum.signal / numbers,
            noise: sum.noise / numbers,
        }
    }

    #[test]
    fn signal_and_noise_are_told_apart() {
        let found = heard(0.5, 0.25, 2000);
        assert!((found.signal - 0.25).abs() < 0.01, "{found:?}");
        assert!((found.noise - 0.25).abs() < 0.01, "{found:?}");
        // All signal, and all noise: what is below 0 is cut off, half of a small spread.
        let found = heard(0.5, 0.0, 100);
        assert!(
            (found.signal - 0.25).abs() < 1e-6 && found.noise < 1e-6,
            "{found:?}"
        );
        let found = heard(0.0, 1.0, 2000);
        assert!(
            found.signal < 0.02 && (found.noise - 1.0).abs() < 0.02,
            "{found:?}"
        );
    }

    #[test]
    fn nothing_is_said_too_soon_and_bad_numbers_begin_again() {
        let device = Device::flex();
        let good = || Values::of(Tensor::<1>::ones([3], &device));
        let mut course = Course::default();
        assert!((0..4).all(|_| course.add(&good()).is_none()));
        assert!(course.add(&good()).is_some());
        let bad = Tensor::<1>::from_floats([1.0, f32::NAN, 0.0], &device);
        assert_eq!(course.add(&Values::of(bad)), None);
        assert_eq!(course.add(&good()), None);
    }
}
