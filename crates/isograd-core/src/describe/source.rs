//! Sources of data.

use super::args::Args;
use super::data::{CsvOptions, Encoding, Generated, Predict, Source, TextOptions};
use super::error::ErrorKind;
use super::kind::{Bounds, Kind};
use super::read::{Input, Result};
use super::registry::{Entry, Field};
use toml::de::DeValue;

const NOISE_DOC: &str = "standard deviation of the noise";
const SAMPLES_DOC: &str = "examples in all, before splitting";

const CLASSES: Field = Field::or("classes", Kind::Count(1), "3", "classes");
const SAMPLES: Field = Field::or("samples", Kind::Count(1), "5000", SAMPLES_DOC);

/// Fields that a generator does not have get these values, which it does not read.
fn generated(args: &Args<'_>, noise: bool, classes: usize, length: usize) -> Result<Generated> {
    let level = if noise { args.number("noise")? } else { 0.0 };
    let least_noise = if noise {
        args.maybe_number("least_noise")?
    } else {
        None
    };
    let least_length = if length > 0 {
        args.maybe_count("least_length")?
    } else {
        None
    };
    if least_noise.is_some_and(|least| least > level) {
        return Err(above(args, "noise"));
    }
    if least_length.is_some_and(|least| least > length) {
        return Err(above(args, "length"));
    }
    Ok(Generated {
        samples: args.count("samples")?,
        noise: level,
        least_noise,
        classes,
        length,
        least_length,
    })
}

/// The least is above the largest.
fn above(args: &Args<'_>, name: &str) -> super::DescribeError {
    args.place.error(
        ErrorKind::OutOfRange,
        format!("`least_{name}` is above `{name}`"),
    )
}

const LEAST_NOISE: Field = Field::optional(
    "least_noise",
    Kind::Number(Bounds::NOT_NEGATIVE),
    "each example has a noise of its own, drawn evenly from here to `noise`",
);
const LEAST_LENGTH: Field = Field::optional(
    "least_length",
    Kind::Count(2),
    "each example has a length of its own, drawn evenly from here to `length`; shorter ones begin \
     with empty steps",
);

const fn noise(default: &'static str) -> Field {
    Field::or(
        "noise",
        Kind::Number(Bounds::NOT_NEGATIVE),
        default,
        NOISE_DOC,
    )
}

/// A named set: a word without options.
macro_rules! named_set {
    ($name:literal, $doc:literal) => {
        Entry::new($name, $doc, &[], concat!("\"", $name, "\""), |_| {
            Ok(Source::Named($name.to_owned()))
        })
    };
}

/// What of a text is predicted.
const PREDICT: Field = Field::or(
    "predict",
    Kind::Word(&[
        ("last", "the character after the window"),
        (
            "every",
            "the next character at every position, for a network that ends in a sequence",
        ),
    ]),
    "\"last\"",
    "which characters are targets",
);
const ENCODING: Field = Field::or(
    "encoding",
    Kind::Word(&[
        (
            "one_hot",
            "a number for each different character, one of them 1",
        ),
        (
            "index",
            "one number a step, the character's place in the alphabet: for an embedding",
        ),
    ]),
    "\"one_hot\"",
    "how a character is written in the inputs",
);

fn text(args: &Args<'_>) -> Result<TextOptions> {
    Ok(TextOptions {
        length: args.maybe_count("length")?,
        stride: args.maybe_count("stride")?,
        predict: match args.word("predict")? {
            "every" => Predict::Every,
            _ => Predict::Last,
        },
        encoding: match args.word("encoding")? {
            "index" => Encoding::Index,
            _ => Encoding::OneHot,
        },
    })
}

/// A named set that is a text.
macro_rules! named_text {
    ($name:literal, $doc:literal, $example:literal) => {
        Entry::new(
            $name,
            $doc,
            &[
                Field::optional(
                    "length",
                    Kind::Count(1),
                    "characters of a window; default that of the set",
                ),
                Field::optional(
                    "stride",
                    Kind::Count(1),
                    "characters from the start of a window to that of the next; default that of \
                     the set, or the length where that is given",
                ),
                PREDICT,
                ENCODING,
            ],
            $example,
            |a| Ok(Source::NamedText($name.to_owned(), text(a)?)),
        )
    };
}

