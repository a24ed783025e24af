//! What a plan counts.

use super::plan::{Node, Op, Plan};
use super::shape::Shape;
use super::weight::WeightForm;

/// Gains of a node whose weights are made in this form.
pub(super) fn gains(form: WeightForm, output: Shape) -> u64 {
    if form.has_gain() {
        output.units() as u64
    } else {
        0
    }
}

impl Op {
    /// Numbers that are trained.
    pub fn parameters(&self) -> u64 {
        let product = |sizes: &[usize]| {
            sizes
                .iter()
                .fold(1u64, |product, &n| product.saturating_mul(n as u64))
        };
        let with_bias = |weights: u64, units: usize, bias: bool| {
            weights.saturating_add(if bias { units as u64 } else { 0 })
        };
        match self {
            Self::Dense {
                inputs,
                units,
                bias,
                ..
            } => with_bias(product(&[*inputs, *units]), *units, bias.is_some()),
            Self::Conv2d {
                inputs,
                filters,
                kernel,
                groups,
                bias,
                ..
            } => {
                let weights = product(&[*inputs / *groups, *filters, kernel[0], kernel[1]]);
                with_bias(weights, *filters, bias.is_some())
            }
            Self::Conv1d {
                inputs,
                filters,
                kernel,
                groups,
                bias,
                ..
            } => {
                let weights = product(&[*inputs / *groups, *filters, *kernel]);
                with_bias(weights, *filters, bias.is_some())
            }
            Self::BatchNorm { units: n, .. } | Self::LayerNorm { elements: n, .. } => {
                product(&[2, *n])
            }
            Self::GroupNorm {
                units: n, affine, ..
            }
            | Self::InstanceNorm {
                units: n, affine, ..
            } => product(&[2 * usize::from(*affine), *n]),
            Self::RmsNorm {
                elements, affine, ..
            } => product(&[usize::from(*affine), *elements]),
            Self::Prelu { slopes, .. } => *slopes as u64,
            Self::DynamicTanh { units, .. } => product(&[2, *units]).saturating_add(1),
            Self::Multiplier {
                count,
                learned: true,
                ..
            }
            | Self::Offset { count, .. } => *count as u64,
            Self::Recurrent { inputs, block, .. } => block.parameters(*inputs),
            Self::Embedding {
                vocabulary, size, ..
            } => product(&[*vocabulary, *size]),
            Self::Positions {
                steps,
                features,
                learned: Some(_),
            }
            | Self::Queries {
                steps, features, ..
            } => product(&[*steps, *features]),
            Self::Attention {
                features,
                memory,
                bias,
                ..
            } => {
                let from = memory.map_or(*features, |(_, features)| features);
                let square = product(&[2, *features, *features]);
                with_bias(
                    square.saturating_add(product(&[2, from, *features])),
                    4 * features,
                    bias.is_some(),
                )
            }
            _ => 0,
        }
    }
}

impl Plan {
    /// Numbers that are trained, all nodes together.
    pub fn parameters(&self) -> u64 {
        self.nodes
            .iter()
            .map(|node| node.op.parameters() + gains(node.weight, node.output))
            .sum()
    }

    /// The node of this name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }
}
