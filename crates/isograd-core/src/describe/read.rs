//! Typed access to spanned TOML: each value checked against its field, each error with its place.

use super::args::Args;
use super::error::{DescribeError, ErrorKind, nearest};
use super::kind::{Kind, MAX_SIZE, Word};
use super::registry::Entry;
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
        DeValue::Array(array) => format!("a list of {}", array.len()),
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
        let message = format!("`{}` cannot be {}", self.key(), shown(self.value));
        let refused = self.error(error, message).accepts(kind.words());
        match self.value.as_str().map(str::parse::<f64>) {
            Some(Ok(_)) => refused.hint("write the number without quotes"),
            _ => refused,
        }
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

    pub(crate) fn seed(&self) -> Result<u64> {
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

    pub(crate) fn word(&self, words: &'static [Word], kind: Kind) -> Result<&'static str> {
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
