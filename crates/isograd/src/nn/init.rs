//! Initial values of parameters, drawn in `f64` from a keyed stream.

use isograd_core::describe::Op;
use isograd_core::describe::network::Init;
use isograd_core::random::Stream;
use rand::RngExt as _;
use rand_distr::{Distribution as _, StandardNormal};

/// Standard deviation of a standard normal variable truncated at ±2:
/// √(1 − 4φ(2)/(2Φ(2) − 1)). Keras divides by it so that the variance after truncation is the one
/// asked for (`keras/initializers`, `VarianceScaling`).
const STD_OF_TRUNCATED: f64 = 0.879_625_661_034_239_8;

/// Truncated normals end at so many standard deviations, as in TensorFlow and Keras.
const TRUNCATED_AT: f64 = 2.0;

/// How many numbers enter and leave one unit of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fans {
    /// Inputs of one output unit: in, or in·kh·kw for a convolution.
    pub fan_in: usize,
    /// Outputs that one input unit reaches: out, or out·kh·kw for a convolution.
    pub fan_out: usize,
}

/// The fans of an operation with a weight matrix or kernel; `None` for all others.
pub fn fans(op: &Op) -> Option<Fans> {
    match *op {
        Op::Dense { inputs, units, .. } => Some(Fans {
            fan_in: inputs,
            fan_out: units,
        }),
        Op::Conv2d {
            inputs,
            filters,
            kernel: [height, width],
            ..
        } => Some(Fans {
            fan_in: inputs * height * width,
            fan_out: filters * height * width,
        }),
        _ => None,
    }
}

/// Initial values of a parameter of `shape`, row-major, drawn from `stream`; `fans` are those of its
/// layer (a bias has the fans of the weights beside it).
///
/// Truncated normals are drawn by rejection, so the values are exact and the number of draws is
/// random: give every parameter a stream of its own.
pub fn sample(init: &Init, shape: &[usize], fans: Fans, stream: &mut Stream) -> Vec<f64> {
    let count = shape.iter().product();
    // A fan of zero has no parameters to draw.
    let fan_in = fans.fan_in.max(1) as f64;
    let fan_mean = (fans.fan_in + fans.fan_out).max(1) as f64 / 2.0;
    match *init {
        Init::GlorotUniform { gain } => scaled_uniform(gain / fan_mean.sqrt(), count, stream),
        Init::GlorotNormal { gain, truncated } => {
            scaled_normal(gain / fan_mean.sqrt(), truncated, count, stream)
        }
        Init::HeUniform { gain } => scaled_uniform(gain * (2.0 / fan_in).sqrt(), count, stream),
        Init::HeNormal { gain, truncated } => {
            scaled_normal(gain * (2.0 / fan_in).sqrt(), truncated, count, stream)
        }
        Init::LecunUniform { gain } => scaled_uniform(gain / fan_in.sqrt(), count, stream),
        Init::LecunNormal { gain, truncated } => {
            scaled_normal(gain / fan_in.sqrt(), truncated, count, stream)
        }
        Init::TorchDefault => {
            let limit = fan_in.sqrt().recip();
            uniform(-limit, limit, count, stream)
        }
        Init::Uniform { min, max } => uniform(min, max, count, stream),
        Init::Normal { mean, std } => normal(mean, std, count, stream),
        Init::TruncatedNormal { mean, std } => truncated_normal(mean, std, count, stream),
        Init::Constant { value } => vec![value; count],
        // `Init` may grow; a variant without a rule here is a mistake of this crate.
        ref other => unreachable!("no sampling rule for {other:?}"),
    }
}

/// U(±√3·std), whose standard deviation is `std`.
fn scaled_uniform(std: f64, count: usize, stream: &mut Stream) -> Vec<f64> {
    let limit = 3f64.sqrt() * std;
    uniform(-limit, limit, count, stream)
}

/// A normal with standard deviation `std`, also after truncation.
fn scaled_normal(std: f64, truncated: bool, count: usize, stream: &mut Stream) -> Vec<f64> {
    if truncated {
        truncated_normal(0.0, std / STD_OF_TRUNCATED, count, stream)
    } else {
        normal(0.0, std, count, stream)
    }
}

fn uniform(min: f64, max: f64, count: usize, stream: &mut Stream) -> Vec<f64> {
    (0..count)
        .map(|_| min + (max - min) * stream.random::<f64>())
        .collect()
}

