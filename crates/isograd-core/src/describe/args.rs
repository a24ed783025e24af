//! The fields of one entry: what was given, what is the default, each read by its kind.

use super::error::{DescribeError, ErrorKind, nearest};
use super::kind::Kind;
use super::network::{Block, Init, Padding, SequencePadding, Units};
use super::read::{Input, Result, joined, named, quoted};
use super::registry::{Default, Field, Info, SYNONYMS};
use super::{blocks, init};
use toml::de::{DeTable, DeValue};

/// The fields that were given for one entry, and access to all of them.
pub(crate) struct Args<'a> {
    what: String,
    fields: Vec<&'static Field>,
    given: Vec<(&'static str, Input<'a>)>,
    /// Where the entry stands.
    pub(crate) place: Input<'a>,
}

impl<'a> Args<'a> {
    /// No field given yet, for an entry called `what` in messages.
    pub(crate) fn new(what: String, info: &Info, place: Input<'a>) -> Self {
        Self {
            what,
            fields: info.all_fields().collect(),
            given: Vec::new(),
            place,
        }
    }

    /// Takes the keys of `table`, except those in `but`.
    pub(crate) fn take(&mut self, table: &'a DeTable<'a>, path: &str, but: &[&str]) -> Result<()> {
        for (key, value) in table {
            let name: &str = key.get_ref();
            if but.contains(&name) {
                continue;
            }
            let Some(field) = self.fields.iter().find(|field| field.name == name) else {
                return Err(self.unknown_key(name).at(path, key.span()));
            };
            let input = Input::new(value, joined(path, field.name));
            self.give(field.name, input)?;
        }
        Ok(())
    }

    /// Gives one field.
    pub(crate) fn give(&mut self, name: &'static str, input: Input<'a>) -> Result<()> {
        if self.given.iter().any(|(given, _)| *given == name) {
            return Err(input.error(
                ErrorKind::Conflict,
                format!("`{name}` of {} is given twice", self.what),
            ));
        }
        self.given.push((name, input));
        Ok(())
    }

    fn unknown_key(&self, name: &str) -> DescribeError {
        let known = || self.fields.iter().map(|field| field.name);
        let synonym = SYNONYMS
            .iter()
            .filter(|(other, _)| *other == name)
            .map(|(_, ours)| *ours)
            .find(|ours| known().any(|field| field == *ours));
        let near = synonym.or_else(|| nearest(name, known()));
        let list: Vec<&str> = known().collect();
        let accepted = if list.is_empty() {
            "no further key".to_owned()
        } else {
            list.join(", ")
        };
        let error = DescribeError::new(
            ErrorKind::UnknownKey,
            format!("unknown key {} in {}", quoted(name), self.what),
        )
        .accepts(accepted)
        .near(near);
        match super::grammar::home_of(name, self.what.starts_with("block")) {
            Some(home) if near.is_none() => error.hint(format!("`{name}` is a key of {home}")),
            _ => error,
        }
    }

    /// The field's kind and its value, given or default.
    fn with<T>(
        &self,
        name: &str,
        read: impl FnOnce(Kind, &Input<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let Some(field) = self.fields.iter().find(|field| field.name == name) else {
            unreachable!("{} has no field {name} in the registry", self.what)
        };
        if let Some((_, input)) = self.given.iter().find(|(given, _)| *given == name) {
            return read(field.kind, input).map(Some);
        }
        match field.default {
            Default::Nothing => Ok(None),
            Default::Required => Err(self
                .place
                .error(
                    ErrorKind::MissingKey,
                    format!("{} needs `{name}`", self.what),
                )
                .accepts(field.kind.words())),
            Default::Is(text) => {
                let value = DeValue::parse(text)
                    .map_err(|e| DescribeError::new(ErrorKind::Syntax, e.message()))?;
                let input = Input {
                    value: value.get_ref(),
                    span: self.place.span.clone(),
                    path: joined(&self.place.path, name),
                };
                read(field.kind, &input).map(Some)
            }
        }
    }

    /// What was written for a field.
    pub(crate) fn written(&self, name: &str) -> Option<&Input<'a>> {
        self.given
            .iter()
            .find(|(given, _)| *given == name)
            .map(|(_, input)| input)
    }

