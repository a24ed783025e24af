//! Everything into one vector.

use super::super::network::BlockKind;
use super::super::registry::{Entry, Info};
use super::PLAIN;

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "flatten",
        aka: &["reshape", "view"],
        doc: "Everything into one vector, channels first",
        fields: &[],
        common: PLAIN,
        main: None,
        example: r#""flatten""#,
    },
    build: |_| Ok(BlockKind::Flatten),
};
