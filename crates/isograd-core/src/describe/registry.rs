//! What a description may say: entries with their fields, from which reading, lists of accepted
//! words, the JSON schema and the page of documentation are made.

use super::args::Args;
use super::error::DescribeError;
use super::kind::Kind;

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

impl<T> Entry<T> {
    /// A word with fields of its own, and nothing else.
    pub(crate) const fn new(
        name: &'static str,
        doc: &'static str,
        fields: &'static [Field],
        example: &'static str,
        build: fn(&Args<'_>) -> Result<T, DescribeError>,
    ) -> Self {
        Self {
            info: Info {
                name,
                aka: &[],
                doc,
                fields,
                common: &[],
                main: None,
                example,
            },
            build,
        }
    }

    /// The same word with fields that it shares with its kind.
    pub(crate) const fn sharing(mut self, common: &'static [Field]) -> Self {
        self.info.common = common;
        self
    }
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
    ("clip_norm", "norm"),
    ("agc", "adaptive"),
    ("gamma", "factor"),
    ("milestones", "at"),
    ("step_size", "every"),
    ("eta_min", "floor"),
    ("min_lr", "floor"),
    ("t_max", "length"),
    ("warmup_steps", "warmup"),
    ("scheduler", "schedule"),
    ("lr_schedule", "schedule"),
    ("accumulate_grad_batches", "accumulate"),
    ("gradient_accumulation_steps", "accumulate"),
    ("gradient_checkpointing", "checkpoint"),
    ("class_weight", "class_weights"),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Default, Info, SYNONYMS};
    use crate::describe::args::Args;
    use crate::describe::read::Input;
    use crate::describe::{
        augment, blocks, curriculum, grammar, init, loss, optimizer, schedule, source,
    };
    use std::collections::BTreeSet;
    use toml::de::DeValue;

    fn infos() -> Vec<&'static Info> {
        let mut all: Vec<&Info> = grammar::SECTIONS.to_vec();
        all.extend(blocks::entries().map(|e| &e.info));
        all.extend(init::ENTRIES.iter().map(|e| &e.info));
        all.extend(loss::ENTRIES.iter().map(|e| &e.info));
        all.extend(optimizer::ENTRIES.iter().map(|e| &e.info));
        all.extend(schedule::ENTRIES.iter().map(|e| &e.info));
        all.extend(source::ENTRIES.iter().map(|e| &e.info));
        all.extend(augment::ENTRIES.iter().map(|e| &e.info));
        all.extend(curriculum::ENTRIES.iter().map(|e| &e.info));
        all.extend(curriculum::DIFFICULTIES.iter().map(|e| &e.info));
        all
    }

    #[test]
    fn no_option_of_a_block_has_the_name_of_a_block() {
        let words: BTreeSet<&str> = blocks::words().collect();
        assert_eq!(
            words.len(),
            blocks::entries().count(),
            "two blocks have one name"
        );
        for entry in blocks::entries() {
            for field in entry.info.all_fields() {
                assert!(
                    !words.contains(field.name),
                    "{}.{}",
                    entry.info.name,
                    field.name
                );
            }
        }
    }

    #[test]
    fn fields_are_told_apart_and_their_defaults_are_toml() {
        for info in infos() {
            let names: Vec<&str> = info.all_fields().map(|f| f.name).collect();
            let set: BTreeSet<&str> = names.iter().copied().collect();
            assert_eq!(names.len(), set.len(), "{}: {names:?}", info.name);
            assert!(
                info.main.is_none_or(|main| set.contains(main)),
                "{}",
                info.name
            );
            assert!(
                !info.doc.is_empty() && !info.doc.ends_with('.'),
                "{}: {}",
                info.name,
                info.doc
            );
            for field in info.all_fields() {
                if let Default::Is(text) = field.default {
                    assert!(DeValue::parse(text).is_ok(), "{}.{}", info.name, field.name);
                }
            }
        }
    }

    #[test]
    fn synonyms_lead_to_words_that_exist() {
        let fields: BTreeSet<&str> = infos()
            .iter()
            .flat_map(|info| info.all_fields().map(|f| f.name))
            .collect();
        for (other, ours) in SYNONYMS {
            assert!(fields.contains(ours), "{other} leads to {ours}");
        }
        let words: BTreeSet<&str> = blocks::words().collect();
        for entry in blocks::entries() {
            for aka in entry.info.aka {
                assert!(
                    !words.contains(aka),
                    "{aka} is a block and another name of one"
                );
            }
        }
    }

    #[test]
    fn bare_blocks_give_their_own_word() {
        let value = DeValue::Boolean(true);
        for entry in blocks::entries().filter(|entry| entry.info.may_be_bare()) {
            let place = Input {
                value: &value,
                span: 0..0,
                path: String::new(),
            };
            let args = Args::new("block".to_owned(), &entry.info, place);
            assert_eq!((entry.build)(&args).unwrap().word(), entry.info.name);
        }
    }
}
