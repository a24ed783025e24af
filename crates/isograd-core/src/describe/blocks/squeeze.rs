//! Squeeze and excitation (Hu et al. 2018, §3).

use super::super::kind::Kind;
use super::super::network::{Block, BlockKind};
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::compose::{active, dense};
use super::{AROUND, misfit};
use isograd_theory::Activation;

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "squeeze",
        aka: &["se", "squeeze_excite", "squeeze_and_excitation"],
        doc: "Squeeze and excitation (Hu et al. 2018): x times one number a channel, from the means of \
              all channels through two dense layers, ReLU and sigmoid; at the end of a branch",
        fields: &[Field::or(
            "ratio",
            Kind::Count(1),
            "16",
            "units between the two layers: channels ÷ ratio, at least 1",
        )],
        common: AROUND,
        main: Some("ratio"),
        example: "{ squeeze = 16 }",
    },
    build: |args| {
        Ok(BlockKind::Squeeze {
            ratio: args.count("ratio")?,
        })
    },
};

pub(super) fn written_out(ratio: usize, input: Shape) -> Result<Vec<Block>> {
    let units = input.units();
    let mut layers = match input {
        Shape::Image { .. } => vec![Block::new(BlockKind::GlobalAvgPool)],
        Shape::Flat(_) => Vec::new(),
        Shape::Sequence { .. } => {
            return Err(misfit(
                "squeeze",
                input,
                "it weighs channels of images, or features",
            ));
        }
    };
    layers.extend([
        dense((units / ratio).max(1), true),
        active(Activation::Relu),
        dense(units, true),
        active(Activation::Sigmoid),
    ]);
    Ok(vec![Block::new(BlockKind::Gated { layers })])
}
