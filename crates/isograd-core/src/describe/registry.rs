//! What a description may say: entries with their fields, from which reading, lists of accepted
//! words, the JSON schema and the page of documentation are made.

use super::error::DescribeError;
use super::kind::Kind;
use super::read::Args;

/// What a field is when it is not given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Default {
    /// It must be given.
    Required,
    /// Nothing.
    Nothing,
    /// This TOML value.
    Is(&'static str),
}

/// A key and its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: Default,
    pub(crate) doc: &'static str,
}

impl Field {
    /// A field that must be given.
    pub(crate) const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self {
            name,
            kind,
            default: Default::Required,
            doc,
        }
    }

    /// A field that may be left out.
    pub(crate) const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self {
            name,
            kind,
            default: Default::Nothing,
            doc,
        }
    }

    /// A field with a default, written as TOML.
    pub(crate) const fn or(
        name: &'static str,
        kind: Kind,
        default: &'static str,
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            default: Default::Is(default),
            doc,
        }
    }
}

/// What is known of one word, without what it makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Info {
    /// The word.
    pub(crate) name: &'static str,
    /// What other programs call it; only used to help.
    pub(crate) aka: &'static [&'static str],
    /// One sentence.
    pub(crate) doc: &'static str,
    /// Fields of its own.
    pub(crate) fields: &'static [Field],
    /// Fields that it shares with its kind.
    pub(crate) common: &'static [Field],
    /// Of a block: the field that the value of its key stands for.
    pub(crate) main: Option<&'static str>,
    /// A TOML value that uses it.
    pub(crate) example: &'static str,
}

impl Info {
    /// All its fields, its own first.
    pub(crate) fn all_fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().chain(self.common)
    }

    /// True where the word alone says enough.
    pub(crate) fn may_be_bare(&self) -> bool {
        self.all_fields()
            .all(|field| !matches!(field.default, Default::Required))
    }
}

/// One word of the description and what it makes.
pub(crate) struct Entry<T> {
    pub(crate) info: Info,
    pub(crate) build: fn(&Args<'_>) -> Result<T, DescribeError>,
}

/// Words of other programs and what they are here; only used to help.
pub(crate) const SYNONYMS: &[(&str, &str)] = &[
    ("learning_rate", "lr"),
    ("batch_size", "batch"),
    ("optimiser", "optimizer"),
    ("criterion", "loss"),
    ("num_epochs", "epochs"),
    ("iterations", "steps"),
    ("validation", "valid"),
    ("val", "valid"),
    ("validation_split", "valid"),
    ("dev", "valid"),
    ("max_norm", "global_norm"),
    ("norm", "global_norm"),
    ("clip_norm", "global_norm"),
    ("clip_value", "value"),
    ("kernel_size", "kernel"),
    ("pool_size", "kernel"),
    ("strides", "stride"),
    ("channels", "filters"),
    ("out_channels", "filters"),
    ("out_features", "units"),
    ("use_bias", "bias"),
    ("kernel_initializer", "init"),
    ("weight_init", "init"),
    ("bias_initializer", "bias_init"),
    ("trainable", "frozen"),
    ("eps", "epsilon"),
    ("beta_1", "beta1"),
    ("beta_2", "beta2"),
    ("beta", "momentum"),
    ("betas", "beta1"),
    ("wd", "weight_decay"),
    ("p", "rate"),
    ("probability", "rate"),
    ("negative_slope", "slope"),
    ("mu", "mean"),
    ("sigma", "std"),
    ("normalise", "scale"),
    ("normalize", "scale"),
    ("model", "network"),
    ("training", "train"),
    ("dataset", "source"),
    ("n_samples", "samples"),
    ("num_classes", "classes"),
    ("times", "count"),
    ("from_logits", "on"),
];
