//! Reading what a value of an axis changes.

use super::at::{At, Result, fields, unknown};
use super::change::{Change, Op, Origin, Place, Source, explain, shown};
use super::grid::Start;
use super::value::json;
use crate::describe::edit::{Step, steps};
use crate::describe::error::ErrorKind;
use crate::describe::patch::{PatchAction, PatchOp};
use crate::describe::{DescribeError, Document};
use serde_json::Value as Json;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// Tables and values of a description.
const DESCRIPTION: [&str; 5] = ["name", "seed", "data", "network", "train"];

/// The text that is read.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) file: &'a Path,
}

impl Reader<'_> {
    /// A description: a file relative to the grid, or a table.
    pub(super) fn start(&self, at: &At<'_>) -> Result<Start> {
        match at.value.get_ref() {
            DeValue::String(file) => {
                let folder = self.file.parent().unwrap_or(Path::new(""));
                let document = Document::load(&folder.join(file.as_ref()), &[]);
                // A file that is not there is the grid's mistake, one that is wrong its own.
                let document = document.map_err(|e| match e.kind() {
                    ErrorKind::File => e
                        .moved(&shown(&at.address), at.value.span())
                        .within(self.file, self.text),
                    _ => e,
                })?;
                Ok(Start {
                    document,
                    inline: false,
                })
            }
            DeValue::Table(_) => {
                let text = super::value::table_text(self.text, "base")
                    .ok_or_else(|| at.wrong("a description"))?;
                let document = Document::parse(&text, self.file).map_err(|e| {
                    let source = Source {
                        file: self.file,
                        text: self.text,
                    };
                    let origin = Origin {
                        source,
                        inline: true,
                    };
                    explain(e, source, &origin, &[], "")
                })?;
                Ok(Start {
                    document,
                    inline: true,
                })
            }
            _ => Err(at.wrong("the file of a description, or a description as a table")),
        }
    }
    /// Overrides, with `description`, `delete` and `insert`; `own` are keys that the caller reads.
    pub(super) fn change<'a>(
        &self,
        at: &At<'a>,
        own: &[&str],
    ) -> Result<(Change, Vec<(&'a str, At<'a>)>)> {
        let mut change = Change::default();
        let mut others = Vec::new();
        for (key, field) in at.fields("a table of paths and values")? {
            match key {
                key if own.contains(&key) => others.push((key, field)),
                "description" => change.description = Some(self.start(&field)?),
                "delete" => {
                    for path in set_paths(&field)? {
                        change.ops.push(op(&field, PatchAction::Delete, path)?);
                    }
                }
                "insert" => {
                    for (path, value) in field.fields("a table of paths and values")? {
                        change
                            .ops
                            .push(op(&value, PatchAction::Insert, path.to_owned())?);
                    }
                }
                _ => self.overrides(key, &field, &mut change.ops, own)?,
            }
        }
        Ok((change, others))
    }

    /// One override; `train.optimizer.lr = 0.1` without quotes is the same as with them.
    fn overrides(&self, path: &str, at: &At<'_>, ops: &mut Vec<Op>, own: &[&str]) -> Result<()> {
        let first = path.split(['.', '[']).next().unwrap_or_default();
        if !DESCRIPTION.contains(&first) {
            let known: Vec<&str> = ["description", "delete", "insert"]
                .iter()
                .chain(own)
                .chain(&DESCRIPTION)
                .copied()
                .collect();
            return Err(unknown(at, "key", path, &known));
        }
        if let DeValue::Table(table) = at.value.get_ref()
            && self.is_dotted(table)
        {
            for (key, field) in fields(table, &at.address) {
                self.overrides(&format!("{path}.{key}"), &field, ops, own)?;
            }
            return Ok(());
        }
        ops.push(op(at, PatchAction::Set, path.to_owned())?);
        Ok(())
    }

    /// The table was made by dots in a key: each of its keys stands behind a dot.
    fn is_dotted(&self, table: &DeTable<'_>) -> bool {
        !table.is_empty()
            && table.keys().all(|key| {
                let before = self.text.get(..key.span().start).unwrap_or_default();
                before.trim_end().ends_with('.')
            })
    }
}

/// A path or a list of them.
pub(super) fn set_paths(at: &At<'_>) -> Result<Vec<String>> {
    const ACCEPTED: &str = "a path such as \"train.optimizer.lr\", or a list of them";
    let one = |at: &At<'_>| {
        let path = at.text(ACCEPTED)?;
        checked(at, path)?;
        Ok(path.to_owned())
    };
    match at.value.get_ref() {
        DeValue::Array(_) => at.items(ACCEPTED)?.iter().map(one).collect(),
        _ => Ok(vec![one(at)?]),
    }
}

/// The path can be one of a description.
pub(super) fn checked(at: &At<'_>, path: &str) -> Result<()> {
    let place = |e: DescribeError| e.at(&shown(&at.address), at.value.span());
    match steps(path).map_err(place)?.first() {
        Some(Step::Key(key)) if DESCRIPTION.contains(&key.as_str()) => Ok(()),
        _ => Err(unknown(at, "path of a description", path, &DESCRIPTION)),
    }
}

pub(super) fn op(at: &At<'_>, action: PatchAction, path: String) -> Result<Op> {
    checked(at, &path)?;
    let to = match action {
        PatchAction::Delete => Json::Null,
        _ => json(at.value.get_ref())
            .ok_or_else(|| at.wrong("a finite number, a text, a flag, a list or a table"))?,
    };
    Ok(Op {
        patch: PatchOp {
            op: action,
            path,
            from: Json::Null,
            to,
        },
        place: Place {
            address: at.address.clone(),
            span: at.value.span(),
        },
    })
}
