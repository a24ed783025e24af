//! Patches: changes of a description, as data.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a patch entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PatchAction {
    /// Sets the value at `path` to `to`, whether it was there or not.
    Set,
    /// Inserts `to` before the element at `path` of a list.
    Insert,
    /// Removes what is at `path`.
    Delete,
}

/// One entry of a patch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatchOp {
    /// What is done.
    pub op: PatchAction,
    /// Where: keys with dots, list positions in brackets (`network.layers[0].layers[1]`,
    /// `train.optimizer.lr`).
    pub path: String,
    /// What was there; null where nothing was.
    pub from: Value,
    /// What comes there; null with `delete`.
    pub to: Value,
}

/// Entries applied in order; each path is read after the entries before it were applied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Patch(pub Vec<PatchOp>);
