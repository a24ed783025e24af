//! Mean and variance of initial parameters.

use crate::describe::network::Init;

/// Share of the variance that is left when a normal law is truncated at two standard deviations:
/// 1 − 4·pdf(2)/(2Φ(2) − 1).
const TRUNCATED_VARIANCE: f64 = 0.773_741_303_549_923_2;

/// Inputs that a unit sees, and units that an input reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fans {
    /// Inputs × kernel size.
    pub input: f64,
    /// Units × kernel size.
    pub output: f64,
    /// Kernel size: 1 for a dense layer.
    pub taps: f64,
}

impl Fans {
    /// As many inputs as units.
    pub(super) fn square(units: f64) -> Self {
        Self {
            input: units,
            output: units,
            taps: 1.0,
        }
    }
}

/// Mean and variance of one initial parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moments {
    /// E\[w\].
    pub mean: f64,
    /// Var\[w\].
    pub variance: f64,
}

impl Moments {
    /// Variance of ln‖Wᵀδ‖² between initialisations, for a δ of fixed direction, `inputs` numbers in
    /// and `units` out (of a kernel: channels). Of independent weights 2/inputs. An orthogonal matrix
    /// that does not widen keeps every norm exactly; one that widens projects δ on `inputs` of its
    /// `units` directions, ‖Wᵀδ‖² ~ Beta(inputs/2, (units − inputs)/2).
    pub(super) fn ln_variance(init: Init, inputs: f64, units: f64, taps: f64) -> f64 {
        let isometric = match init {
            Init::Orthogonal { .. } | Init::Lsuv { .. } => taps == 1.0,
            Init::DeltaOrthogonal { .. } | Init::Identity { .. } => true,
            _ => false,
        };
        let free = 2.0 / inputs.max(1.0);
        if isometric {
            (free - 2.0 / units.max(1.0)).max(0.0)
        } else {
            free
        }
    }

    /// Of parameters drawn by `init`; a bias has the fans of the weights beside it.
    pub(super) fn of(init: Init, fans: Fans) -> Self {
        let scaled = |gain: f64, variance: f64| Self {
            mean: 0.0,
            variance: gain * gain * variance,
        };
        let input = fans.input.max(1.0);
        let both = (fans.input + fans.output).max(1.0);
        match init {
            // Truncated or not, uniform or normal: the variance is the one that the name says.
            Init::GlorotUniform { gain } | Init::GlorotNormal { gain, .. } => {
                scaled(gain, 2.0 / both)
            }
            Init::HeUniform { gain } | Init::HeNormal { gain, .. } => scaled(gain, 2.0 / input),
            Init::LecunUniform { gain } | Init::LecunNormal { gain, .. } => {
                scaled(gain, 1.0 / input)
            }
            Init::TorchDefault => scaled(1.0, 1.0 / (3.0 * input)),
            Init::Uniform { min, max } => Self {
                mean: 0.5 * (min + max),
                variance: (max - min) * (max - min) / 12.0,
            },
            Init::Normal { mean, std } => Self {
                mean,
                variance: std * std,
            },
            Init::TruncatedNormal { mean, std } => Self {
                mean,
                variance: TRUNCATED_VARIANCE * std * std,
            },
            // Exact: each of the fewer of rows and columns has norm `gain`.
            Init::Orthogonal { gain } => {
                scaled(gain, 1.0 / input.max(fans.output / fans.taps).max(1.0))
            }
            // The mean over all taps, of which only the centre is not zero.
            Init::DeltaOrthogonal { gain } | Init::Identity { gain } => {
                scaled(gain, 1.0 / input.max(fans.output).max(1.0))
            }
            // Before the batch says more, orthogonal; a plan has no critical ones left.
            Init::Lsuv { .. } => scaled(1.0, 1.0 / input.max(fans.output / fans.taps).max(1.0)),
            Init::Critical { .. } => scaled(1.0, 1.0 / input),
            Init::Constant { value } => Self {
                mean: value,
                variance: 0.0,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fans, Moments, TRUNCATED_VARIANCE};
    use crate::describe::network::Init;
    use isograd_theory::normal::{cdf, pdf};

    #[test]
    fn moments_are_those_that_the_names_say() {
        let fans = Fans {
            input: 300.0,
            output: 100.0,
            taps: 1.0,
        };
        let cases = [
            (Init::GlorotUniform { gain: 1.0 }, 0.0, 2.0 / 400.0),
            (
                Init::GlorotNormal {
                    gain: 2.0,
                    truncated: true,
                },
                0.0,
                8.0 / 400.0,
            ),
            (Init::HeUniform { gain: 1.0 }, 0.0, 2.0 / 300.0),
            (Init::LecunUniform { gain: 3.0 }, 0.0, 9.0 / 300.0),
            (Init::TorchDefault, 0.0, 1.0 / 900.0),
            (
                Init::Uniform {
                    min: -1.0,
                    max: 3.0,
                },
                1.0,
                16.0 / 12.0,
            ),
            (
                Init::Normal {
                    mean: 0.5,
                    std: 0.1,
                },
                0.5,
                0.01,
            ),
            (Init::ONES, 1.0, 0.0),
            (Init::Orthogonal { gain: 2.0 }, 0.0, 4.0 / 300.0),
            (Init::DeltaOrthogonal { gain: 1.0 }, 0.0, 1.0 / 300.0),
        ];
        for (init, mean, variance) in cases {
            let moments = Moments::of(init, fans);
            assert!(
                (moments.mean - mean).abs() < 1e-15 && (moments.variance - variance).abs() < 1e-15,
                "{init:?}: {moments:?}"
            );
        }
    }

    #[test]
    fn the_truncated_normal_has_the_variance_of_its_density() {
        let exact = 1.0 - 4.0 * pdf(2.0) / (2.0 * cdf(2.0) - 1.0);
        assert!((TRUNCATED_VARIANCE - exact).abs() < 1e-15, "{exact}");
    }
}
