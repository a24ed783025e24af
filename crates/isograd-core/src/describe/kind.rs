//! Kinds of values: what is accepted, as words, as a schema and as a check.

use super::init;
use serde_json::{Value as Json, json};

/// The largest size or count in a description (2³¹ − 1).
pub const MAX_SIZE: u64 = i32::MAX as u64;

/// A word and what it means.
pub(crate) type Word = (&'static str, &'static str);

/// Limits of a number; it must be finite always.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// `min` itself is accepted.
    pub(crate) with_min: bool,
    /// `max` itself is accepted.
    pub(crate) with_max: bool,
}

impl Bounds {
    /// Any finite number.
    pub(crate) const ANY: Self = Self::new(f64::NEG_INFINITY, f64::INFINITY, false, false);
    /// 0 or more.
    pub(crate) const NOT_NEGATIVE: Self = Self::new(0.0, f64::INFINITY, true, false);
    /// More than 0.
    pub(crate) const POSITIVE: Self = Self::new(0.0, f64::INFINITY, false, false);
    /// [0, 1].
    pub(crate) const SHARE: Self = Self::new(0.0, 1.0, true, true);
    /// [0, 1).
    pub(crate) const BELOW_ONE: Self = Self::new(0.0, 1.0, true, false);
    /// (0, 1).
    pub(crate) const INSIDE: Self = Self::new(0.0, 1.0, false, false);

    pub(crate) const fn new(min: f64, max: f64, with_min: bool, with_max: bool) -> Self {
        Self {
            min,
            max,
            with_min,
            with_max,
        }
    }

    pub(crate) fn contains(self, x: f64) -> bool {
        x.is_finite()
            && (if self.with_min {
                x >= self.min
            } else {
                x > self.min
            })
            && (if self.with_max {
                x <= self.max
            } else {
                x < self.max
            })
    }

    pub(crate) fn words(self) -> String {
        let low = if self.with_min { "from" } else { "above" };
        match (self.min.is_finite(), self.max.is_finite()) {
            (false, _) => "a finite number".to_owned(),
            (true, false) if self.with_min => format!("a finite number, {} or more", self.min),
            (true, false) => format!("a finite number {low} {}", self.min),
            (true, true) => {
                let high = if self.with_max { "up to" } else { "below" };
                format!("a number {low} {} {high} {}", self.min, self.max)
            }
        }
    }

    fn schema(self) -> Json {
        let mut schema = json!({ "type": "number" });
        if self.min.is_finite() {
            schema[if self.with_min {
                "minimum"
            } else {
                "exclusiveMinimum"
            }] = json!(self.min);
        }
        if self.max.is_finite() {
            schema[if self.with_max {
                "maximum"
            } else {
                "exclusiveMaximum"
            }] = json!(self.max);
        }
        schema
    }
}

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Flag,
    /// An integer of at least this, at most [`MAX_SIZE`].
    Count(u64),
    /// An integer of at least 0.
    Seed,
    /// A number.
    Number(Bounds),
    /// 1 or −1.
    Sign,
    /// Any text.
    Text,
    /// A name that the user gives to a block.
    Name,
    /// A file, relative to the description.
    File,
    /// One of these words.
    Word(&'static [Word]),
    /// A count, or `"classes"` or `"outputs"`.
    Units,
    /// A number, or a word for one that depends on the number of residual blocks.
    BranchScale,
    /// One size for rows and columns, or `[rows, columns]`.
    Pair,
    /// One to three sizes.
    Sizes,
    /// `"same"`, `"valid"`, a count or two.
    Padding,
    /// `"same"`, `"valid"`, `"causal"` or a count.
    SequencePadding,
    /// Two numbers within bounds, the lower first.
    Interval(Bounds),
    /// A word or number, or a list of them.
    Columns,
    /// `true`, `false`, or a count.
    Checkpoint,
    /// A list of integers, each at least 1 and more than the one before.
    Rising,
    /// `"balanced"`, or one number a class.
    ClassWeights,
    /// A schedule of the learning rate.
    Schedule,
    /// `"none"`, `"standard"`, `"min_max"`, or `"1/255"`.
    Scale,
    /// A file or a table of a part's fields.
    Part,
    /// A part, a share of the training part, or `false`.
    HeldOut,
    /// An initialisation: a name or a table with `name`.
    Init,
    /// A list of blocks, not empty.
    Layers,
    /// A loss.
    Loss,
    /// An optimiser.
    Optimizer,
    /// A source of data.
    Source,
    /// A list of augmentations.
    Augments,
    /// The table of clipping.
    Clip,
    /// A pacing function of a curriculum.
    Curriculum,
    /// A measure of difficulty.
    Difficulty,
    /// The `[data]` table.
    Data,
    /// The `[network]` table.
    Network,
    /// The `[train]` table.
    Train,
}

