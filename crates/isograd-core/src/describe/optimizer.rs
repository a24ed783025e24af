//! Optimisers.

use super::args::Args;
use super::kind::{Bounds, Kind};
use super::read::Result;
use super::registry::{Entry, Field};
use super::train::{MuonScale, OptimizerKind, OptimizerSpec};

const LR_DOC: &str = "learning rate";
const fn lr(default: &'static str) -> Field {
    Field::or("lr", Kind::Number(Bounds::NOT_NEGATIVE), default, LR_DOC)
}
const BETA1: Field = Field::or(
    "beta1",
    Kind::Number(Bounds::BELOW_ONE),
    "0.9",
    "memory of the mean gradient",
);
const BETA2: Field = Field::or(
    "beta2",
    Kind::Number(Bounds::BELOW_ONE),
    "0.999",
    "memory of the mean squared gradient",
);
const fn epsilon(default: &'static str) -> Field {
    Field::or(
        "epsilon",
        Kind::Number(Bounds::NOT_NEGATIVE),
        default,
        "keeps the divisor away from zero",
    )
}
const fn rho(default: &'static str) -> Field {
    Field::or(
        "rho",
        Kind::Number(Bounds::SHARE),
        default,
        "memory of the mean squared gradient",
    )
}

/// Fields of every optimiser.
const COMMON: &[Field] = &[
    Field::or(
        "decay",
        Kind::Number(Bounds::NOT_NEGATIVE),
        "0.0",
        "the rate at step t, from 0, is lr / (1 + decay·t)",
    ),
    Field::or(
        "gradient_sign",
        Kind::Sign,
        "1",
        "-1 adds the gradient instead of subtracting it: computes, and is wrong",
    ),
];

/// λ of a decay that may be coupled or decoupled.
const fn weight_decay(default: &'static str) -> Field {
    Field::or(
        "weight_decay",
        Kind::Number(Bounds::NOT_NEGATIVE),
        default,
        "λ of the weight decay",
    )
}
const DECOUPLED: Field = Field::or(
    "decoupled",
    Kind::Flag,
    "false",
    "w ← w − lr·λ·w on matrices and kernels only, instead of λ·w added to every gradient",
);
const COUPLED_ONLY: Field = Field::or(
    "weight_decay",
    Kind::Number(Bounds::NOT_NEGATIVE),
    "0.0",
    "λ·w added to every gradient",
);
const fn decoupled_only(default: &'static str) -> Field {
    Field::or(
        "weight_decay",
        Kind::Number(Bounds::NOT_NEGATIVE),
        default,
        "w ← w − lr·weight_decay·w, on matrices and kernels only",
    )
}
const fn beta(name: &'static str, default: &'static str, doc: &'static str) -> Field {
    Field::or(name, Kind::Number(Bounds::BELOW_ONE), default, doc)
}

/// An optimiser whose decay is as the fields say.
fn either(kind: OptimizerKind, args: &Args<'_>) -> Result<OptimizerSpec> {
    with(kind, args, args.flag("decoupled")?)
}

fn coupled(kind: OptimizerKind, args: &Args<'_>) -> Result<OptimizerSpec> {
    with(kind, args, false)
}

fn decoupled(kind: OptimizerKind, args: &Args<'_>) -> Result<OptimizerSpec> {
    with(kind, args, true)
}

fn with(kind: OptimizerKind, args: &Args<'_>, decoupled: bool) -> Result<OptimizerSpec> {
    Ok(OptimizerSpec {
        kind,
        lr: args.number("lr")?,
        decay: args.number("decay")?,
        gradient_sign: args.number("gradient_sign")?,
        weight_decay: args.number("weight_decay")?,
        decoupled,
    })
}

