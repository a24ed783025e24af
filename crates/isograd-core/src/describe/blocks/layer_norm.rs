//! Layer normalisation.

use super::super::kind::{Bounds, Kind};
use super::super::network::BlockKind;
use super::super::plan::Op;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::NORM;

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "layer_norm",
        aka: &["ln", "layer_normalization", "layer_normalisation"],
        doc: "Layer normalisation (Ba et al. 2016) over all features of one example, of a sequence over \
              the features of each step, with scale and shift",
        fields: &[Field::or(
            "epsilon",
            Kind::Number(Bounds::NOT_NEGATIVE),
            "1e-5",
            "added to the variance",
        )],
        common: NORM,
        main: None,
        example: r#""layer_norm""#,
    },
    build: |args| {
        Ok(BlockKind::LayerNorm {
            epsilon: args.number("epsilon")?,
        })
    },
};

pub(super) fn operation(epsilon: f64, input: Shape) -> Op {
    Op::LayerNorm {
        elements: together(input),
        epsilon,
    }
}

/// Numbers that are normalised together: all of an example, of a sequence those of a step.
pub(super) fn together(input: Shape) -> usize {
    match input {
        Shape::Sequence { features, .. } => features,
        _ => input.elements(),
    }
}