/// Words joined with commas, "or" before the last.
pub(crate) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words
        .into_iter()
        .map(|word| format!("\"{word}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

impl Kind {
    /// What is accepted, in words.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Flag => "true or false".into(),
            Self::Count(min) => format!("an integer from {min} to {MAX_SIZE}"),
            Self::Seed => "an integer, 0 or more".into(),
            Self::Number(bounds) => bounds.words(),
            Self::Sign => "1 or -1".into(),
            Self::Text => "a text in quotes".into(),
            Self::Name => "letters, digits, \"_\" and \"-\" in quotes".into(),
            Self::File => "a file name in quotes, relative to the description".into(),
            Self::Word(words) => one_of(words.iter().map(|w| w.0)),
            Self::Units => {
                format!("an integer from 1 to {MAX_SIZE}, or \"classes\" or \"outputs\"")
            }
            Self::BranchScale => {
                format!(
                    "a finite number, {}",
                    one_of(super::branch::SCALES.iter().map(|w| w.0))
                )
            }
            Self::Pair => "an integer from 1, or [rows, columns]".into(),
            Self::Sizes => "[features], [steps, features] or [height, width, channels]".into(),
            Self::Padding => "\"same\", \"valid\", an integer from 0, or [rows, columns]".into(),
            Self::SequencePadding => "\"same\", \"valid\", \"causal\", or an integer from 0".into(),
            Self::Interval(bounds) => format!("[lowest, highest], each {}", bounds.words()),
            Self::Columns => "a column's name or number, or a list of them".into(),
            Self::Checkpoint => "true, false, or an integer from 1".into(),
            Self::Rising => "a list of integers from 1, each more than the one before".into(),
            Self::ClassWeights => {
                "\"balanced\", or a list of numbers, 0 or more, one a class".into()
            }
            Self::Schedule => {
                "a name in quotes, or a table such as { name = \"cosine\", warmup = 100 }".into()
            }
            Self::Scale => {
                "\"none\", \"standard\", \"min_max\", or a quotient such as \"1/255\"".into()
            }
            Self::Part => {
                "a file name in quotes, or a table such as { file = \"a.csv\", first = 100 }".into()
            }
            Self::HeldOut => {
                "a share of the training part such as 0.3, a file name in quotes, a table such as \
                 { split = \"test\" }, or false"
                    .into()
            }
            Self::Init => format!(
                "a name or a table such as {{ name = \"he_normal\", gain = 0.5 }}; names: {}",
                one_of(init::words())
            ),
            Self::Layers => "a list of blocks such as [{ dense = 64 }, \"relu\"], not empty".into(),
            Self::Loss => {
                "a name in quotes, or a table such as { name = \"cross_entropy\", on = \"logits\" }"
                    .into()
            }
            Self::Optimizer => {
                "a name in quotes, or a table such as { name = \"adamw\", lr = 1e-3 }".into()
            }
            Self::Source => {
                "a name in quotes, or a table such as { name = \"circles\", samples = 500 }".into()
            }
            Self::Augments => "a list such as [{ name = \"shift\", pixels = 2 }]".into(),
            Self::Clip => "a table such as { global_norm = 1.0 }".into(),
            Self::Curriculum => {
                "a name in quotes, or a table such as { name = \"linear\", start = 0.1 }".into()
            }
            Self::Difficulty => {
                "a name in quotes, or a table such as { name = \"loss\", epochs = 2 }".into()
            }
            Self::Data => "a table, which begins with [data]".into(),
            Self::Network => "a table, which begins with [network]".into(),
            Self::Train => "a table, which begins with [train]".into(),
        }
    }

    /// What is accepted, as a JSON schema.
    pub(crate) fn schema(self) -> Json {
        let count = |min: u64| json!({ "type": "integer", "minimum": min, "maximum": MAX_SIZE });
        let pair = |min: u64| {
            let side = count(min);
            json!({ "type": "array", "items": side, "minItems": 2, "maxItems": 2 })
        };
        let reference = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
        match self {
            Self::Flag => json!({ "type": "boolean" }),
            Self::Count(min) => count(min),
            Self::Seed => json!({ "type": "integer", "minimum": 0 }),
            Self::Number(bounds) => bounds.schema(),
            Self::Sign => json!({ "enum": [1, -1] }),
            Self::Text => json!({ "type": "string" }),
            Self::Name => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }),
            Self::File => json!({ "type": "string", "minLength": 1 }),
            Self::Word(words) => json!({ "enum": words.iter().map(|w| w.0).collect::<Vec<_>>() }),
            Self::Units => json!({ "anyOf": [count(1), { "enum": ["classes", "outputs"] }] }),
            Self::BranchScale => {
                let words = Self::Word(super::branch::SCALES).schema();
                json!({ "anyOf": [Bounds::ANY.schema(), words] })
            }
            Self::Pair => json!({ "anyOf": [count(1), pair(1)] }),
            Self::Sizes => {
                json!({ "type": "array", "items": count(1), "minItems": 1, "maxItems": 3 })
            }
            Self::Padding => {
                json!({ "anyOf": [{ "enum": ["same", "valid"] }, count(0), pair(0)] })
            }
            Self::SequencePadding => {
                json!({ "anyOf": [{ "enum": ["same", "valid", "causal"] }, count(0)] })
            }
            Self::Interval(bounds) => {
                json!({ "type": "array", "items": bounds.schema(), "minItems": 2, "maxItems": 2 })
            }
            Self::Columns => json!({ "anyOf": [
                { "type": ["string", "integer"] },
                { "type": "array", "items": { "type": ["string", "integer"] } },
            ] }),
            Self::Checkpoint => json!({ "anyOf": [{ "type": "boolean" }, count(1)] }),
            Self::Rising => json!({ "type": "array", "items": count(1), "minItems": 1 }),
            Self::ClassWeights => json!({ "anyOf": [
                { "const": "balanced" },
                { "type": "array", "items": Bounds::NOT_NEGATIVE.schema(), "minItems": 1 },
            ] }),
            Self::Schedule => reference("schedule"),
            Self::Scale => json!({ "anyOf": [
                { "enum": ["none", "standard", "min_max"] },
                { "type": "string", "pattern": "^1(/[0-9.]+)+$" },
            ] }),
            Self::Part => {
                json!({ "anyOf": [{ "type": "string", "minLength": 1 }, reference("part")] })
            }
            Self::HeldOut => json!({ "anyOf": [
                Bounds::INSIDE.schema(), { "const": false },
                { "type": "string", "minLength": 1 }, reference("part"),
            ] }),
            Self::Init => reference("init"),
            Self::Layers => {
                json!({ "type": "array", "items": { "$ref": "#/$defs/block" }, "minItems": 1 })
            }
            Self::Loss => reference("loss"),
            Self::Optimizer => reference("optimizer"),
            Self::Source => reference("source"),
            Self::Augments => {
                json!({ "type": "array", "items": { "$ref": "#/$defs/augmentation" } })
            }
            Self::Clip => reference("clip"),
            Self::Curriculum => reference("curriculum"),
            Self::Difficulty => reference("difficulty"),
            Self::Data => reference("data"),
            Self::Network => reference("network"),
            Self::Train => reference("train"),
        }
    }
}
