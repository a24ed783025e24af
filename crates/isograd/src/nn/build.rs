//! From a plan to a network: every parameter drawn from its own stream.

use super::attention::Attention;
use super::batch_norm::BatchNorm;
use super::boxed::Boxed;
use super::conv1d::Conv1d;
use super::conv2d::Conv2d;
use super::dense::Dense;
use super::dynamic_tanh::DynamicTanh;
use super::embedding::Vectors;
use super::group_norm::GroupNorm;
use super::init::{Fans, fans, sample};
use super::layer_norm::LayerNorm;
use super::multiplier::{Multiplier, Offset};
use super::network::Network;
use super::parameters::Parameters;
use super::prelu::Prelu;
use super::recurrent_init::Inits;
use super::rms_norm::RmsNorm;
use super::weight::first_gains;
use burn::module::{Param, RunningState};
use burn::tensor::{DType, Device, Tensor, TensorData};
use isograd_core::describe::network::Init;
use isograd_core::describe::{Node, Op, Plan};
use isograd_core::random::{Purpose, stream};

/// What a network is built with.
#[derive(Clone, Debug)]
pub struct Build {
    /// Seed of the initial values.
    pub seed: u64,
    /// Where the parameters live; an autodiff device for a network that is trained.
    pub device: Device,
    /// `F32`, or `F64` for checks.
    pub dtype: DType,
}

impl Build {
    /// Single precision on this device.
    pub fn new(seed: u64, device: Device) -> Self {
        Self {
            seed,
            device,
            dtype: DType::F32,
        }
    }

    /// The network of a plan, with its initial parameters.
    pub fn network(&self, plan: &Plan) -> Network {
        let parameters = plan
            .nodes
            .iter()
            .filter_map(|node| Some((node.id, self.parameters(node)?)))
            .collect();
        Network::new(plan.clone(), parameters)
    }

    fn parameters(&self, node: &Node) -> Option<Parameters> {
        let fans = fans(&node.op).unwrap_or(Fans {
            fan_in: 1,
            fan_out: 1,
        });
        let draw = |what: &str, init: &Init, dims: &[usize]| -> TensorData {
            let path = format!("{}.{what}", node.name);
            let mut stream = stream(self.seed, Purpose::Init, &path, 0);
            TensorData::new(sample(init, dims, fans, &mut stream), dims.to_vec())
        };
        let bias = |init: &Option<Init>, units: usize| {
            init.as_ref()
                .map(|init| self.param::<1>(draw("bias", init, &[units]), node))
        };
        let constant = |init: Init, units: usize| draw("", &init, &[units]);
        Some(match &node.op {
            Op::Dense {
                inputs,
                units,
                init,
                bias: b,
            } => {
                let weight = draw("weight", init, &[*inputs, *units]);
                Parameters::Dense(Dense {
                    gain: self.gain(&weight, *units, true, node),
                    weight: self.param(weight, node),
                    bias: bias(b, *units),
                })
            }
            Op::Conv1d {
                inputs,
                filters,
                kernel,
                groups,
                init,
                bias: b,
                ..
            } => {
                let weight = draw("weight", init, &[*filters, *inputs / *groups, *kernel]);
                Parameters::Conv1d(Conv1d {
                    gain: self.gain(&weight, *filters, false, node),
                    weight: self.param(weight, node),
                    bias: bias(b, *filters),
                })
            }
            Op::Conv2d {
                inputs,
                filters,
                kernel: [rows, columns],
                groups,
                init,
                bias: b,
                ..
            } => {
                let dims = [*filters, *inputs / *groups, *rows, *columns];
                let weight = draw("weight", init, &dims);
                Parameters::Conv2d(Conv2d {
                    gain: self.gain(&weight, *filters, false, node),
                    weight: self.param(weight, node),
                    bias: bias(b, *filters),
                })
            }
            Op::BatchNorm { units, .. } => Parameters::BatchNorm(Boxed::new(BatchNorm {
                gamma: self.param(constant(Init::ONES, *units), node),
                beta: self.param(constant(Init::ZEROS, *units), node),
                running_mean: RunningState::new(self.tensor(constant(Init::ZEROS, *units))),
                running_var: RunningState::new(self.tensor(constant(Init::ONES, *units))),
            })),
            Op::LayerNorm { elements, .. } => Parameters::LayerNorm(LayerNorm {
                gamma: self.param(constant(Init::ONES, *elements), node),
                beta: self.param(constant(Init::ZEROS, *elements), node),
            }),
            Op::GroupNorm { units, affine, .. } | Op::InstanceNorm { units, affine, .. } => {
                Parameters::GroupNorm(GroupNorm {
                    gamma: affine.then(|| self.param(constant(Init::ONES, *units), node)),
                    beta: affine.then(|| self.param(constant(Init::ZEROS, *units), node)),
                })
            }
            Op::RmsNorm {
                elements, affine, ..
            } => Parameters::RmsNorm(RmsNorm {
                gamma: affine.then(|| self.param(constant(Init::ONES, *elements), node)),
            }),
            Op::DynamicTanh { units, alpha } => Parameters::DynamicTanh(DynamicTanh {
                alpha: self.param(constant(Init::Constant { value: *alpha }, 1), node),
                gamma: self.param(constant(Init::ONES, *units), node),
                beta: self.param(constant(Init::ZEROS, *units), node),
            }),
            Op::Multiplier {
                count,
                value,
                learned: true,
            } => Parameters::Multiplier(Multiplier {
                weight: self.param(constant(Init::Constant { value: *value }, *count), node),
            }),
            Op::Offset { count, value } => Parameters::Offset(Offset {
                bias: self.param(constant(Init::Constant { value: *value }, *count), node),
            }),
            Op::Recurrent {
                inputs,
                block,
                init,
                bias,
            } => {
                let inits = Inits { input: init, bias };
                Parameters::Recurrent(Boxed::new(self.recurrent(node, block, *inputs, &inits)))
            }
            Op::Embedding {
                vocabulary: rows,
                size: columns,
                init,
                ..
            }
            | Op::Positions {
                steps: rows,
                features: columns,
                learned: Some(init),
            }
            | Op::Queries {
                steps: rows,
                features: columns,
                init,
            } => Parameters::Vectors(Vectors {
                weight: self.param(draw("weight", init, &[*rows, *columns]), node),
            }),
            Op::Attention { .. } => Parameters::Attention(Boxed::new(self.attention(node)?)),
            Op::Prelu { slope, slopes } => Parameters::Prelu(Prelu {
                slope: self.param(constant(Init::Constant { value: *slope }, *slopes), node),
            }),
            _ => return None,
        })
    }