    /// A field by a reader of its own.
    pub(crate) fn maybe<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Input<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.with(name, |_, input| read(input))
    }

    /// A field with a default, or a required one, by a reader of its own.
    pub(crate) fn get<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Input<'_>) -> Result<T>,
    ) -> Result<T> {
        Ok(self.sure(name, self.maybe(name, read)?))
    }

    fn sure<T>(&self, name: &str, value: Option<T>) -> T {
        value.unwrap_or_else(|| unreachable!("`{name}` of {} has no default", self.what))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool> {
        self.maybe_flag(name).map(|value| self.sure(name, value))
    }

    pub(crate) fn maybe_flag(&self, name: &str) -> Result<Option<bool>> {
        self.with(name, |kind, input| {
            input
                .value
                .as_bool()
                .ok_or_else(|| input.refuse(ErrorKind::WrongType, kind))
        })
    }

    pub(crate) fn count(&self, name: &str) -> Result<usize> {
        self.maybe_count(name).map(|value| self.sure(name, value))
    }

    pub(crate) fn maybe_count(&self, name: &str) -> Result<Option<usize>> {
        self.with(name, |kind, input| {
            let Kind::Count(min) = kind else {
                unreachable!("`{name}` is not a count")
            };
            input.count(min, kind)
        })
    }

    pub(crate) fn seed(&self, name: &str) -> Result<u64> {
        self.with(name, |_, input| input.seed())
            .map(|value| self.sure(name, value))
    }

    pub(crate) fn number(&self, name: &str) -> Result<f64> {
        self.maybe_number(name).map(|value| self.sure(name, value))
    }

    pub(crate) fn maybe_number(&self, name: &str) -> Result<Option<f64>> {
        self.with(name, |kind, input| input.number(kind))
    }

    pub(crate) fn interval(&self, name: &str) -> Result<[f64; 2]> {
        let value = self.with(name, |kind, input| match input.items(kind)?.as_slice() {
            [low, high] => {
                let both = [low.number(kind)?, high.number(kind)?];
                if both[0] > both[1] {
                    return Err(input.error(
                        ErrorKind::OutOfRange,
                        format!(
                            "the lowest of `{name}`, {}, is above the highest, {}",
                            both[0], both[1]
                        ),
                    ));
                }
                Ok(both)
            }
            _ => Err(input.refuse(ErrorKind::OutOfRange, kind)),
        })?;
        Ok(self.sure(name, value))
    }

    pub(crate) fn pair(&self, name: &str) -> Result<[usize; 2]> {
        self.maybe_pair(name).map(|value| self.sure(name, value))
    }

    pub(crate) fn maybe_pair(&self, name: &str) -> Result<Option<[usize; 2]>> {
        self.with(name, |kind, input| input.pair(1, kind))
    }

    pub(crate) fn word(&self, name: &str) -> Result<&'static str> {
        self.maybe_word(name).map(|value| self.sure(name, value))
    }

    pub(crate) fn maybe_word(&self, name: &str) -> Result<Option<&'static str>> {
        self.with(name, |kind, input| {
            let Kind::Word(words) = kind else {
                unreachable!("`{name}` is not a word")
            };
            input.word(words, kind)
        })
    }

    pub(crate) fn maybe_text(&self, name: &str) -> Result<Option<String>> {
        self.with(name, |kind, input| {
            let text = input.text(kind)?;
            if matches!(kind, Kind::File) && text.is_empty() {
                return Err(input.refuse(ErrorKind::OutOfRange, kind));
            }
            Ok(text.to_owned())
        })
    }

    pub(crate) fn units(&self, name: &str) -> Result<Units> {
        let value = self.with(name, |kind, input| match input.value.as_str() {
            Some("classes" | "outputs") => Ok(Units::Outputs),
            Some(number) if number.parse::<f64>().is_ok() => {
                Err(input.refuse(ErrorKind::WrongType, kind))
            }
            Some(other) => Err(input
                .unknown_word(
                    &format!("word for `{name}`:"),
                    other,
                    ["classes", "outputs"].into_iter(),
                    None,
                )
                .accepts(kind.words())),
            None => input.count(1, kind).map(Units::Count),
        })?;
        Ok(self.sure(name, value))
    }

    pub(crate) fn padding(&self, name: &str) -> Result<Padding> {
        let value = self.with(name, |kind, input| match input.value.as_str() {
            Some("same") => Ok(Padding::Same),
            Some("valid") => Ok(Padding::Valid),
            Some(other) => Err(input
                .unknown_word(
                    &format!("word for `{name}`:"),
                    other,
                    ["same", "valid"].into_iter(),
                    None,
                )
                .accepts(kind.words())),
            None => input.pair(0, kind).map(Padding::Explicit),
        })?;
        Ok(self.sure(name, value))
    }

    pub(crate) fn sequence_padding(&self, name: &str) -> Result<SequencePadding> {
        let value = self.with(name, |kind, input| match input.value.as_str() {
            Some("same") => Ok(SequencePadding::Same),
            Some("valid") => Ok(SequencePadding::Valid),
            Some("causal") => Ok(SequencePadding::Causal),
            Some(other) => Err(input
                .unknown_word(
                    &format!("word for `{name}`:"),
                    other,
                    ["same", "valid", "causal"].into_iter(),
                    None,
                )
                .accepts(kind.words())),
            None => input.count(0, kind).map(SequencePadding::Explicit),
        })?;
        Ok(self.sure(name, value))
    }

    pub(crate) fn maybe_init(&self, name: &str) -> Result<Option<Init>> {
        self.maybe(name, |input| {
            named(input, "initialisation", Kind::Init, init::ENTRIES)
        })
    }

    pub(crate) fn own_init(&self, name: &str) -> Result<Init> {
        self.maybe_init(name).map(|value| self.sure(name, value))
    }

    pub(crate) fn layers(&self, name: &str) -> Result<Vec<Block>> {
        self.get(name, blocks::read_layers)
    }
}
