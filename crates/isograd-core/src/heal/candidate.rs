//! What is tried: one or more remedies as one patch on the description.

use crate::describe::{Description, Patch};

/// A remedied description, or the control.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Candidate {
    /// In words.
    pub(crate) title: String,
    /// Settings changed, in the sense of the design: one setting to one value on any set of layers
    /// counts once.
    pub(crate) edits: usize,
    /// The change; empty for the control.
    pub(crate) patch: Patch,
    /// The description after it.
    pub(crate) description: Description,
}

impl Candidate {
    /// The description as it is.
    pub(crate) fn control(description: &Description) -> Self {
        Self {
            title: "control".into(),
            edits: 0,
            patch: Patch::default(),
            description: description.clone(),
        }
    }
}
