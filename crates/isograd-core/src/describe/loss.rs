//! Losses.

use super::args::Args;
use super::error::ErrorKind;
use super::kind::{Bounds, Kind, Word};
use super::read::{Input, Result};
use super::registry::{Entry, Field, Info};
use super::train::{ClassWeights, LossKind, LossSpec, OutputKind, Reduction};

const REDUCTIONS: Kind = Kind::Word(&[("mean", "mean"), ("sum", "sum")]);
const OUTPUTS: &[Word] = &[
    (
        "logits",
        "before softmax or sigmoid, which is part of the loss",
    ),
    ("probabilities", "after softmax or sigmoid"),
];

/// Fields of every loss.
const COMMON: &[Field] = &[
    Field::optional(
        "on",
        Kind::Word(OUTPUTS),
        "what the network puts out; default: probabilities if its last block is softmax or sigmoid, \
         else logits",
    ),
    Field::or("reduction", REDUCTIONS, "\"mean\"", "over the batch"),
    Field::or(
        "over_outputs",
        REDUCTIONS,
        "\"mean\"",
        "over the outputs of one example, where the loss has one value an output",
    ),
    Field::or(
        "pairwise",
        Kind::Flag,
        "false",
        "compares every prediction with every target (a broadcast): computes, and is wrong",
    ),
    Field::or(
        "factor",
        Kind::Number(Bounds::ANY),
        "1.0",
        "a constant in front",
    ),
];
const CLIP: Field = Field::or(
    "clip",
    Kind::Number(Bounds::new(0.0, 0.5, true, false)),
    "1e-7",
    "probabilities go into [clip, 1 − clip] before the logarithm; 0: not at all",
);

const FLOOR: Field = Field::or(
    "clip",
    Kind::Number(Bounds::new(0.0, 0.5, true, false)),
    "1e-7",
    "what goes into the logarithm is not below this",
);
const SMOOTHING: Field = Field::or(
    "label_smoothing",
    Kind::Number(Bounds::SHARE),
    "0.0",
    "share of the target that is spread evenly over the classes (over 0 and 1 if binary)",
);

/// What a loss has if it has no say in it.
fn usual(kind: LossKind, args: &Args<'_>) -> Result<LossSpec> {
    Ok(LossSpec {
        on: args.maybe_word("on")?.map(|word| match word {
            "logits" => OutputKind::Logits,
            _ => OutputKind::Probabilities,
        }),
        reduction: reduction(args, "reduction")?,
        over_outputs: reduction(args, "over_outputs")?,
        pairwise: args.flag("pairwise")?,
        factor: args.number("factor")?,
        ..LossSpec::new(kind)
    })
}

/// What a loss with a `clip` of its own has.
fn floored(kind: LossKind, args: &Args<'_>) -> Result<LossSpec> {
    Ok(LossSpec {
        clip: args.number("clip")?,
        ..usual(kind, args)?
    })
}

fn class_weights(input: &Input<'_>) -> Result<ClassWeights> {
    let kind = Kind::ClassWeights;
    if let Some(word) = input.value.as_str() {
        let known = ["balanced"].into_iter();
        return match word {
            "balanced" => Ok(ClassWeights::Balanced),
            other => Err(input
                .unknown_word("word for `class_weights`:", other, known, None)
                .accepts(kind.words())),
        };
    }
    let weights: Vec<f64> = input
        .items(kind)?
        .iter()
        .map(|item| item.number(Kind::Number(Bounds::NOT_NEGATIVE)))
        .collect::<Result<_>>()?;
    if weights.is_empty() {
        return Err(input.refuse(ErrorKind::OutOfRange, kind));
    }
    Ok(ClassWeights::Given(weights))
}

fn reduction(args: &Args<'_>, field: &str) -> Result<Reduction> {
    Ok(match args.word(field)? {
        "sum" => Reduction::Sum,
        _ => Reduction::Mean,
    })
}

const fn entry(
    name: &'static str,
    aka: &'static [&'static str],
    doc: &'static str,
    fields: &'static [Field],
    example: &'static str,
    build: fn(&Args<'_>) -> Result<LossSpec>,
) -> Entry<LossSpec> {
    Entry {
        info: Info {
            name,
            aka,
            doc,
            fields,
            common: COMMON,
            main: None,
            example,
        },
        build,
    }
}

