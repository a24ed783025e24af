//! Taking one copy out of a repeat, so that it can be changed alone.

use super::error::{DescribeError, ErrorKind};
use super::patch::{Patch, PatchAction, PatchOp};
use super::{Document, Node};
use serde_json::{Value as Json, json};

/// A patch that takes one copy out of a repeat, and where that copy is afterwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The patch; empty where the repeat has one copy only.
    pub patch: Patch,
    /// The repeat that holds the copy alone; blocks in it are at `….layers[i]` as before.
    pub path: String,
}

fn refuse(path: &str, message: &str) -> DescribeError {
    DescribeError::new(ErrorKind::Patch, format!("{message} (at `{path}`)"))
}

/// Splits the repeat at `path` so that its copy number `copy` (from 0) stands alone, in a repeat of
/// one. The network stays the same, names included.
pub fn split_repeat(document: &Document, path: &str, copy: usize) -> Result<Split, DescribeError> {
    let whole = document
        .value_at(path)
        .ok_or_else(|| refuse(path, "there is nothing here"))?;
    // `{ repeat = 30, layers = […] }` and `{ repeat = { count = 30, layers = […] } }`.
    let inside = whole.get("repeat").is_some_and(Json::is_object);
    let key = if inside { "repeat.count" } else { "repeat" };
    let count = if inside {
        whole.get("repeat").and_then(|r| r.get("count"))
    } else {
        whole.get("repeat")
    };
    let count = count
        .and_then(Json::as_u64)
        .ok_or_else(|| refuse(path, "this is not a repeat"))? as usize;
    if copy >= count {
        return Err(refuse(
            path,
            &format!("the repeat has {count} copies, none with number {copy}"),
        ));
    }
    if count == 1 {
        return Ok(Split {
            patch: Patch::default(),
            path: path.to_owned(),
        });
    }
    let with = |n: usize| {
        let mut piece = whole.clone();
        if inside {
            piece["repeat"]["count"] = json!(n);
        } else {
            piece["repeat"] = json!(n);
        }
        piece
    };
    let (list, position) = position(path)?;
    let at = |i: usize| format!("{list}[{i}]");
    let mut ops = Vec::new();
    let mut insert = |i: usize, piece: Json| {
        ops.push(PatchOp {
            op: PatchAction::Insert,
            path: at(i),
            from: Json::Null,
            to: piece,
        });
    };
    // The text of the repeat itself becomes the copy, so that its comments stay with it.
    let mut here = position;
    if copy > 0 {
        insert(position, with(copy));
        here += 1;
    }
    if copy + 1 < count {
        insert(here + 1, with(count - copy - 1));
    }
    ops.push(PatchOp {
        op: PatchAction::Set,
        path: format!("{}.{key}", at(here)),
        from: json!(count),
        to: json!(1),
    });
    Ok(Split {
        patch: Patch(ops),
        path: at(here),
    })
}

/// Splits every repeat around `node`, outermost first, so that its block stands for this node alone.
/// The path of the result is that of the block.
pub fn isolate(document: &Document, node: &Node) -> Result<Split, DescribeError> {
    let mut document = document.clone();
    let mut patch = Patch::default();
    let mut path = node.path.clone();
    let mut copies = node.copy.iter();
    // Every prefix that ends in a position may be a repeat; paths grow shorter from the left.
    let mut from = 0;
    while let Some(end) = path[from..].find(']').map(|i| from + i + 1) {
        from = end;
        let prefix = path[..end].to_owned();
        if end == path.len()
            || document
                .value_at(&prefix)
                .is_none_or(|v| v.get("repeat").is_none())
        {
            continue;
        }
        let Some(&copy) = copies.next() else { break };
        let split = split_repeat(&document, &prefix, copy)?;
        document = document.with_patch(&split.patch)?;
        path = format!("{}{}", split.path, &path[end..]);
        from = split.path.len();
        patch.0.extend(split.patch.0);
    }
    Ok(Split { patch, path })
}

/// List and position of `network.layers[3]`.
fn position(path: &str) -> Result<(&str, usize), DescribeError> {
    let parts = path.strip_suffix(']').and_then(|p| p.rsplit_once('['));
    parts
        .and_then(|(list, number)| Some((list, number.parse().ok()?)))
        .ok_or_else(|| refuse(path, "this is not an element of a list"))
}