/// All sources.
pub(crate) const ENTRIES: &[Entry<Source>] = &[
    Entry::new(
        "circles",
        "Two concentric circles in the plane, two classes; generated",
        &[SAMPLES, noise("0.1"), LEAST_NOISE],
        r#"{ name = "circles", samples = 2000, noise = 0.05 }"#,
        |a| generated(a, true, 2, 0).map(Source::Circles),
    ),
    Entry::new(
        "blobs",
        "Gaussian blobs in the plane; generated",
        &[SAMPLES, noise("1.0"), LEAST_NOISE, CLASSES],
        r#"{ name = "blobs", classes = 5 }"#,
        |a| generated(a, true, a.count("classes")?, 0).map(Source::Blobs),
    ),
    Entry::new(
        "spirals",
        "Interleaved spirals in the plane; generated",
        &[SAMPLES, noise("0.1"), LEAST_NOISE, CLASSES],
        r#""spirals""#,
        |a| generated(a, true, a.count("classes")?, 0).map(Source::Spirals),
    ),
    Entry::new(
        "glyphs",
        "Grey images of drawn digits, 28×28, with jitter, noise and deformation, 10 classes; generated",
        &[SAMPLES, noise("0.1"), LEAST_NOISE],
        r#""glyphs""#,
        |a| generated(a, true, 10, 0).map(Source::Glyphs),
    ),
    Entry::new(
        "adding",
        "The adding problem (Hochreiter and Schmidhuber 1997): sequences of length × 2, a real target; \
         generated",
        &[
            SAMPLES,
            Field::or("length", Kind::Count(2), "100", "steps of a sequence"),
            LEAST_LENGTH,
        ],
        r#"{ name = "adding", length = 50 }"#,
        |a| generated(a, false, 1, a.count("length")?).map(Source::Adding),
    ),
    Entry::new(
        "copy-memory",
        "Copy memory (Arjovsky et al. 2016): sequences of length + 20 one-hot steps, one of 9 classes at \
         each step; generated",
        &[
            SAMPLES,
            Field::or(
                "length",
                Kind::Count(1),
                "100",
                "steps between input and answer",
            ),
            LEAST_LENGTH,
        ],
        r#"{ name = "copy-memory", length = 20 }"#,
        |a| generated(a, false, 10, a.count("length")?).map(Source::CopyMemory),
    ),
    named_set!(
        "fashion-mnist",
        "Clothes, 28×28 grey, 10 classes (Xiao et al. 2017); from the data folder"
    ),
    named_set!(
        "mnist",
        "Handwritten digits, 28×28 grey, 10 classes; from the data folder"
    ),
    named_set!(
        "cifar10-mini",
        "5,000 images of CIFAR-10, 32×32 in colour, 10 classes; from the data folder"
    ),
    named_set!(
        "mnist1d",
        "40 numbers, 10 classes (Greydanus 2020); from the data folder"
    ),
    named_set!(
        "optdigits",
        "Handwritten digits, 64 numbers, 10 classes; from the data folder"
    ),
    named_set!(
        "wdbc",
        "Breast cancer, 30 numbers, 2 classes; from the data folder"
    ),
    named_set!("wine", "Wine, 13 numbers, 3 classes; from the data folder"),
    named_set!(
        "digits",
        "Handwritten digits, 64 numbers, 10 classes (1,797 of optdigits); from the data folder"
    ),
    named_set!(
        "breast_cancer",
        "Breast cancer, 30 numbers, 2 classes (as scikit-learn has it); from the data folder"
    ),
    named_set!(
        "diabetes",
        "Diabetes, 10 scaled numbers, a real target; from the data folder"
    ),
    named_set!("iris", "Iris, 4 numbers, 3 classes; from the data folder"),
    named_set!(
        "wine-quality",
        "Wine, red and white, 11 numbers, grades 3 to 9; from the data folder"
    ),
    named_set!(
        "wine-quality-red",
        "Red wine, 11 numbers, grades 3 to 8; from the data folder"
    ),
    named_set!(
        "wine-quality-white",
        "White wine, 11 numbers, grades 3 to 9; from the data folder"
    ),
    named_text!(
        "tinyshakespeare",
        "Plays, windows of 64 characters, the next one of 65; from the data folder",
        "{ name = \"tinyshakespeare\", length = 128, predict = \"every\" }"
    ),
    named_text!(
        "names",
        "First names, windows of 3 letters, the next of 27; from the data folder",
        "\"names\""
    ),
    Entry::new(
        "csv",
        "Comma-separated values, plain or gzip, a file for each part",
        &[
            Field::optional(
                "header",
                Kind::Flag,
                "the first line holds names; default: found out from the file",
            ),
            Field::optional(
                "target",
                Kind::Columns,
                "target columns, by name or number (-1 is the last); default: all called y, y0, y1 …, \
                 else the last",
            ),
            Field::optional(
                "categorical",
                Kind::Columns,
                "columns that hold categories, one-hot encoded with the training part's values",
            ),
            Field::optional("drop", Kind::Columns, "columns left out"),
        ],
        r#"{ name = "csv", target = "price", drop = ["id"] }"#,
        |a| {
            let columns = |name| a.maybe(name, columns).map(Option::unwrap_or_default);
            Ok(Source::Csv(CsvOptions {
                header: a.maybe_flag("header")?,
                target: columns("target")?,
                categorical: columns("categorical")?,
                drop: columns("drop")?,
            }))
        },
    ),
    Entry::new(
        "idx",
        "IDX (the format of MNIST), plain or gzip; say the file of `labels`",
        &[],
        "\"idx\"",
        |_| Ok(Source::Idx),
    ),
    Entry::new(
        "cifar",
        "CIFAR binary: a label byte and planar RGB, plain or gzip",
        &[],
        "\"cifar\"",
        |_| Ok(Source::Cifar),
    ),
    Entry::new(
        "npy",
        "NumPy arrays: `file` the inputs, `labels` the targets",
        &[],
        "\"npy\"",
        |_| Ok(Source::Npy),
    ),
    Entry::new(
        "text",
        "Plain text, cut into windows of characters; the target is the next character",
        &[
            Field::optional(
                "length",
                Kind::Count(1),
                "characters of a window; default 64",
            ),
            Field::optional(
                "stride",
                Kind::Count(1),
                "characters from the start of a window to that of the next; default the length",
            ),
            PREDICT,
            ENCODING,
        ],
        r#"{ name = "text", length = 32, predict = "every" }"#,
        |a| text(a).map(Source::Text),
    ),
];

/// Column names and numbers as texts.
pub(super) fn columns(input: &Input<'_>) -> Result<Vec<String>> {
    let one = |input: &Input<'_>| match input.value {
        DeValue::String(name) => Ok(name.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        _ => Err(input.refuse(ErrorKind::WrongType, Kind::Columns)),
    };
    match input.value {
        DeValue::Array(_) => input.items(Kind::Columns)?.iter().map(one).collect(),
        _ => Ok(vec![one(input)?]),
    }
}

impl Source {
    /// True where every part is a file of its own.
    pub fn has_files(&self) -> bool {
        matches!(
            self,
            Self::Csv(_) | Self::Idx | Self::Cifar | Self::Npy | Self::Text(_)
        )
    }
}
