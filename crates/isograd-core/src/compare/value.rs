//! Values of the grid file as JSON, as labels and as text.

use serde_json::Value as Json;
use toml::de::DeValue;
use toml_edit::{DocumentMut, Item};

/// The value as JSON; `None` for what JSON cannot say (infinity, a date).
pub(super) fn json(value: &DeValue<'_>) -> Option<Json> {
    Some(match value {
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Integer(n) => Json::from(i64::from_str_radix(n.as_str(), n.radix()).ok()?),
        DeValue::Float(n) => {
            let number: f64 = n.as_str().parse().ok()?;
            Json::from(Some(number).filter(|n| n.is_finite())?)
        }
        DeValue::Boolean(flag) => Json::from(*flag),
        DeValue::Datetime(_) => return None,
        DeValue::Array(items) => {
            let items: Option<Vec<Json>> = items.iter().map(|i| json(i.get_ref())).collect();
            Json::from(items?)
        }
        DeValue::Table(table) => {
            let fields: Option<serde_json::Map<_, _>> = table
                .iter()
                .map(|(key, value)| Some((key.get_ref().to_string(), json(value.get_ref())?)))
                .collect();
            Json::from(fields?)
        }
    })
}

/// What a value in a list is called: as it is written.
pub(super) fn label(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(n) => Some(n.as_str().to_owned()),
        DeValue::Float(n) => Some(n.as_str().to_owned()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A table of a text as a text of its own.
pub(super) fn table_text(text: &str, key: &str) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let item = document.remove(key)?;
    let table = match item {
        Item::Table(table) => table,
        Item::Value(value) => value.as_inline_table()?.clone().into_table(),
        _ => return None,
    };
    Some(DocumentMut::from(table).to_string())
}
