//! Batch normalisation.

use super::super::kind::{Bounds, Kind};
use super::super::network::{BlockKind, EvalStatistics};
use super::super::registry::{Entry, Field, Info};
use super::NORM;

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "batch_norm",
        aka: &[
            "bn",
            "batch_normalization",
            "batch_normalisation",
            "batch_norm2d",
            "batch_norm1d",
        ],
        doc: "Batch normalisation (Ioffe and Szegedy 2015), one channel or feature at a time, over batch \
              and positions, with scale and shift",
        fields: &[
            Field::or(
                "momentum",
                Kind::Number(Bounds::SHARE),
                "0.9",
                "share of the old running statistics kept (PyTorch's momentum is 1 minus this)",
            ),
            Field::or(
                "epsilon",
                Kind::Number(Bounds::NOT_NEGATIVE),
                "1e-5",
                "added to the variance",
            ),
            Field::or(
                "eval_statistics",
                Kind::Word(&[
                    ("running", "the running mean and variance"),
                    (
                        "not_updated",
                        "the initial 0 and 1, never updated: computes, and is wrong",
                    ),
                ]),
                "\"running\"",
                "what evaluation uses",
            ),
        ],
        common: NORM,
        main: None,
        example: "{ batch_norm = true, momentum = 0.99, epsilon = 1e-3 }",
    },
    build: |args| {
        Ok(BlockKind::BatchNorm {
            momentum: args.number("momentum")?,
            epsilon: args.number("epsilon")?,
            eval_statistics: match args.word("eval_statistics")? {
                "not_updated" => EvalStatistics::NotUpdated,
                _ => EvalStatistics::Running,
            },
        })
    },
};
