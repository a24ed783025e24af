//! Typed access to spanned TOML: each value checked against its field, each error with its place.

use super::error::{DescribeError, ErrorKind, nearest};
use super::kind::{Kind, MAX_SIZE, Word};
use super::network::{Block, Init, Padding, Units};
use super::registry::{Default, Entry, Field, Info, SYNONYMS};
use super::{blocks, init};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(crate) type Result<T> = std::result::Result<T, DescribeError>;

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Input<'a> {
    pub(crate) value: &'a DeValue<'a>,
    pub(crate) span: Range<usize>,
    pub(crate) path: String,
}

/// What a value is, for a message: `the integer 3`, `a table`.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => {
            let short: String = text.chars().take(40).collect();
            let more = if short.len() < text.len() { "…" } else { "" };
            format!("the text {short:?}{more}")
        }
        DeValue::Integer(number) => format!("the integer {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(array) if array.is_empty() => "an empty list".into(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

impl<'a> Input<'a> {
    pub(crate) fn new(value: &'a Spanned<DeValue<'a>>, path: String) -> Self {
        Self {
            value: value.get_ref(),
            span: value.span(),
            path,
        }
    }

    /// The last part of the path.
    pub(crate) fn key(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }

    pub(crate) fn error(&self, kind: ErrorKind, message: impl std::fmt::Display) -> DescribeError {
        DescribeError::new(kind, message).at(&self.path, self.span.clone())
    }

    /// The value is not of `kind`.
    pub(crate) fn refuse(&self, error: ErrorKind, kind: Kind) -> DescribeError {
        self.error(
            error,
            format!("`{}` cannot be {}", self.key(), shown(self.value)),
        )
        .accepts(kind.words())
    }

    fn integer(&self) -> Option<std::result::Result<i64, ()>> {
        let number = self.value.as_integer()?;
        Some(i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| ()))
    }

    pub(crate) fn count(&self, min: u64, kind: Kind) -> Result<usize> {
        match self.integer() {
            None => Err(self.refuse(ErrorKind::WrongType, kind)),
            Some(Ok(n)) if u64::try_from(n).is_ok_and(|n| (min..=MAX_SIZE).contains(&n)) => {
                Ok(n as usize)
            }
            Some(_) => Err(self.refuse(ErrorKind::OutOfRange, kind)),
        }
    }

    fn seed(&self) -> Result<u64> {
        match self.integer() {
            None => Err(self.refuse(ErrorKind::WrongType, Kind::Seed)),
            Some(n) => n
                .and_then(|n| u64::try_from(n).map_err(|_| ()))
                .map_err(|()| self.refuse(ErrorKind::OutOfRange, Kind::Seed)),
        }
    }

    pub(crate) fn number(&self, kind: Kind) -> Result<f64> {
        let number = match self.value {
            DeValue::Integer(_) => self
                .integer()
                .and_then(std::result::Result::ok)
                .map(|n| n as f64),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => return Err(self.refuse(ErrorKind::WrongType, kind)),
        };
        let fits = |x: f64| match kind {
            Kind::Number(bounds) | Kind::Interval(bounds) => bounds.contains(x),
            Kind::Sign => x.abs() == 1.0,
            _ => x.is_finite(),
        };
        number
            .filter(|x| fits(*x))
            .ok_or_else(|| self.refuse(ErrorKind::OutOfRange, kind))
    }

    pub(crate) fn text(&self, kind: Kind) -> Result<&'a str> {
        self.value
            .as_str()
            .ok_or_else(|| self.refuse(ErrorKind::WrongType, kind))
    }

    pub(crate) fn items(&self, kind: Kind) -> Result<Vec<Input<'a>>> {
        let array = self
            .value
            .as_array()
            .ok_or_else(|| self.refuse(ErrorKind::WrongType, kind))?;
        Ok(array
            .iter()
            .enumerate()
            .map(|(i, item)| Input::new(item, format!("{}[{i}]", self.path)))
            .collect())
    }

    pub(crate) fn table(&self, kind: Kind) -> Result<&'a DeTable<'a>> {
        self.value
            .as_table()
            .ok_or_else(|| self.refuse(ErrorKind::WrongType, kind))
    }

    /// Two sizes, or one for both.
    pub(crate) fn pair(&self, min: u64, kind: Kind) -> Result<[usize; 2]> {
        match self.value {
            DeValue::Array(_) => match self.items(kind)?.as_slice() {
                [rows, columns] => Ok([rows.count(min, kind)?, columns.count(min, kind)?]),
                _ => Err(self.refuse(ErrorKind::OutOfRange, kind)),
            },
            _ => self.count(min, kind).map(|n| [n, n]),
        }
    }

    /// A word that is not known.
    pub(crate) fn unknown_word<'w>(
        &self,
        what: &str,
        given: &str,
        known: impl Iterator<Item = &'w str> + Clone,
        synonym: Option<&'w str>,
    ) -> DescribeError {
        let near = synonym.or_else(|| nearest(given, known.clone()));
        self.error(
            ErrorKind::UnknownWord,
            format!("unknown {what} {}", quoted(given)),
        )
        .accepts(super::kind::one_of(known))
        .near(near)
    }

    fn word(&self, words: &'static [Word], kind: Kind) -> Result<&'static str> {
        let given = self.text(kind)?;
        let known = words.iter().map(|w| w.0);
        known.clone().find(|word| *word == given).ok_or_else(|| {
            self.unknown_word(&format!("word for `{}`:", self.key()), given, known, None)
        })
    }
}