    fn attention(&self, node: &Node) -> Option<Attention> {
        let Op::Attention {
            features,
            memory,
            init,
            bias,
            value_gain,
            ..
        } = &node.op
        else {
            return None;
        };
        let strong = init.scaled(*value_gain);
        let dense = |part: &str, from: usize, init: &Init| {
            let fans = Fans {
                fan_in: from,
                fan_out: *features,
            };
            let draw = |what: &str, init: &Init, dims: &[usize]| {
                let path = format!("{}.{part}.{what}", node.name);
                let mut stream = stream(self.seed, Purpose::Init, &path, 0);
                TensorData::new(sample(init, dims, fans, &mut stream), dims.to_vec())
            };
            Dense {
                gain: None,
                weight: self.param(draw("weight", init, &[from, *features]), node),
                bias: bias
                    .as_ref()
                    .map(|init| self.param(draw("bias", init, &[*features]), node)),
            }
        };
        let from = memory.map_or(*features, |(_, features)| features);
        Some(Attention {
            query: dense("query", *features, init),
            key: dense("key", from, init),
            value: dense("value", from, &strong),
            output: dense("output", *features, &strong),
        })
    }

    /// First gains of the node's weights, where their form has some; units are the last dimension of
    /// the weights, or the first.
    fn gain(
        &self,
        weight: &TensorData,
        units: usize,
        last: bool,
        node: &Node,
    ) -> Option<Param<Tensor<1>>> {
        let values: Vec<f64> = weight.iter().collect();
        let gains = first_gains(&values, units, last, node.weight)?;
        Some(self.param(TensorData::new(gains, [units]), node))
    }

    fn tensor<const D: usize>(&self, data: TensorData) -> Tensor<D> {
        Tensor::from_data(data, (&self.device, self.dtype))
    }

    pub(super) fn param<const D: usize>(&self, data: TensorData, node: &Node) -> Param<Tensor<D>> {
        Param::from_tensor(self.tensor(data)).set_require_grad(!node.frozen)
    }
}
