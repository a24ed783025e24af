//! What a value of an axis does to a description, and where in the grid that is said.

use super::grid::Start;
use crate::describe::DescribeError;
use crate::describe::edit::{Step, steps};
use crate::describe::error::ErrorKind;
use crate::describe::patch::{PatchAction, PatchOp};
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// Changes in order.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another description to begin with.
    pub description: Option<Start>,
    /// What is changed in it.
    pub ops: Vec<Op>,
}

/// One change, with its place.
#[derive(Clone, Debug)]
pub struct Op {
    /// What is changed.
    pub patch: PatchOp,
    /// Where the grid says it.
    pub(crate) place: Place,
}

/// A place in the text of the grid.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// Keys and positions from the root.
    pub(crate) address: Vec<Step>,
    /// Bytes of the text.
    pub(crate) span: Range<usize>,
}

/// The address as people write it.
pub(crate) fn shown(address: &[Step]) -> String {
    let mut text = String::new();
    for step in address {
        match step {
            Step::Key(key) => {
                let plain = key
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
                let key = if plain {
                    key.clone()
                } else {
                    format!("{key:?}")
                };
                text.push_str(if text.is_empty() { "" } else { "." });
                text.push_str(&key);
            }
            Step::Index(i) => {
                let _ = write!(text, "[{i}]");
            }
        }
    }
    text
}

/// The deepest place that an address leads to; `None` where not even its first step is there.
pub(crate) fn locate(text: &str, address: &[Step]) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let root = DeValue::Table(table.into_inner());
    let (mut at, mut found) = (&root, None);
    for step in address {
        let next = match (step, at) {
            (Step::Key(key), DeValue::Table(table)) => table.get(key.as_str()),
            (Step::Index(i), DeValue::Array(items)) => items.get(*i),
            _ => None,
        };
        let Some(next) = next else { break };
        found = Some(next.span());
        at = next.get_ref();
    }
    found
}

/// A text and its file.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a Path,
    pub(crate) text: &'a str,
}

/// Where a description came from before it was changed.
pub(crate) struct Origin<'a> {
    /// The grid itself where `inline`.
    pub(crate) source: Source<'a>,
    pub(crate) inline: bool,
}

/// An error about a changed description, said where the grid (or the description that the cell
/// begins with) causes it. `cell` is what the cell is called.
pub(crate) fn explain(
    error: DescribeError,
    grid: Source<'_>,
    origin: &Origin<'_>,
    ops: &[Op],
    cell: &str,
) -> DescribeError {
    let mut path = steps(error.path()).unwrap_or_default();
    if error.kind() == ErrorKind::UnknownKey
        && let Some(key) = error.offending()
    {
        // The address is that of the table; the key says which change brought it.
        path.push(Step::Key(key.trim_matches('"').to_owned()));
    }
    let error = if cell.is_empty() {
        error
    } else {
        let before = error
            .advice()
            .map_or_else(String::new, |a| format!("{a}; "));
        error.hint(format!("{before}in the cell {cell}"))
    };
    // The last change whose path is the longest that leads to the mistake, or lies inside it.
    let common = |op: &Op| {
        let own = steps(&op.patch.path).unwrap_or_default();
        let n = own.iter().zip(&path).take_while(|(a, b)| a == b).count();
        (n > 0 && (n == own.len() || n == path.len())).then_some((n, n == own.len()))
    };
    let causes = ops.iter().filter_map(|op| Some((common(op)?, op)));
    if let Some(((n, leads), op)) = causes.max_by_key(|(found, _)| *found) {
        let mut address = op.place.address.clone();
        if leads && op.patch.op == PatchAction::Set {
            address.extend_from_slice(&path[n..]);
        }
        let span = locate(grid.text, &address).unwrap_or(op.place.span.clone());
        let error = error.moved(&shown(&address), span);
        return error.within(grid.file, grid.text);
    }
    let mut address = Vec::new();
    if origin.inline {
        address.push(Step::Key("base".into()));
    }
    address.extend(path);
    let span = locate(origin.source.text, &address).unwrap_or(0..0);
    error
        .moved(&shown(&address), span)
        .within(origin.source.file, origin.source.text)
}
