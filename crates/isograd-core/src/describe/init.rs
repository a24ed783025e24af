//! Initialisations of parameters.

use super::args::Args;
use super::error::ErrorKind;
use super::kind::{Bounds, Kind};
use super::network::{CriticalAt, CriticalWeights, Init};
use super::read::Result;
use super::registry::{Entry, Field};

const GAIN: Field = Field::or(
    "gain",
    Kind::Number(Bounds::NOT_NEGATIVE),
    "1.0",
    "factor on the standard deviation",
);
const TRUNCATED: Field = Field::or(
    "truncated",
    Kind::Flag,
    "false",
    "cut at two standard deviations and rescaled to the same variance (Keras)",
);
const MEAN: Field = Field::or("mean", Kind::Number(Bounds::ANY), "0.0", "mean");
const STD: Field = Field::or(
    "std",
    Kind::Number(Bounds::NOT_NEGATIVE),
    "0.05",
    "standard deviation",
);

/// The same entry with names that other programs use.
const fn also(mut entry: Entry<Init>, aka: &'static [&'static str]) -> Entry<Init> {
    entry.info.aka = aka;
    entry
}

/// All initialisations.
pub(crate) const ENTRIES: &[Entry<Init>] = &[
    also(
        Entry::new(
            "glorot_uniform",
            "Variance 2/(fan_in + fan_out), uniform (Glorot and Bengio 2010)",
            &[GAIN],
            r#"{ name = "glorot_uniform", gain = 1.6 }"#,
            |a| {
                Ok(Init::GlorotUniform {
                    gain: a.number("gain")?,
                })
            },
        ),
        &["xavier", "xavier_uniform", "glorot"],
    ),
    also(
        Entry::new(
            "glorot_normal",
            "Variance 2/(fan_in + fan_out), normal",
            &[GAIN, TRUNCATED],
            r#""glorot_normal""#,
            |a| {
                Ok(Init::GlorotNormal {
                    gain: a.number("gain")?,
                    truncated: a.flag("truncated")?,
                })
            },
        ),
        &["xavier_normal"],
    ),
    also(
        Entry::new(
            "he_uniform",
            "Variance 2/fan_in, uniform (He et al. 2015)",
            &[GAIN],
            r#""he_uniform""#,
            |a| {
                Ok(Init::HeUniform {
                    gain: a.number("gain")?,
                })
            },
        ),
        &["kaiming", "kaiming_uniform", "he"],
    ),
    also(
        Entry::new(
            "he_normal",
            "Variance 2/fan_in, normal",
            &[GAIN, TRUNCATED],
            r#"{ name = "he_normal", gain = 2.0, truncated = true }"#,
            |a| {
                Ok(Init::HeNormal {
                    gain: a.number("gain")?,
                    truncated: a.flag("truncated")?,
                })
            },
        ),
        &["kaiming_normal"],
    ),
    also(
        Entry::new(
            "lecun_uniform",
            "Variance 1/fan_in, uniform (LeCun et al. 1998)",
            &[GAIN],
            r#""lecun_uniform""#,
            |a| {
                Ok(Init::LecunUniform {
                    gain: a.number("gain")?,
                })
            },
        ),
        &["lecun"],
    ),
    Entry::new(
        "lecun_normal",
        "Variance 1/fan_in, normal",
        &[GAIN, TRUNCATED],
        r#""lecun_normal""#,
        |a| {
            Ok(Init::LecunNormal {
                gain: a.number("gain")?,
                truncated: a.flag("truncated")?,
            })
        },
    ),
    also(
        Entry::new(
            "torch_default",
            "U(−1/√fan_in, 1/√fan_in): what PyTorch does to linear and convolutional layers",
            &[],
            r#""torch_default""#,
            |_| Ok(Init::TorchDefault),
        ),
        &["pytorch", "torch", "default"],
    ),
    also(
        Entry::new(
            "uniform",
            "U(min, max)",
            &[
                Field::or("min", Kind::Number(Bounds::ANY), "-0.05", "lower limit"),
                Field::or("max", Kind::Number(Bounds::ANY), "0.05", "upper limit"),
            ],
            r#"{ name = "uniform", min = -0.1, max = 0.1 }"#,
            |a| {
                let (min, max) = (a.number("min")?, a.number("max")?);
                if min > max {
                    let message = format!("`min` of uniform, {min}, is above `max`, {max}");
                    return Err(a.place.error(ErrorKind::OutOfRange, message));
                }
                Ok(Init::Uniform { min, max })
            },
        ),
        &["random_uniform"],
    ),
    also(
        Entry::new(
            "normal",
            "N(mean, std²)",
            &[MEAN, STD],
            r#"{ name = "normal", std = 0.02 }"#,
            |a| {
                Ok(Init::Normal {
                    mean: a.number("mean")?,
                    std: a.number("std")?,
                })
            },
        ),
        &["random_normal", "gaussian"],
    ),
    Entry::new(
        "truncated_normal",
        "N(mean, std²), values beyond two standard deviations drawn again",
        &[MEAN, STD],
        r#"{ name = "truncated_normal", std = 0.1 }"#,
        |a| {
            Ok(Init::TruncatedNormal {
                mean: a.number("mean")?,
                std: a.number("std")?,
            })
        },
    ),
    Entry::new(
        "constant",
        "All the same value",
        &[Field::required(
            "value",
            Kind::Number(Bounds::ANY),
            "the value",
        )],
        r#"{ name = "constant", value = 0.1 }"#,
        |a| {
            Ok(Init::Constant {
                value: a.number("value")?,
            })
        },
    ),
    Entry::new(
        "orthogonal",
        "Rows or columns, whichever are fewer, orthonormal, uniformly among all such matrices (Saxe et al. \
         2013); a kernel counts as filters × the rest",
        &[GAIN],
        r#"{ name = "orthogonal", gain = 1.4 }"#,
        |a| {
            Ok(Init::Orthogonal {
                gain: a.number("gain")?,
            })
        },
    ),
    Entry::new(
        "delta_orthogonal",
        "A kernel that is zero but for its centre, which is orthogonal: needs at least as many filters \
         as channels come in (Xiao et al. 2018); of a dense layer, orthogonal",
        &[GAIN],
        r#""delta_orthogonal""#,
        |a| {
            Ok(Init::DeltaOrthogonal {
                gain: a.number("gain")?,
            })
        },
    ),
    also(
        Entry::new(
            "identity",
            "The identity as far as the matrix reaches, at the centre of a kernel (IRNN, Le et al. 2015)",
            &[GAIN],
            r#""identity""#,
            |a| {
                Ok(Init::Identity {
                    gain: a.number("gain")?,
                })
            },
        ),
        &["eye", "irnn", "dirac"],
    ),
    also(
        Entry::new(
            "critical",
            "The edge of chaos of the activation that follows: variances of weights and biases with which \
             gradients neither vanish nor explode (Schoenholz et al. 2017); with none, gain 1",
            &[
                GAIN,
                Field::optional(
                    "q",
                    Kind::Number(Bounds::POSITIVE),
                    "variance of the pre-activation that stays; default 1, but for saturating activations \
                     and those of the ReLU family bias_variance = 0",
                ),
                Field::optional(
                    "bias_variance",
                    Kind::Number(Bounds::NOT_NEGATIVE),
                    "variance of the biases, in place of q",
                ),
                Field::or(
                    "weights",
                    Kind::Word(&[
                        ("normal", "independent and normal"),
                        ("orthogonal", "orthogonal, scaled where the layer widens"),
                        (
                            "delta_orthogonal",
                            "delta-orthogonal kernels; dense layers orthogonal",
                        ),
                    ]),
                    "\"normal\"",
                    "their distribution",
                ),
            ],
            r#"{ name = "critical", weights = "orthogonal" }"#,
            critical,
        ),
        &["edge_of_chaos", "eoc", "mean_field"],
    ),
    Entry::new(
        "lsuv",
        "Orthogonal, and before the first step each layer's weights are divided by the standard deviation \
         of its output on one batch, in order (Mishkin and Matas 2015)",
        &[
            Field::or(
                "tolerance",
                Kind::Number(Bounds::POSITIVE),
                "0.1",
                "largest difference of the variance from 1 that is left",
            ),
            Field::or("iterations", Kind::Count(1), "10", "most divisions a layer"),
        ],
        r#""lsuv""#,
        |a| {
            Ok(Init::Lsuv {
                tolerance: a.number("tolerance")?,
                iterations: a.count("iterations")?,
            })
        },
    ),
    also(
        Entry::new("zeros", "All 0", &[], r#""zeros""#, |_| Ok(Init::ZEROS)),
        &["zero"],
    ),
    also(
        Entry::new("ones", "All 1", &[], r#""ones""#, |_| Ok(Init::ONES)),
        &["one"],
    ),
];

fn critical(a: &Args<'_>) -> Result<Init> {
    let (q, bias) = (a.maybe_number("q")?, a.maybe_number("bias_variance")?);
    Ok(Init::Critical {
        gain: a.number("gain")?,
        at: match (q, bias) {
            (Some(_), Some(_)) => {
                let message =
                    "`q` and `bias_variance` each say where on the critical line: give one";
                return Err(a.place.error(ErrorKind::Conflict, message));
            }
            (Some(q), None) => CriticalAt::Variance(q),
            (None, Some(variance)) => CriticalAt::BiasVariance(variance),
            (None, None) => CriticalAt::Usual,
        },
        weights: match a.word("weights")? {
            "orthogonal" => CriticalWeights::Orthogonal,
            "delta_orthogonal" => CriticalWeights::DeltaOrthogonal,
            _ => CriticalWeights::Normal,
        },
    })
}

/// The words of all initialisations.
pub(crate) fn words() -> impl Iterator<Item = &'static str> + Clone {
    ENTRIES.iter().map(|entry| entry.info.name)
}
