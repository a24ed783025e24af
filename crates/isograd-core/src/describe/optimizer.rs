//! Optimisers.

use super::args::Args;
use super::kind::{Bounds, Kind};
use super::read::Result;
use super::registry::{Entry, Field};
use super::train::{OptimizerKind, OptimizerSpec};

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

fn with(kind: OptimizerKind, args: &Args<'_>) -> Result<OptimizerSpec> {
    Ok(OptimizerSpec {
        kind,
        lr: args.number("lr")?,
        decay: args.number("decay")?,
        gradient_sign: args.number("gradient_sign")?,
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
            Field::or(
                "weight_decay",
                Kind::Number(Bounds::NOT_NEGATIVE),
                "0.0",
                "L2 decay added to the gradient",
            ),
        ],
        r#"{ name = "sgd", lr = 0.1, momentum = 0.9 }"#,
        |a| {
            let kind = OptimizerKind::Sgd {
                momentum: a.number("momentum")?,
                nesterov: a.flag("nesterov")?,
                weight_decay: a.number("weight_decay")?,
            };
            with(kind, a)
        },
    ),
    entry(
        "adam",
        "Adam (Kingma and Ba 2015)",
        &[lr("1e-3"), BETA1, BETA2, epsilon("1e-8")],
        r#""adam""#,
        |a| {
            let kind = OptimizerKind::Adam {
                beta1: a.number("beta1")?,
                beta2: a.number("beta2")?,
                epsilon: a.number("epsilon")?,
            };
            with(kind, a)
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
            Field::or(
                "weight_decay",
                Kind::Number(Bounds::NOT_NEGATIVE),
                "0.01",
                "w ← w − lr·weight_decay·w, on matrices and kernels only",
            ),
        ],
        r#"{ name = "adamw", lr = 3e-4, weight_decay = 0.05 }"#,
        |a| {
            let kind = OptimizerKind::AdamW {
                beta1: a.number("beta1")?,
                beta2: a.number("beta2")?,
                epsilon: a.number("epsilon")?,
                weight_decay: a.number("weight_decay")?,
            };
            with(kind, a)
        },
    ),
    entry(
        "rmsprop",
        "RMSprop (Hinton 2012), g/(√v + epsilon)",
        &[lr("1e-3"), rho("0.9"), epsilon("1e-7")],
        r#""rmsprop""#,
        |a| {
            let kind = OptimizerKind::RmsProp {
                rho: a.number("rho")?,
                epsilon: a.number("epsilon")?,
            };
            with(kind, a)
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
        ],
        r#"{ name = "adagrad", lr = 0.05 }"#,
        |a| {
            let kind = OptimizerKind::Adagrad {
                initial_accumulator: a.number("initial_accumulator")?,
                epsilon: a.number("epsilon")?,
            };
            with(kind, a)
        },
    ),
    entry(
        "adadelta",
        "Adadelta (Zeiler 2012)",
        &[lr("1.0"), rho("0.95"), epsilon("1e-7")],
        r#""adadelta""#,
        |a| {
            let kind = OptimizerKind::Adadelta {
                rho: a.number("rho")?,
                epsilon: a.number("epsilon")?,
            };
            with(kind, a)
        },
    ),
];
