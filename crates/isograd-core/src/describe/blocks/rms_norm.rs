//! Normalisation by the root mean square.

use super::super::kind::{Bounds, Kind};
use super::super::network::BlockKind;
use super::super::registry::{Entry, Field, Info};
use super::{AFFINE, NORM};

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "rms_norm",
        aka: &["rms", "rms_normalization", "rms_normalisation"],
        doc: "x / √(mean x² + epsilon) (Zhang and Sennrich 2019) over all features of one example, of a \
              sequence over the features of each step, with a scale",
        fields: &[
            Field::or(
                "epsilon",
                Kind::Number(Bounds::NOT_NEGATIVE),
                "1e-5",
                "added to the mean square",
            ),
            AFFINE,
        ],
        common: NORM,
        main: None,
        example: r#""rms_norm""#,
    },
    build: |args| {
        Ok(BlockKind::RmsNorm {
            epsilon: args.number("epsilon")?,
            affine: args.flag("affine")?,
        })
    },
};
