//! An activation made to measure for the depth of the network.

use super::super::error::ErrorKind;
use super::super::kind::{Bounds, Kind};
use super::super::network::{BlockKind, Tailoring};
use super::super::registry::{Entry, Field, Info};
use super::PLAIN;

/// Default of η (Zhang et al. 2022).
const ETA: f64 = 0.9;
/// Default of ζ (Martens et al. 2021).
const ZETA: f64 = 1.5;

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "tailored",
        aka: &["tat", "dks", "tailored_relu", "tailored_leaky_relu"],
        doc: "A leaky ReLU or scaled tanh chosen for the number of tailored activations one after another, \
              so that two inputs stay apart at any depth; init \"critical\" belongs to it",
        fields: &[
            Field::or(
                "shape",
                Kind::Word(&[
                    (
                        "leaky_relu",
                        "the slope below 0 is chosen (Zhang et al. 2022)",
                    ),
                    (
                        "tanh",
                        "scales of input and output are chosen (Martens et al. 2021)",
                    ),
                ]),
                "\"leaky_relu\"",
                "what it is made from",
            ),
            Field::optional(
                "eta",
                Kind::Number(Bounds::INSIDE),
                "for leaky_relu: correlation that two uncorrelated inputs reach behind all of them; default 0.9",
            ),
            Field::optional(
                "zeta",
                Kind::Number(Bounds::new(1.0, f64::INFINITY, false, false)),
                "for tanh: slope of the network's correlation map at 1; default 1.5",
            ),
        ],
        common: PLAIN,
        main: None,
        example: r#""tailored""#,
    },
    build: |args| {
        let (eta, zeta) = (args.maybe_number("eta")?, args.maybe_number("zeta")?);
        let smooth = args.word("shape")? == "tanh";
        let stray = if smooth { "eta" } else { "zeta" };
        if let Some(input) = args.written(stray) {
            let shape = if smooth { "tanh" } else { "leaky_relu" };
            let message = format!("`{stray}` does not belong to shape = \"{shape}\"");
            return Err(input.error(ErrorKind::Conflict, message));
        }
        Ok(BlockKind::Tailored(if smooth {
            Tailoring::Tanh {
                zeta: zeta.unwrap_or(ZETA),
            }
        } else {
            Tailoring::LeakyRelu {
                eta: eta.unwrap_or(ETA),
            }
        }))
    },
};
