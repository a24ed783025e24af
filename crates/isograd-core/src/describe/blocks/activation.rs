//! Element-wise activations.

use super::super::kind::{Bounds, Kind};
use super::super::network::BlockKind;
use super::super::registry::{Entry, Field, Info};
use super::PLAIN;
use isograd_theory::Activation;

/// An activation without options.
macro_rules! plain {
    ($name:literal, $aka:expr, $doc:literal, $variant:ident) => {
        Entry {
            info: Info {
                name: $name,
                aka: &$aka,
                doc: $doc,
                fields: &[],
                common: PLAIN,
                main: None,
                example: concat!("\"", $name, "\""),
            },
            build: |_| Ok(BlockKind::Activation(Activation::$variant)),
        }
    };
}

pub(super) const ENTRIES: &[Entry<BlockKind>] = &[
    plain!("sigmoid", ["logistic"], "1 / (1 + e⁻ˣ)", Sigmoid),
    plain!("tanh", [], "tanh x", Tanh),
    plain!("relu", ["rectifier"], "max(x, 0)", Relu),
    Entry {
        info: Info {
            name: "leaky_relu",
            aka: &["lrelu", "leakyrelu"],
            doc: "x for x ≥ 0, slope·x below",
            fields: &[Field::or(
                "slope",
                Kind::Number(Bounds::ANY),
                "0.01",
                "slope of the negative part",
            )],
            common: PLAIN,
            main: Some("slope"),
            example: "{ leaky_relu = 0.1 }",
        },
        build: |args| {
            Ok(BlockKind::Activation(Activation::LeakyRelu {
                slope: args.number("slope")?,
            }))
        },
    },
    Entry {
        info: Info {
            name: "elu",
            aka: &[],
            doc: "x for x ≥ 0, alpha·(eˣ − 1) below (Clevert et al. 2015)",
            fields: &[Field::or(
                "alpha",
                Kind::Number(Bounds::NOT_NEGATIVE),
                "1.0",
                "minus the value it saturates at",
            )],
            common: PLAIN,
            main: Some("alpha"),
            example: "{ elu = 1.0 }",
        },
        build: |args| {
            Ok(BlockKind::Activation(Activation::Elu {
                alpha: args.number("alpha")?,
            }))
        },
    },
    Entry {
        info: Info {
            name: "celu",
            aka: &[],
            doc: "x for x ≥ 0, alpha·(e^(x/alpha) − 1) below: an ELU without a jump in its slope (Barron 2017)",
            fields: &[Field::or(
                "alpha",
                Kind::Number(Bounds::POSITIVE),
                "1.0",
                "minus the value it saturates at",
            )],
            common: PLAIN,
            main: Some("alpha"),
            example: "{ celu = 0.5 }",
        },
        build: |args| {
            Ok(BlockKind::Activation(Activation::Celu {
                alpha: args.number("alpha")?,
            }))
        },
    },
    plain!(
        "selu",
        [],
        "1.0507·ELU(x, 1.6733), self-normalising (Klambauer et al. 2017)",
        Selu
    ),
    plain!(
        "gelu",
        [],
        "x·Φ(x), exact (Hendrycks and Gimpel 2016)",
        Gelu
    ),
    plain!(
        "silu",
        ["swish"],
        "x·sigmoid(x) (Elfwing et al. 2017)",
        Silu
    ),
    plain!("mish", [], "x·tanh(ln(1 + eˣ)) (Misra 2019)", Mish),
    Entry {
        info: Info {
            name: "scaled_tanh",
            aka: &["lecun_tanh"],
            doc: "output·tanh(input·x) (LeCun et al. 1998, §4.4)",
            fields: &[
                Field::or(
                    "output",
                    Kind::Number(Bounds::POSITIVE),
                    "1.7159",
                    "what it saturates at",
                ),
                Field::or(
                    "input",
                    Kind::Number(Bounds::POSITIVE),
                    "0.6666666666666666",
                    "factor on x",
                ),
            ],
            common: PLAIN,
            main: None,
            example: "{ scaled_tanh = { output = 2.0, input = 0.5 } }",
        },
        build: |args| {
            Ok(BlockKind::Activation(Activation::ScaledTanh {
                output: args.number("output")?,
                input: args.number("input")?,
            }))
        },
    },
    plain!("softplus", [], "ln(1 + eˣ)", Softplus),
    plain!("softsign", [], "x / (1 + |x|)", Softsign),
    plain!(
        "hard_sigmoid",
        [],
        "clip(0.2 x + 0.5, 0, 1) (Keras 2)",
        HardSigmoid
    ),
    plain!("exponential", ["exp"], "eˣ", Exponential),
    plain!("linear", ["identity", "none"], "x: no activation", Identity),
];

/// The word of an activation.
pub(super) fn word(activation: Activation) -> &'static str {
    match activation {
        Activation::Sigmoid => "sigmoid",
        Activation::Tanh => "tanh",
        Activation::Relu => "relu",
        Activation::LeakyRelu { .. } => "leaky_relu",
        Activation::Elu { .. } => "elu",
        Activation::Celu { .. } => "celu",
        Activation::ScaledTanh { .. } => "scaled_tanh",
        Activation::Selu => "selu",
        Activation::Gelu => "gelu",
        Activation::Silu => "silu",
        Activation::Mish => "mish",
        Activation::Softplus => "softplus",
        Activation::Softsign => "softsign",
        Activation::HardSigmoid => "hard_sigmoid",
        Activation::Exponential => "exponential",
        Activation::Identity => "linear",
        // The enum is open; the tests of the registry read every entry and compare its word.
        _ => "activation",
    }
}
