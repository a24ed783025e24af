//! Instance normalisation.

use super::super::network::BlockKind;
use super::super::registry::{Entry, Info};
use super::{AFFINE, EPSILON, NORM};

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "instance_norm",
        aka: &["in", "instance_normalization", "instance_normalisation"],
        doc: "Instance normalisation (Ulyanov et al. 2016): each channel of one example by itself, over \
              all positions or steps, with one scale and shift a channel; of a single position it \
              leaves nothing but the shift",
        fields: &[EPSILON, AFFINE],
        common: NORM,
        main: None,
        example: "{ instance_norm = true, affine = false }",
    },
    build: |args| {
        Ok(BlockKind::InstanceNorm {
            epsilon: args.number("epsilon")?,
            affine: args.flag("affine")?,
        })
    },
};
