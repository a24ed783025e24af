//! Where examples come from, as the description says it.

use std::path::PathBuf;

/// The `[data]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSpec {
    /// Generator, named set or file format.
    pub source: Source,
    /// The training part.
    pub train: PartSpec,
    /// The validation part.
    pub valid: HeldOut,
    /// The test part; named sets have one by default.
    pub test: HeldOut,
    /// What the targets are; `None`: what the source says.
    pub target: Option<TargetKind>,
    /// Classes, labels or targets an example; `None`: what the training part has.
    pub outputs: Option<usize>,
    /// Shape an example is read as: `[784]`, or `[28, 28, 1]` (height × width × channels).
    pub shape: Option<Vec<usize>>,
    /// Scaling of the inputs, fitted on the training part.
    pub scale: Scale,
    /// Scaling of real targets, fitted on the training part; metrics are in the original unit.
    pub target_scale: TargetScale,
    /// What is done to the inputs of every training batch, in order.
    pub augment: Vec<Augment>,
    /// Training order is drawn anew every epoch; default true.
    pub shuffle: bool,
    /// Probability that a training label is replaced by one of the other classes; default 0.
    pub label_noise: f64,
}

/// Where the rows are.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// Two concentric circles in the plane, two classes (binary target).
    Circles(Generated),
    /// Gaussian blobs in the plane, `classes` of them.
    Blobs(Generated),
    /// Interleaved spirals in the plane, `classes` of them.
    Spirals(Generated),
    /// 28×28 grey images of drawn digits with jitter, noise and deformation, 10 classes.
    Glyphs(Generated),
    /// The adding problem (Hochreiter and Schmidhuber 1997): sequences of `length` × 2, a real target.
    Adding(Generated),
    /// Copy memory (Arjovsky et al. 2016): sequences of `length` + 20 one-hot steps, a class at each.
    CopyMemory(Generated),
    /// A named set in the data folder: `fashion-mnist`, `mnist`, `cifar10-mini`, `mnist1d`, …
    Named(String),
    /// A named set that is a text: `tinyshakespeare`, `names`.
    NamedText(String, TextOptions),
    /// Comma-separated values, plain or gzip.
    Csv(CsvOptions),
    /// IDX (MNIST's format), plain or gzip.
    Idx,
    /// CIFAR binary (a label byte and 3,072 bytes of planar RGB), plain or gzip.
    Cifar,
    /// NumPy arrays: `file` the inputs, `labels` the targets.
    Npy,
    /// Plain text, cut into windows of characters; the target is the next character.
    Text(TextOptions),
}

impl Source {
    /// The name of a named set.
    pub fn named(&self) -> Option<&str> {
        match self {
            Self::Named(name) | Self::NamedText(name, _) => Some(name),
            _ => None,
        }
    }
}

/// How a text becomes examples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// Characters a window; `None`: 64, or what the named set has.
    pub length: Option<usize>,
    /// Characters from the start of a window to the start of the next; `None`: the length, or what
    /// the named set has.
    pub stride: Option<usize>,
    /// What is to be predicted.
    pub predict: Predict,
    /// How a character is written in the inputs.
    pub encoding: Encoding,
}

/// Which characters of a text are targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Predict {
    /// The character after the window, one target an example.
    #[default]
    Last,
    /// The next character at every position of the window, a target a step.
    Every,
}

/// How a character of a text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// As many numbers as there are characters, one of them 1.
    #[default]
    OneHot,
    /// One number, its place in the alphabet: for an embedding.
    Index,
}

/// Options of generated data.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// Examples in all, before splitting.
    pub samples: usize,
    /// Standard deviation of the noise.
    pub noise: f64,
    /// Each example has a level of its own, from this to `noise`; `None`: all have `noise`.
    pub least_noise: Option<f64>,
    /// Classes, where the generator has a choice.
    pub classes: usize,
    /// Sequence length, where there is one.
    pub length: usize,
    /// Each example has a length of its own, from this to `length`; `None`: all have `length`.
    pub least_length: Option<usize>,
}

/// How a CSV file is read.
#[derive(Clone, Debug, PartialEq)]
pub struct CsvOptions {
    /// First line holds names; `None`: found out from the file.
    pub header: Option<bool>,
    /// Target columns, by name or by number (`"-1"` is the last); empty: every column called `y`,
    /// `y0`, `y1` …, else the last.
    pub target: Vec<String>,
    /// Columns that hold categories, one-hot encoded with the training part's values.
    pub categorical: Vec<String>,
    /// Columns left out.
    pub drop: Vec<String>,
}

/// One part of the data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartSpec {
    /// Its file, relative to the description; generators and named sets have none.
    pub file: Option<PathBuf>,
    /// Which part of a named set (`train`, `test`); `None`: the one of the same name.
    pub split: Option<String>,
    /// Only the first so many rows (after `rows`).
    pub first: Option<usize>,
    /// A file of row numbers to take (CSV with header, first column, counted from 0).
    pub rows: Option<PathBuf>,
    /// A file of labels: the IDX or NPY file that belongs to `file`, or a CSV that replaces the labels.
    pub labels: Option<PathBuf>,
    /// A file of real targets that replaces the targets.
    pub targets: Option<PathBuf>,
    /// A file with the difficulty of each row, for a curriculum.
    pub scores: Option<PathBuf>,
    /// Scaling of this part's inputs, where it is not that of the others: a program that scales
    /// its training images and forgets its test images computes, and is wrong.
    pub scale: Option<Scale>,
}

/// A part that is not trained on.
#[derive(Clone, Debug, PartialEq)]
pub enum HeldOut {
    /// Nothing.
    None,
    /// This share of the training part, drawn with the seed, taken out of it.
    Fraction(f64),
    /// Rows of its own.
    Part(PartSpec),
}

/// What the targets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// A class number, used as it is: by cross-entropy as the class, by a regression or binary loss
    /// as the number.
    Index,
    /// A class number, one-hot in the loss.
    OneHot,
    /// 0 or 1.
    Binary,
    /// Several 0 or 1.
    MultiHot,
    /// Real numbers.
    Real,
}

/// Scaling of inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// As they are in the file (0–255 for images of bytes).
    None,
    /// Divided by this: 255 (`"1/255"`), 65025 (`"1/255/255"`).
    Divide(f64),
    /// Zero mean and unit deviation on the training part: by column for tables, by channel for
    /// images, over everything for sequences. A constant column becomes 0.
    Standard,
    /// Into [0, 1] on the training part, by the same groups.
    MinMax,
}

/// Scaling of real targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetScale {
    /// As they are.
    None,
    /// Zero mean and unit deviation on the training part.
    Standard,
    /// Into [0, 1] on the training part.
    MinMax,
}

/// One change of every training batch.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Augment {
    /// Adds U(−delta, delta) to each element with this probability.
    UniformNoise {
        /// Probability of each element.
        probability: f64,
        /// Half width.
        delta: f64,
    },
    /// Sets one box, the same for the whole batch, to a value.
    EraseBox {
        /// Probability that a batch gets one.
        probability: f64,
        /// Share of the image's area, lowest and highest.
        area: [f64; 2],
        /// Height over width, lowest and highest.
        aspect: [f64; 2],
        /// What the box is set to.
        value: f64,
    },
    /// Mirrors each image left to right with this probability.
    FlipHorizontal {
        /// Probability of each image.
        probability: f64,
    },
    /// Moves each image by up to so many pixels each way, filled with zeros.
    Shift {
        /// Largest shift.
        pixels: usize,
    },
}
