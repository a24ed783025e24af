//! Numbers by name, as findings show them.

use crate::number::Number;
use serde_json::{Map, Value};

/// Evidence under construction; numbers keep the order in which they come.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence(Map<String, Value>);

impl Evidence {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A number; NaN and infinities become their words.
    pub(super) fn number(mut self, name: &str, value: f64) -> Self {
        self.0.insert(name.to_owned(), Number(value).into());
        self
    }

    /// A number that may not be known; then it is left out.
    pub(super) fn maybe(self, name: &str, value: Option<f64>) -> Self {
        match value {
            Some(value) => self.number(name, value),
            None => self,
        }
    }

    /// A count.
    pub(super) fn count(mut self, name: &str, value: usize) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// A word.
    pub(super) fn word(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Numbers by layer.
    pub(super) fn by_layer<'a>(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> Self {
        let layers: Map<String, Value> = values
            .into_iter()
            .map(|(layer, v)| (layer.to_owned(), Number(v).into()))
            .collect();
        self.0.insert(name.to_owned(), layers.into());
        self
    }

    pub(super) fn finish(self) -> Map<String, Value> {
        self.0
    }
}
