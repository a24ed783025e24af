//! Patches in words, and the difference of two descriptions.

use super::Document;
use super::edit;
use super::patch::{Patch, PatchAction, PatchOp};
use serde_json::Value as Json;
use similar::TextDiff;
use toml_edit::DocumentMut;

/// Lines of context around each change.
const CONTEXT: usize = 3;

/// The most places that are named one by one.
const NAMED: usize = 3;

/// The unified difference of two texts of the same description; empty where they are the same.
pub fn diff(before: &Document, after: &Document) -> String {
    if before.text == after.text {
        return String::new();
    }
    let name = before.file.display();
    TextDiff::from_lines(before.text.as_str(), after.text.as_str())
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&format!("{name} (before)"), &format!("{name} (after)"))
        .to_string()
}

/// The patch in words, one line an edit. The same change in many places is one line, with the number
/// of layers that it changes: a change in a repeat counts once for every copy.
pub fn describe_patch(before: &Document, patch: &Patch) -> Vec<String> {
    struct Line {
        what: String,
        places: Vec<String>,
        copies: usize,
    }
    let mut lines: Vec<Line> = Vec::new();
    let mut now: Option<DocumentMut> = before.text.parse().ok();
    for op in &patch.0 {
        let (what, place) = say(op, now.as_ref());
        let copies = now
            .as_ref()
            .map_or(1, |document| copies(document, &op.path));
        match lines.iter_mut().find(|line| line.what == what) {
            Some(line) => {
                line.places.push(place);
                line.copies += copies;
            }
            None => lines.push(Line {
                what,
                places: vec![place],
                copies,
            }),
        }
        if let Some(document) = &mut now
            && edit::apply(document, op).is_err()
        {
            now = None;
        }
    }
    lines
        .into_iter()
        .map(|line| {
            let mut text = line.what;
            let places: Vec<&String> = line.places.iter().filter(|p| !p.is_empty()).collect();
            if !places.is_empty() {
                let shown: Vec<&str> = places.iter().take(NAMED).map(|p| p.as_str()).collect();
                text = format!("{text} at {}", shown.join(", "));
                if places.len() > NAMED {
                    text = format!("{text} and {} more", places.len() - NAMED);
                }
            }
            if line.copies > 1 {
                text = format!("{text} ({} layers)", line.copies);
            }
            text
        })
        .collect()
}

/// What an entry does, and where if that is a position in a list.
fn say(op: &PatchOp, now: Option<&DocumentMut>) -> (String, String) {
    let there = now.and_then(|document| edit::value_at(document, &op.path));
    let from = if op.from.is_null() {
        there.unwrap_or(Json::Null)
    } else {
        op.from.clone()
    };
    let (place, key) = match op.path.rfind(']') {
        Some(end) => (
            op.path[..=end].to_owned(),
            op.path[end + 1..].trim_start_matches('.'),
        ),
        None => (String::new(), op.path.as_str()),
    };
    let key = if key.is_empty() { "block" } else { key };
    let what = match op.op {
        PatchAction::Set if from.is_null() => format!("{key}: set to {}", toml(&op.to)),
        PatchAction::Set => format!("{key}: {} → {}", toml(&from), toml(&op.to)),
        PatchAction::Insert => format!("insert {}", toml(&op.to)),
        PatchAction::Delete if from.is_null() => format!("delete {key}"),
        PatchAction::Delete if key == "block" => format!("delete {}", toml(&from)),
        PatchAction::Delete => format!("delete {key} = {}", toml(&from)),
    };
    (what, place)
}

/// JSON as people write it in TOML.
fn toml(json: &Json) -> String {
    match json {
        Json::Null => "nothing".into(),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(k, v)| format!("{k} = {}", toml(v)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// How many blocks of the network the block at `path` is: the product of the repeats around it.
fn copies(document: &DocumentMut, path: &str) -> usize {
    path.match_indices(']')
        .filter(|(end, _)| end + 1 < path.len())
        .filter(|(end, _)| path[end + 1..].contains('['))
        .filter_map(|(end, _)| edit::value_at(document, &path[..=end]))
        .filter_map(|block| {
            let repeat = block.get("repeat")?;
            repeat.as_u64().or_else(|| repeat.get("count")?.as_u64())
        })
        .fold(1, |product, count| product.saturating_mul(count as usize))
}
