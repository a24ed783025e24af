//! A value of a grid file with its place, and its errors.

use super::change::shown;
use super::value::json;
use crate::describe::DescribeError;
use crate::describe::edit::Step;
use crate::describe::error::{ErrorKind, nearest};
use crate::describe::read::quoted;
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(super) type Result<T> = std::result::Result<T, DescribeError>;

/// Entries of a list at most, so that a slip of the pen is not a year of computing.
const MOST: usize = 1000;

/// A value with its address.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub(super) value: &'a Spanned<DeValue<'a>>,
    pub(super) address: Vec<Step>,
}

impl<'a> At<'a> {
    pub(super) fn error(&self, kind: ErrorKind, message: impl std::fmt::Display) -> DescribeError {
        DescribeError::new(kind, message).at(&shown(&self.address), self.value.span())
    }

    pub(super) fn wrong(&self, accepted: &str) -> DescribeError {
        let what = shown(self.address.last().map_or(&[], std::slice::from_ref));
        self.error(ErrorKind::WrongType, format!("`{what}` cannot be this"))
            .accepts(accepted)
    }

    pub(super) fn text(&self, accepted: &str) -> Result<&'a str> {
        self.value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.wrong(accepted))
    }

    pub(super) fn number(&self, accepted: &str) -> Result<f64> {
        match json(self.value.get_ref()) {
            Some(Json::Number(n)) => n.as_f64().ok_or_else(|| self.wrong(accepted)),
            _ => Err(self.wrong(accepted)),
        }
    }

    pub(super) fn count(&self, accepted: &str) -> Result<u64> {
        match json(self.value.get_ref()) {
            Some(Json::Number(n)) => n.as_u64().ok_or_else(|| self.wrong(accepted)),
            _ => Err(self.wrong(accepted)),
        }
    }

    pub(super) fn fields(&self, accepted: &str) -> Result<Vec<(&'a str, Self)>> {
        match self.value.get_ref() {
            DeValue::Table(table) => Ok(fields(table, &self.address)),
            _ => Err(self.wrong(accepted)),
        }
    }

    pub(super) fn items(&self, accepted: &str) -> Result<Vec<Self>> {
        let DeValue::Array(items) = self.value.get_ref() else {
            return Err(self.wrong(accepted));
        };
        if items.is_empty() || items.len() > MOST {
            return Err(self
                .error(ErrorKind::OutOfRange, format!("a list of {}", items.len()))
                .accepts(format!("{accepted}, 1 to {MOST} of them")));
        }
        let at = |(i, value)| Self {
            value,
            address: [self.address.as_slice(), &[Step::Index(i)]].concat(),
        };
        Ok(items.iter().enumerate().map(at).collect())
    }
}

/// The entries of a table in the order of the text.
pub(super) fn fields<'a>(table: &'a DeTable<'a>, address: &[Step]) -> Vec<(&'a str, At<'a>)> {
    let mut all: Vec<_> = table.iter().collect();
    all.sort_by_key(|(key, _)| key.span().start);
    let at = |(key, value): (&'a Spanned<std::borrow::Cow<'a, str>>, _)| {
        let key: &str = key.get_ref();
        let address = [address, &[Step::Key(key.to_owned())]].concat();
        (key, At { value, address })
    };
    all.into_iter().map(at).collect()
}

pub(super) fn unknown(at: &At<'_>, what: &str, key: &str, known: &[&str]) -> DescribeError {
    at.error(
        ErrorKind::UnknownKey,
        format!("unknown {what} {}", quoted(key)),
    )
    .accepts(known.join(", "))
    .near(nearest(key, known.iter().copied()))
}