fn normal(mean: f64, std: f64, count: usize, stream: &mut Stream) -> Vec<f64> {
    (0..count)
        .map(|_| mean + std * standard_normal(stream))
        .collect()
}

fn truncated_normal(mean: f64, std: f64, count: usize, stream: &mut Stream) -> Vec<f64> {
    let mut draw = || {
        loop {
            let z = standard_normal(stream);
            if z.abs() <= TRUNCATED_AT {
                return mean + std * z;
            }
        }
    };
    (0..count).map(|_| draw()).collect()
}

fn standard_normal(stream: &mut Stream) -> f64 {
    StandardNormal.sample(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use isograd_core::random::{Purpose, stream};
    use statrs::distribution::{ContinuousCDF as _, Normal};

    const FANS: Fans = Fans {
        fan_in: 128,
        fan_out: 512,
    };
    const SHAPE: [usize; 2] = [128, 512];

    /// P(D > 1.95/√n) = 2·exp(−2·1.95²) ≈ 1e-3 (Kolmogorov's asymptotic distribution); the seeds are
    /// fixed, so a pass stays a pass.
    const KOLMOGOROV: f64 = 1.95;

    fn draw(init: &Init, path: &str) -> Vec<f64> {
        sample(init, &SHAPE, FANS, &mut stream(7, Purpose::Init, path, 0))
    }

    /// The exact distribution of an initialisation, from its published definition.
    enum Law {
        Uniform(f64, f64),
        Normal(f64, f64),
        /// Mean, deviation before truncation at ±2 of it.
        Truncated(f64, f64),
    }

    impl Law {
        fn cdf(&self, x: f64) -> f64 {
            let phi = |z: f64| Normal::standard().cdf(z);
            match *self {
                Self::Uniform(min, max) => ((x - min) / (max - min)).clamp(0.0, 1.0),
                Self::Normal(mean, std) => phi((x - mean) / std),
                Self::Truncated(mean, std) => {
                    let z = ((x - mean) / std).clamp(-2.0, 2.0);
                    (phi(z) - phi(-2.0)) / (phi(2.0) - phi(-2.0))
                }
            }
        }

        /// Mean, standard deviation and fourth central moment over the squared variance.
        fn moments(&self) -> (f64, f64, f64) {
            match *self {
                Self::Uniform(min, max) => {
                    (f64::midpoint(min, max), (max - min) / 12f64.sqrt(), 1.8)
                }
                Self::Normal(mean, std) => (mean, std, 3.0),
                Self::Truncated(mean, std) => {
                    // E z² = 1 − c·a and E z⁴ = 3 − c·(a³ + 3a), with a = 2, c = 2φ(a)/(2Φ(a) − 1).
                    let density = (-2.0f64).exp() / (2.0 * std::f64::consts::PI).sqrt();
                    let c = 2.0 * density / (2.0 * Normal::standard().cdf(2.0) - 1.0);
                    let (second, fourth) = (1.0 - 2.0 * c, 3.0 - 14.0 * c);
                    (mean, std * second.sqrt(), fourth / (second * second))
                }
            }
        }
    }

    #[test]
    fn draws_follow_the_exact_distribution() {
        struct Case {
            init: Init,
            law: Law,
        }
        let (gain, truncated) = (1.5, true);
        // Published forms: Glorot limit √(6/(in + out)), He limit √(6/in), LeCun limit √(3/in).
        let cases = [
            Case {
                init: Init::GlorotUniform { gain },
                law: Law::Uniform(
                    -gain * (6.0f64 / 640.0).sqrt(),
                    gain * (6.0f64 / 640.0).sqrt(),
                ),
            },
            Case {
                init: Init::GlorotNormal {
                    gain,
                    truncated: false,
                },
                law: Law::Normal(0.0, gain * (2.0f64 / 640.0).sqrt()),
            },
            Case {
                init: Init::GlorotNormal { gain, truncated },
                law: Law::Truncated(0.0, gain * (2.0f64 / 640.0).sqrt() / STD_OF_TRUNCATED),
            },
            Case {
                init: Init::HeUniform { gain: 1.0 },
                law: Law::Uniform(-(6.0f64 / 128.0).sqrt(), (6.0f64 / 128.0).sqrt()),
            },
            Case {
                init: Init::HeNormal {
                    gain: 1.0,
                    truncated: false,
                },
                law: Law::Normal(0.0, 0.125),
            },
            Case {
                init: Init::HeNormal {
                    gain: 1.0,
                    truncated,
                },
                law: Law::Truncated(0.0, 0.125 / STD_OF_TRUNCATED),
            },
            Case {
                init: Init::LecunUniform { gain },
                law: Law::Uniform(
                    -gain * (3.0f64 / 128.0).sqrt(),
                    gain * (3.0f64 / 128.0).sqrt(),
                ),
            },
            Case {
                init: Init::LecunNormal {
                    gain,
                    truncated: false,
                },
                law: Law::Normal(0.0, gain / 128f64.sqrt()),
            },
            Case {
                init: Init::LecunNormal { gain, truncated },
                law: Law::Truncated(0.0, gain / 128f64.sqrt() / STD_OF_TRUNCATED),
            },
            Case {
                init: Init::TorchDefault,
                law: Law::Uniform(-(1.0f64 / 128.0).sqrt(), (1.0f64 / 128.0).sqrt()),
            },
            Case {
                init: Init::Uniform {
                    min: -0.25,
                    max: 0.75,
                },
                law: Law::Uniform(-0.25, 0.75),
            },
            Case {
                init: Init::Normal {
                    mean: -1.0,
                    std: 0.3,
                },
                law: Law::Normal(-1.0, 0.3),
            },
            Case {
                init: Init::TruncatedNormal {
                    mean: 2.0,
                    std: 0.3,
                },
                law: Law::Truncated(2.0, 0.3),
            },
        ];
        let mut failures = Vec::new();
        for Case { init, law } in cases {
            let mut values = draw(&init, "weight");
            let n = values.len() as f64;
            let (mean, std, kurtosis) = law.moments();
            let got_mean = values.iter().sum::<f64>() / n;
            let got_variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            if (got_mean - mean).abs() > 4.0 * std / n.sqrt() {
                failures.push(format!("{init:?}: mean {got_mean}, not {mean}"));
            }
            let sigma = std * std * ((kurtosis - 1.0) / n).sqrt();
            if (got_variance - std * std).abs() > 4.0 * sigma {
                failures.push(format!(
                    "{init:?}: variance {got_variance}, not {}",
                    std * std
                ));
            }
            values.sort_by(f64::total_cmp);
            let distance = values.iter().enumerate().fold(0.0f64, |d, (i, &x)| {
                let f = law.cdf(x);
                d.max((f - i as f64 / n).abs())
                    .max(((i + 1) as f64 / n - f).abs())
            });
            if distance > KOLMOGOROV / n.sqrt() {
                failures.push(format!("{init:?}: Kolmogorov distance {distance}"));
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    #[test]
    fn truncation_keeps_the_variance_asked_for() {
        let (_, std, _) = Law::Truncated(0.0, 1.0 / STD_OF_TRUNCATED).moments();
        assert!((std - 1.0).abs() < 1e-9, "{std}");
    }

    #[test]
    fn constants_are_constant() {
        assert_eq!(
            draw(&Init::Constant { value: -5.0 }, "bias"),
            vec![-5.0; 128 * 512]
        );
        assert_eq!(draw(&Init::ZEROS, "bias"), vec![0.0; 128 * 512]);
    }

    #[test]
    fn parameters_are_independent_and_repeatable() {
        let init = Init::HeNormal {
            gain: 1.0,
            truncated: true,
        };
        let (a, b) = (draw(&init, "dense1.weight"), draw(&init, "dense2.weight"));
        assert_eq!(a, draw(&init, "dense1.weight"));
        // The correlation of n independent pairs has deviation 1/√n.
        let n = a.len() as f64;
        let product: f64 = a.iter().zip(&b).map(|(x, y)| x * y).sum::<f64>() / n;
        let correlation = product / 0.125f64.powi(2);
        assert!(correlation.abs() < 4.0 / n.sqrt(), "{correlation}");
    }

    #[test]
    fn fans_count_the_kernel() {
        let dense = Op::Dense {
            inputs: 3,
            units: 5,
            init: Init::ZEROS,
            bias: None,
        };
        let conv = Op::Conv2d {
            inputs: 3,
            filters: 8,
            kernel: [5, 2],
            stride: [1, 1],
            padding: [0; 4],
            init: Init::ZEROS,
            bias: None,
        };
        assert_eq!(
            fans(&dense),
            Some(Fans {
                fan_in: 3,
                fan_out: 5
            })
        );
        assert_eq!(
            fans(&conv),
            Some(Fans {
                fan_in: 30,
                fan_out: 80
            })
        );
        assert_eq!(fans(&Op::Flatten), None);
    }
}
