//! The same blocks, several times.

use super::super::kind::Kind;
use super::super::network::BlockKind;
use super::super::registry::{Entry, Field, Info};
use super::GROUP;

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "repeat",
        aka: &["sequential", "loop", "stack"],
        doc: "The same blocks one after another, each time with parameters of their own",
        fields: &[
            Field::required("count", Kind::Count(1), "how often"),
            Field::required("layers", Kind::Layers, "the blocks"),
        ],
        common: GROUP,
        main: Some("count"),
        example: r#"{ repeat = 30, layers = [{ dense = 64 }, "sigmoid"] }"#,
    },
    build: |args| {
        Ok(BlockKind::Repeat {
            count: args.count("count")?,
            layers: args.layers("layers")?,
        })
    },
};
