//! Losses.

use super::args::Args;
use super::kind::{Bounds, Kind, Word};
use super::read::Result;
use super::registry::{Entry, Field, Info};
use super::train::{LossKind, LossSpec, OutputKind, Reduction};

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

/// What a loss has if it has no say in it.
fn usual(kind: LossKind, args: &Args<'_>) -> Result<LossSpec> {
    Ok(LossSpec {
        kind,
        on: args.maybe_word("on")?.map(|word| match word {
            "logits" => OutputKind::Logits,
            _ => OutputKind::Probabilities,
        }),
        clip: 1e-7,
        renormalise: false,
        reduction: reduction(args, "reduction")?,
        over_outputs: reduction(args, "over_outputs")?,
        over_classes: Reduction::Sum,
        sum_over_batch: false,
        pairwise: args.flag("pairwise")?,
        factor: args.number("factor")?,
    })
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
        ],
        r#"{ name = "cross_entropy", on = "probabilities", clip = 1e-7 }"#,
        |a| {
            Ok(LossSpec {
                clip: a.number("clip")?,
                renormalise: a.flag("renormalise")?,
                over_classes: reduction(a, "over_classes")?,
                sum_over_batch: a.flag("sum_over_batch")?,
                ..usual(LossKind::CrossEntropy, a)?
            })
        },
    ),
    entry(
        "binary_cross_entropy",
        &["bce", "binary_crossentropy", "bce_with_logits"],
        "−t ln p − (1 − t) ln(1 − p) of each output",
        &[CLIP],
        r#""binary_cross_entropy""#,
        |a| {
            Ok(LossSpec {
                clip: a.number("clip")?,
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