/// All losses.
pub(crate) const ENTRIES: &[Entry<LossSpec>] = &[
    entry(
        "cross_entropy",
        &[
            "categorical_crossentropy",
            "sparse_categorical_crossentropy",
            "crossentropy",
            "nll",
            "nll_loss",
            "log_loss",
        ],
        "−Σ t ln p over classes; targets are class numbers or one-hot",
        &[
            CLIP,
            Field::or(
                "renormalise",
                Kind::Flag,
                "false",
                "probabilities are divided by their sum first (Keras)",
            ),
            Field::or("over_classes", REDUCTIONS, "\"sum\"", "over the classes"),
            Field::or(
                "sum_over_batch",
                Kind::Flag,
                "false",
                "sums over the examples instead of the classes: computes, and is wrong",
            ),
            SMOOTHING,
            Field::optional(
                "class_weights",
                Kind::ClassWeights,
                "what each class counts; \"balanced\": n/(K·n_c) of the training part; the mean over \
                 the batch still divides by the number of examples",
            ),
        ],
        r#"{ name = "cross_entropy", on = "probabilities", clip = 1e-7 }"#,
        |a| {
            Ok(LossSpec {
                clip: a.number("clip")?,
                renormalise: a.flag("renormalise")?,
                over_classes: reduction(a, "over_classes")?,
                sum_over_batch: a.flag("sum_over_batch")?,
                label_smoothing: a.number("label_smoothing")?,
                class_weights: a
                    .maybe("class_weights", class_weights)?
                    .unwrap_or(ClassWeights::Equal),
                ..usual(LossKind::CrossEntropy, a)?
            })
        },
    ),
    entry(
        "binary_cross_entropy",
        &["bce", "binary_crossentropy", "bce_with_logits"],
        "−t ln p − (1 − t) ln(1 − p) of each output",
        &[
            CLIP,
            SMOOTHING,
            Field::or(
                "pos_weight",
                Kind::Number(Bounds::NOT_NEGATIVE),
                "1.0",
                "weight of the positive targets",
            ),
        ],
        r#""binary_cross_entropy""#,
        |a| {
            Ok(LossSpec {
                clip: a.number("clip")?,
                label_smoothing: a.number("label_smoothing")?,
                pos_weight: a.number("pos_weight")?,
                ..usual(LossKind::BinaryCrossEntropy, a)?
            })
        },
    ),
    entry(
        "mse",
        &["mean_squared_error", "l2", "squared_error"],
        "(y − t)² of each output",
        &[],
        r#"{ name = "mse", over_outputs = "sum" }"#,
        |a| usual(LossKind::Mse, a),
    ),
    entry(
        "mae",
        &["mean_absolute_error", "l1", "absolute_error"],
        "|y − t| of each output",
        &[],
        r#""mae""#,
        |a| usual(LossKind::Mae, a),
    ),
    entry(
        "hinge",
        &[],
        "max(0, 1 − t·y) of each output, with targets 0 and 1 turned into −1 and 1 (Keras)",
        &[],
        r#""hinge""#,
        |a| usual(LossKind::Hinge, a),
    ),
    entry(
        "squared_hinge",
        &[],
        "max(0, 1 − t·y)² of each output, with targets 0 and 1 turned into −1 and 1 (Keras)",
        &[],
        r#""squared_hinge""#,
        |a| usual(LossKind::SquaredHinge, a),
    ),
    entry(
        "huber",
        &["smooth_l1", "huber_loss", "smooth_l1_loss"],
        "e²/2 where |e| ≤ delta, else delta·|e| − delta²/2, e = y − t (Huber 1964)",
        &[Field::or(
            "delta",
            Kind::Number(Bounds::POSITIVE),
            "1.0",
            "where the square turns into a line",
        )],
        r#"{ name = "huber", delta = 0.5 }"#,
        |a| {
            let delta = a.number("delta")?;
            usual(LossKind::Huber { delta }, a)
        },
    ),
    entry(
        "msle",
        &["mean_squared_logarithmic_error"],
        "(ln(1 + y) − ln(1 + t))² of each output, y and t not below clip (Keras)",
        &[FLOOR],
        r#""msle""#,
        |a| floored(LossKind::Msle, a),
    ),
    entry(
        "kld",
        &["kl_divergence", "kullback_leibler_divergence", "kl_div"],
        "Σ t ln(t/p) over classes, t and p in [clip, 1] (Keras); targets are distributions",
        &[
            FLOOR,
            Field::or("over_classes", REDUCTIONS, "\"sum\"", "over the classes"),
        ],
        r#""kld""#,
        |a| {
            Ok(LossSpec {
                over_classes: reduction(a, "over_classes")?,
                ..floored(LossKind::Kld, a)?
            })
        },
    ),
    entry(
        "poisson",
        &["poisson_nll", "poisson_nll_loss"],
        "y − t·ln(y + clip) of each output, a rate (Keras); the term of the target alone is left out",
        &[
            FLOOR,
            Field::or(
                "log_rate",
                Kind::Flag,
                "false",
                "the output is the logarithm of the rate: e^y − t·y (PyTorch)",
            ),
        ],
        r#"{ name = "poisson", log_rate = true }"#,
        |a| {
            let log_rate = a.flag("log_rate")?;
            floored(LossKind::Poisson { log_rate }, a)
        },
    ),
    entry(
        "angle",
        &[],
        "The angle between the directions given by polar angle and azimuth",
        &[Field::or(
            "clip_cosine",
            Kind::Flag,
            "true",
            "the cosine is clipped into [−1 + ε, 1 − ε] before the arc cosine",
        )],
        r#"{ name = "angle", clip_cosine = false }"#,
        |a| {
            usual(
                LossKind::Angle {
                    clip_cosine: a.flag("clip_cosine")?,
                },
                a,
            )
        },
    ),
];
