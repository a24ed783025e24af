//! The JSON schema of descriptions, for editors and other programs, made from the registry.

use super::grammar::{self, SECTIONS};
use super::registry::{Default, Entry, Field, Info};
use super::{augment, blocks, curriculum, init, loss, optimizer, schedule, source};
use serde_json::{Map, Value as Json, json};

/// The JSON schema (draft 2020-12) of a description.
///
/// It accepts every description that [`super::Document::parse`] accepts. What needs more than one
/// key to judge (shapes, files of a source, a field given beside and inside its block) it leaves to
/// the parser.
pub fn schema() -> Json {
    let mut defs = Map::new();
    for info in SECTIONS
        .iter()
        .filter(|info| info.name != grammar::ROOT.name)
    {
        defs.insert(info.name.to_owned(), table(info, &[]));
    }
    defs.insert("init".into(), named(init::ENTRIES));
    defs.insert("loss".into(), named(loss::ENTRIES));
    defs.insert("optimizer".into(), named(optimizer::ENTRIES));
    defs.insert("schedule".into(), named(schedule::ENTRIES));
    defs.insert("source".into(), named(source::ENTRIES));
    defs.insert("augmentation".into(), named(augment::ENTRIES));
    defs.insert("curriculum".into(), named(curriculum::ENTRIES));
    defs.insert("difficulty".into(), named(curriculum::DIFFICULTIES));
    defs.insert("block".into(), block());
    let mut root = table(&grammar::ROOT, &[]);
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("isograd description");
    root["$defs"] = Json::Object(defs);
    root
}

fn property(field: &Field) -> Json {
    let mut schema = field.kind.schema();
    schema["description"] = json!(field.doc);
    if let Default::Is(text) = field.default
        && let Ok(table) = toml::from_str::<Map<String, Json>>(&format!("v = {text}"))
    {
        schema["default"] = table["v"].clone();
    }
    schema
}

/// A table with the fields of `info`, and more that come first.
fn table(info: &Info, first: &[(&str, Json)]) -> Json {
    let mut properties = Map::new();
    let mut required: Vec<&str> = Vec::new();
    for (key, schema) in first {
        properties.insert((*key).to_owned(), schema.clone());
        required.push(key);
    }
    for field in info.all_fields() {
        properties.insert(field.name.to_owned(), property(field));
        if matches!(field.default, Default::Required) {
            required.push(field.name);
        }
    }
    json!({
        "type": "object",
        "description": info.doc,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// A name, or a table with `name`.
fn named<T>(entries: &[Entry<T>]) -> Json {
    let bare: Vec<&str> = entries
        .iter()
        .filter(|e| e.info.may_be_bare())
        .map(|e| e.info.name)
        .collect();
    let mut any = vec![json!({ "enum": bare })];
    any.extend(
        entries
            .iter()
            .map(|e| table(&e.info, &[("name", json!({ "const": e.info.name }))])),
    );
    json!({ "anyOf": any })
}

/// A word, or a table with a block's name.
fn block() -> Json {
    let bare: Vec<&str> = blocks::entries()
        .filter(|e| e.info.may_be_bare())
        .map(|e| e.info.name)
        .collect();
    let mut any = vec![json!({ "enum": bare })];
    any.extend(blocks::entries().map(|entry| {
        let info = &entry.info;
        // Fields may stand beside the block's key or in its table, so neither must have them all.
        let mut inside = table(info, &[]);
        inside["required"] = json!([]);
        let mut values = vec![inside];
        if let Some(main) = info.main
            && let Some(field) = info.all_fields().find(|field| field.name == main)
        {
            values.push(field.kind.schema());
        }
        if info.may_be_bare() {
            values.push(json!({ "const": true }));
        }
        let mut outside = table(info, &[(info.name, json!({ "anyOf": values }))]);
        outside["required"] = json!([info.name]);
        outside
    }));
    json!({ "anyOf": any })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::schema;
    use crate::describe::kind::Kind;

    /// The kinds that point to a definition.
    const REFERENCES: &[Kind] = &[
        Kind::Init,
        Kind::Loss,
        Kind::Optimizer,
        Kind::Schedule,
        Kind::Source,
        Kind::Clip,
        Kind::Curriculum,
        Kind::Difficulty,
        Kind::Data,
        Kind::Network,
        Kind::Train,
    ];

    #[test]
    fn every_reference_is_defined() {
        let schema = schema();
        for kind in REFERENCES {
            let reference = kind.schema()["$ref"].as_str().unwrap().to_owned();
            assert!(schema.pointer(&reference[1..]).is_some(), "{reference}");
        }
    }
}
