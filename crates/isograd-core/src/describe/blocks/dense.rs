//! A fully connected layer.

use super::super::kind::Kind;
use super::super::network::{BlockKind, Units};
use super::super::plan::Op;
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::{Around, BIAS, KERNEL, misfit};

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "dense",
        aka: &["fc", "fully_connected", "linear_layer", "affine"],
        doc: "y = W x + b over the last dimension: of a vector, or of each step of a sequence",
        fields: &[
            Field::required(
                "units",
                Kind::Units,
                "outputs; \"classes\" or \"outputs\": as many as the task has",
            ),
            BIAS,
        ],
        common: KERNEL,
        main: Some("units"),
        example: r#"{ dense = 64, init = "he_normal", l2 = 1e-4 }"#,
    },
    build: |args| {
        Ok(BlockKind::Dense {
            units: args.units("units")?,
            bias: args.flag("bias")?,
        })
    },
};

pub(super) fn count(units: Units, outputs: usize) -> usize {
    match units {
        Units::Count(n) => n,
        Units::Outputs => outputs,
    }
}

/// Vector → vector, sequence → sequence.
pub(super) fn shape(units: Units, bias: bool, around: &Around) -> Result<(Op, Shape)> {
    let units = count(units, around.outputs);
    let output = match around.input {
        Shape::Flat(_) => Shape::Flat(units),
        Shape::Sequence { steps, .. } => Shape::Sequence {
            steps,
            features: units,
        },
        Shape::Image { .. } => {
            let hint = "put \"flatten\" or \"global_avg_pool\" in front of it";
            return Err(misfit("dense", around.input, hint));
        }
    };
    let op = Op::Dense {
        inputs: around.input.units(),
        units,
        init: around.init,
        bias: around.bias(bias),
    };
    Ok((op, output))
}