/// A text of any length between quotes.
pub(crate) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{more}")
}

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
        match super::grammar::home_of(name) {
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

    pub(crate) fn maybe_init(&self, name: &str) -> Result<Option<Init>> {
        self.maybe(name, |input| {
            named(input, "initialisation", Kind::Init, init::ENTRIES)
        })
    }

    pub(crate) fn layers(&self, name: &str) -> Result<Vec<Block>> {
        self.get(name, blocks::read_layers)
    }
}

/// `path.key`, or `key` at the top.
pub(crate) fn joined(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// Reads a name, or a table with `name` and options.
pub(crate) fn named<T>(
    input: &Input<'_>,
    what: &str,
    kind: Kind,
    entries: &'static [Entry<T>],
) -> Result<T> {
    let (name, table) = match input.value {
        DeValue::String(_) => (input.clone(), None),
        DeValue::Table(table) => {
            let Some(name) = table.get("name") else {
                return Err(input
                    .error(
                        ErrorKind::MissingKey,
                        format!("`{}` needs `name`", input.key()),
                    )
                    .accepts(kind.words()));
            };
            (Input::new(name, joined(&input.path, "name")), Some(table))
        }
        _ => return Err(input.refuse(ErrorKind::WrongType, kind)),
    };
    let given = name.text(kind)?;
    let Some(entry) = entries.iter().find(|entry| entry.info.name == given) else {
        let known = entries.iter().map(|entry| entry.info.name);
        return Err(name.unknown_word(what, given, known, aka(given, entries)));
    };
    let mut args = Args::new(
        format!("{what} `{}`", entry.info.name),
        &entry.info,
        input.clone(),
    );
    if let Some(table) = table {
        args.take(table, &input.path, &["name"])?;
    }
    (entry.build)(&args).map_err(|e| e.at(&input.path, input.span.clone()))
}

/// The entry that other programs call `given`.
pub(crate) fn aka<T>(given: &str, entries: &[Entry<T>]) -> Option<&'static str> {
    let given = given.to_lowercase().replace(['-', ' '], "_");
    entries
        .iter()
        .find(|entry| entry.info.aka.contains(&given.as_str()))
        .map(|entry| entry.info.name)
}
