//! Softmax.

use super::super::kind::Kind;
use super::super::network::{BlockKind, SoftmaxAxis};
use super::super::registry::{Entry, Field, Info};
use super::PLAIN;

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "softmax",
        aka: &[],
        doc: "Softmax: exponentials divided by their sum",
        fields: &[Field::or(
            "axis",
            Kind::Word(&[
                ("features", "the features (or channels) of one example"),
                ("batch", "the examples of the batch: computes, and is wrong"),
            ]),
            "\"features\"",
            "what sums to one",
        )],
        common: PLAIN,
        main: None,
        example: r#""softmax""#,
    },
    build: |args| {
        Ok(BlockKind::Softmax {
            axis: match args.word("axis")? {
                "batch" => SoftmaxAxis::Batch,
                _ => SoftmaxAxis::Features,
            },
        })
    },
};