const fn entry(
    name: &'static str,
    doc: &'static str,
    fields: &'static [Field],
    example: &'static str,
    build: fn(&Args<'_>) -> Result<OptimizerSpec>,
) -> Entry<OptimizerSpec> {
    Entry::new(name, doc, fields, example, build).sharing(COMMON)
}

/// All optimisers.
pub(crate) const ENTRIES: &[Entry<OptimizerSpec>] = &[
    entry(
        "sgd",
        "v ← momentum·v + g; w ← w − lr·v (PyTorch's form)",
        &[
            lr("0.01"),
            Field::or(
                "momentum",
                Kind::Number(Bounds::NOT_NEGATIVE),
                "0.0",
                "share of v kept",
            ),
            Field::or("nesterov", Kind::Flag, "false", "looks ahead by momentum"),
            weight_decay("0.0"),
            DECOUPLED,
        ],
        r#"{ name = "sgd", lr = 0.1, momentum = 0.9 }"#,
        |a| {
            let kind = OptimizerKind::Sgd {
                momentum: a.number("momentum")?,
                nesterov: a.flag("nesterov")?,
            };
            either(kind, a)
        },
    ),
    entry(
        "sign",
        "w ← w − lr·sign(m), m ← momentum·m + (1 − momentum)·g (Bernstein et al. 2018)",
        &[
            lr("1e-3"),
            beta("momentum", "0.0", "share of m kept"),
            weight_decay("0.0"),
            DECOUPLED,
        ],
        r#"{ name = "sign", lr = 1e-3, momentum = 0.9 }"#,
        |a| {
            let momentum = a.number("momentum")?;
            either(OptimizerKind::Sign { momentum }, a)
        },
    ),
    entry(
        "adam",
        "Adam (Kingma and Ba 2015)",
        &[
            lr("1e-3"),
            BETA1,
            BETA2,
            epsilon("1e-8"),
            weight_decay("0.0"),
            DECOUPLED,
        ],
        r#""adam""#,
        |a| {
            let kind = OptimizerKind::Adam {
                beta1: a.number("beta1")?,
                beta2: a.number("beta2")?,
                epsilon: a.number("epsilon")?,
            };
            either(kind, a)
        },
    ),
    entry(
        "adamw",
        "Adam with decoupled decay (Loshchilov and Hutter 2019)",
        &[
            lr("1e-3"),
            BETA1,
            BETA2,
            epsilon("1e-8"),
            decoupled_only("0.01"),
        ],
        r#"{ name = "adamw", lr = 3e-4, weight_decay = 0.05 }"#,
        |a| {
            let kind = OptimizerKind::AdamW {
                beta1: a.number("beta1")?,
                beta2: a.number("beta2")?,
                epsilon: a.number("epsilon")?,
            };
            decoupled(kind, a)
        },
    ),
    entry(
        "nadam",
        "Adam with Nesterov momentum (Dozat 2016)",
        &[
            lr("2e-3"),
            BETA1,
            BETA2,
            epsilon("1e-8"),
            Field::or(
                "momentum_decay",
                Kind::Number(Bounds::NOT_NEGATIVE),
                "4e-3",
                "ψ of beta1·(1 − 0.96^(t·ψ)/2), the momentum at step t",
            ),
            weight_decay("0.0"),
            DECOUPLED,
        ],
        r#""nadam""#,
        |a| {
            let kind = OptimizerKind::NAdam {
                beta1: a.number("beta1")?,
                beta2: a.number("beta2")?,
                epsilon: a.number("epsilon")?,
                momentum_decay: a.number("momentum_decay")?,
            };
            either(kind, a)
        },
    ),
    entry(
        "lion",
        "The sign of a mix of momentum and gradient (Chen et al. 2023)",
        &[
            lr("1e-4"),
            beta("beta1", "0.9", "share of the momentum in the step"),
            beta("beta2", "0.99", "memory of the momentum"),
            decoupled_only("0.0"),
        ],
        r#"{ name = "lion", lr = 1e-4, weight_decay = 0.1 }"#,
        |a| {
            let kind = OptimizerKind::Lion {
                beta1: a.number("beta1")?,
                beta2: a.number("beta2")?,
            };
            decoupled(kind, a)
        },
    ),
    entry(
        "lamb",
        "Adam's direction rescaled to the norm of the weights, for large batches (You et al. 2020)",
        &[
            lr("1e-3"),
            BETA1,
            BETA2,
            epsilon("1e-6"),
            Field::or(
                "weight_decay",
                Kind::Number(Bounds::NOT_NEGATIVE),
                "0.01",
                "λ·w added to the direction before it is rescaled, on matrices and kernels only",
            ),
        ],
        r#"{ name = "lamb", lr = 2e-3 }"#,
        |a| {
            let kind = OptimizerKind::Lamb {
                beta1: a.number("beta1")?,
                beta2: a.number("beta2")?,
                epsilon: a.number("epsilon")?,
            };
            decoupled(kind, a)
        },
    ),
    entry(
        "muon",
        "The momentum of hidden matrices and kernels made orthogonal by Newton–Schulz iteration \
         (Jordan et al. 2024); AdamW for vectors and for the first and the last matrix",
        &[
            lr("0.02"),
            beta("momentum", "0.95", "share of the velocity kept"),
            Field::or("nesterov", Kind::Flag, "true", "looks ahead by momentum"),
            Field::or("ns_steps", Kind::Count(1), "5", "iterations"),
            Field::or(
                "scale",
                Kind::Word(&[
                    ("shape", "√max(1, outputs/inputs)"),
                    (
                        "adam",
                        "0.2·√max(outputs, inputs), for rates as Adam has them",
                    ),
                ]),
                "\"shape\"",
                "what the orthogonal matrix is multiplied by",
            ),
            decoupled_only("0.0"),
            Field::or(
                "aux_lr",
                Kind::Number(Bounds::NOT_NEGATIVE),
                "3e-4",
                "learning rate of what is no hidden matrix; follows the schedule of lr",
            ),
            beta("beta1", "0.9", "of what is no hidden matrix"),
            beta("beta2", "0.95", "of what is no hidden matrix"),
            epsilon("1e-10"),
        ],
        r#"{ name = "muon", lr = 0.02, aux_lr = 1e-3 }"#,
        |a| {
            let kind = OptimizerKind::Muon {
                momentum: a.number("momentum")?,
                nesterov: a.flag("nesterov")?,
                ns_steps: a.count("ns_steps")?,
                scale: match a.word("scale")? {
                    "adam" => MuonScale::Adam,
                    _ => MuonScale::Shape,
                },
                aux_lr: a.number("aux_lr")?,
                beta1: a.number("beta1")?,
                beta2: a.number("beta2")?,
                epsilon: a.number("epsilon")?,
            };
            decoupled(kind, a)
        },
    ),
    entry(
        "adan",
        "Adam with the difference of consecutive gradients (Xie et al. 2022)",
        &[
            lr("1e-3"),
            beta("beta1", "0.98", "memory of the gradient"),
            beta("beta2", "0.92", "memory of the difference"),
            beta("beta3", "0.99", "memory of the square"),
            epsilon("1e-8"),
            Field::or(
                "weight_decay",
                Kind::Number(Bounds::NOT_NEGATIVE),
                "0.02",
                "w ← (w − step)/(1 + lr·weight_decay), on matrices and kernels only",
            ),
        ],
        r#""adan""#,
        |a| {
            let kind = OptimizerKind::Adan {
                beta1: a.number("beta1")?,
                beta2: a.number("beta2")?,
                beta3: a.number("beta3")?,
                epsilon: a.number("epsilon")?,
            };
            decoupled(kind, a)
        },
    ),
    entry(
        "rmsprop",
        "RMSprop (Hinton 2012), g/(√v + epsilon)",
        &[
            lr("1e-3"),
            rho("0.9"),
            epsilon("1e-7"),
            weight_decay("0.0"),
            DECOUPLED,
        ],
        r#""rmsprop""#,
        |a| {
            let kind = OptimizerKind::RmsProp {
                rho: a.number("rho")?,
                epsilon: a.number("epsilon")?,
            };
            either(kind, a)
        },
    ),
    entry(
        "adagrad",
        "Adagrad (Duchi et al. 2011)",
        &[
            lr("0.01"),
            Field::or(
                "initial_accumulator",
                Kind::Number(Bounds::NOT_NEGATIVE),
                "0.1",
                "first value of the sum of squared gradients",
            ),
            epsilon("1e-7"),
            COUPLED_ONLY,
        ],
        r#"{ name = "adagrad", lr = 0.05 }"#,
        |a| {
            let kind = OptimizerKind::Adagrad {
                initial_accumulator: a.number("initial_accumulator")?,
                epsilon: a.number("epsilon")?,
            };
            coupled(kind, a)
        },
    ),
    entry(
        "adadelta",
        "Adadelta (Zeiler 2012)",
        &[lr("1.0"), rho("0.95"), epsilon("1e-7"), COUPLED_ONLY],
        r#""adadelta""#,
        |a| {
            let kind = OptimizerKind::Adadelta {
                rho: a.number("rho")?,
                epsilon: a.number("epsilon")?,
            };
            coupled(kind, a)
        },
    ),
];
