//! Blocks whose nodes hold chains: residuals, highways, concatenations, gates.

use super::super::DescribeError;
use super::super::blocks::{fits_gate, gate, joined, multiplier, projection};
use super::super::branch::{Branch, BranchScale, DropRule};
use super::super::error::ErrorKind;
use super::super::network::{Block, BlockKind, Init, Shortcut};
use super::super::plan::{NodeId, Op};
use super::super::shape::Shape;
use super::{Expander, Inherited};
use isograd_theory::Activation;

/// What residual blocks need to know of each other.
#[derive(Clone, Debug)]
pub(super) struct Skips {
    /// Residual blocks of the network; a guess in the first pass.
    depth: usize,
    /// Residual blocks that have begun.
    begun: usize,
    /// Somebody used `depth`.
    asked: bool,
    /// Some residual has Fixup.
    fixup: bool,
    /// Nodes whose block has an initialisation of its own.
    own: Vec<NodeId>,
}

impl Skips {
    pub(super) fn of(depth: usize) -> Self {
        Self {
            depth,
            begun: 0,
            asked: false,
            fixup: false,
            own: Vec::new(),
        }
    }

    /// How many residual blocks there are, where that is needed and was not known.
    pub(super) fn depth_asked(&self) -> Option<usize> {
        (self.asked && self.begun != self.depth).then_some(self.begun)
    }

    fn depth(&mut self) -> usize {
        self.asked = true;
        self.depth
    }

    /// Remembers a node with an initialisation of its own.
    pub(super) fn note(&mut self, id: NodeId, block: &Block) {
        if block.init.is_some() {
            self.own.push(id);
        }
    }
}

impl Expander {
    /// A block that holds chains: its nodes, then its own.
    pub(super) fn composite(
        &mut self,
        block: &Block,
        input: Shape,
        inherited: &Inherited,
    ) -> Result<(NodeId, Shape), DescribeError> {
        let place = |e: DescribeError| e.at(&block.path, block.span.clone());
        let name = self.name(block);
        let (op, output) = match &block.kind {
            BlockKind::Residual {
                layers,
                shortcut,
                branch,
            } => {
                let parts = (layers.as_slice(), *shortcut, *branch);
                self.residual(block, &name, parts, input, inherited)?
            }
            BlockKind::Highway {
                layers,
                gate_bias,
                gate_init,
                gate_kernel,
            } => {
                let (transform, output) = self.chain(layers, input, inherited)?;
                let init = gate_init.unwrap_or(inherited.init);
                let weights = gate(input, output, init, *gate_bias, *gate_kernel).map_err(place)?;
                let both = (input, output);
                let gate = vec![
                    self.push(block, format!("{name}.gate"), weights, both, inherited)?,
                    self.push(
                        block,
                        format!("{name}.gate_sigmoid"),
                        Op::Activation(Activation::Sigmoid),
                        both,
                        inherited,
                    )?,
                ];
                (Op::Highway { transform, gate }, output)
            }
            BlockKind::Concat { layers } => {
                let (body, output) = self.chain(layers, input, inherited)?;
                let output = joined(input, output).map_err(place)?;
                (Op::Concat { body }, output)
            }
            BlockKind::Gated { layers } => {
                let (gate, output) = self.chain(layers, input, inherited)?;
                fits_gate(input, output).map_err(place)?;
                (Op::Gated { gate }, input)
            }
            _ => unreachable!("`holds_chains` says which blocks these are"),
        };
        let id = self.push(block, name, op, (input, output), inherited)?;
        let children: Vec<NodeId> = self.nodes[id].op.chains().nodes().collect();
        for child in children {
            self.nodes[child].parent = Some(id);
        }
        Ok((id, output))
    }

    fn residual(
        &mut self,
        block: &Block,
        name: &str,
        (layers, shortcut, branch): (&[Block], Shortcut, Branch),
        input: Shape,
        inherited: &Inherited,
    ) -> Result<(Op, Shape), DescribeError> {
        let place = |e: DescribeError| e.at(&block.path, block.span.clone());
        self.skips.begun += 1;
        let index = self.skips.begun;
        let (mut body, output) = if branch.fixup {
            let depth = self.skips.depth();
            self.skips.fixup = true;
            let layers = fixup(layers, depth, inherited.init).map_err(place)?;
            self.chain(&layers, input, inherited)?
        } else {
            self.chain(layers, input, inherited)?
        };
        let mut behind: Vec<(&str, Op)> = Vec::new();
        if branch.fixup {
            behind.push(("multiplier", multiplier(1.0, false, true, output)));
            behind.push((
                "offset",
                Op::Offset {
                    count: 1,
                    value: 0.0,
                },
            ));
        }
        if let Some(value) = branch.layer_scale {
            behind.push(("layer_scale", multiplier(value, true, true, output)));
        }
        if branch.rezero {
            behind.push(("rezero", multiplier(0.0, false, true, output)));
        }
        if branch.scale != BranchScale::Number(1.0) {
            let depth = match branch.scale {
                BranchScale::Number(_) => 1,
                _ => self.skips.depth(),
            };
            let factor = branch.factor(depth);
            behind.push(("scale", multiplier(factor, false, false, output)));
        }
        if branch.drop > 0.0 {
            let depth = match branch.drop_rule {
                DropRule::Constant => 1,
                DropRule::Linear => self.skips.depth(),
            };
            // In the first pass the depth is a guess, and the rate would leave [0, 1).
            let rate = branch.drop_rate(index.min(depth), depth);
            let whole_batch = branch.drop_batch;
            behind.push(("drop", Op::DropPath { rate, whole_batch }));
        }
        for (word, op) in behind {
            let name = format!("{name}.{word}");
            body.push(self.push(block, name, op, (output, output), inherited)?);
        }
        let mut beside = Vec::new();
        if let Some(op) = projection(shortcut, input, output, inherited.init).map_err(place)? {
            let name = format!("{name}.shortcut");
            beside.push(self.push(block, name, op, (input, output), inherited)?);
        }
        if branch.skip_scale != 1.0 {
            let op = multiplier(branch.skip_scale, false, false, output);
            let name = format!("{name}.skip_scale");
            beside.push(self.push(block, name, op, (output, output), inherited)?);
        }
        let op = Op::Residual {
            body,
            shortcut: beside,
        };
        Ok((op, output))
    }

    /// Fixup starts the last layer of the network at zero too, unless it has an initialisation of
    /// its own.
    pub(super) fn zero_the_classifier(&mut self, chain: &[NodeId]) {
        if !self.skips.fixup {
            return;
        }
        let last = chain.iter().rev().find(|&&id| {
            let op = &self.nodes[id].op;
            op.joins_paths()
                || matches!(op, Op::Dense { .. } | Op::Conv1d { .. } | Op::Conv2d { .. })
        });
        let Some(&last) = last.filter(|id| !self.skips.own.contains(id)) else {
            return;
        };
        if let Op::Dense { init, .. } | Op::Conv1d { init, .. } | Op::Conv2d { init, .. } =
            &mut self.nodes[last].op
        {
            *init = Init::ZEROS;
        }
    }
}

/// The branch of a residual under Fixup (Zhang et al. 2019, §3): offsets of one number in place of
/// biases, the last weighted layer at zero, the others scaled by depth^(−1/(2m−2)).
fn fixup(layers: &[Block], depth: usize, around: Init) -> Result<Vec<Block>, DescribeError> {
    let weighted = |block: &Block| {
        matches!(
            block.kind,
            BlockKind::Dense { .. } | BlockKind::Conv1d { .. } | BlockKind::Conv2d { .. }
        )
    };
    let count = layers.iter().filter(|block| weighted(block)).count();
    let nested = layers
        .iter()
        .any(|block| block.kind.layers().is_some() || block.kind.is_composed());
    if count == 0 || nested {
        let message = "fixup needs the weighted layers of the branch themselves";
        return Err(DescribeError::new(ErrorKind::Conflict, message).hint(
            "write dense or convolutional layers and activations, without blocks around them",
        ));
    }
    let factor = if count > 1 {
        (depth.max(1) as f64).powf(-0.5 / (count as f64 - 1.0))
    } else {
        1.0
    };
    let mut seen = 0;
    let mut out = Vec::new();
    for block in layers {
        let mut block = block.clone();
        if weighted(&block) || matches!(block.kind, BlockKind::Activation(_)) {
            let mut offset = Block::new(BlockKind::Offset {
                value: 0.0,
                per_unit: false,
            });
            offset.path.clone_from(&block.path);
            offset.span = block.span.clone();
            offset.frozen = block.frozen;
            out.push(offset);
        }
        if let BlockKind::Dense { bias, .. }
        | BlockKind::Conv1d { bias, .. }
        | BlockKind::Conv2d { bias, .. } = &mut block.kind
        {
            *bias = false;
            seen += 1;
            block.init = Some(if seen == count {
                Init::ZEROS
            } else {
                block.init.unwrap_or(around).scaled(factor)
            });
        }
        out.push(block);
    }
    Ok(out)
}

impl Init {
    /// The same law with every number multiplied by `factor`.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        match self {
            Self::GlorotUniform { gain } => Self::GlorotUniform {
                gain: gain * factor,
            },
            Self::GlorotNormal { gain, truncated } => Self::GlorotNormal {
                gain: gain * factor,
                truncated,
            },
            Self::HeUniform { gain } => Self::HeUniform {
                gain: gain * factor,
            },
            Self::HeNormal { gain, truncated } => Self::HeNormal {
                gain: gain * factor,
                truncated,
            },
            Self::LecunUniform { gain } => Self::LecunUniform {
                gain: gain * factor,
            },
            Self::LecunNormal { gain, truncated } => Self::LecunNormal {
                gain: gain * factor,
                truncated,
            },
            // U(±1/√n) has the variance 1/(3n): LeCun's with gain 1/√3.
            Self::TorchDefault => Self::LecunUniform {
                gain: factor / 3.0_f64.sqrt(),
            },
            Self::Uniform { min, max } => {
                let (a, b) = (min * factor, max * factor);
                Self::Uniform {
                    min: a.min(b),
                    max: a.max(b),
                }
            }
            Self::Normal { mean, std } => Self::Normal {
                mean: mean * factor,
                std: std * factor.abs(),
            },
            Self::TruncatedNormal { mean, std } => Self::TruncatedNormal {
                mean: mean * factor,
                std: std * factor.abs(),
            },
            Self::Constant { value } => Self::Constant {
                value: value * factor,
            },
            Self::Orthogonal { gain } => Self::Orthogonal {
                gain: gain * factor,
            },
            Self::DeltaOrthogonal { gain } => Self::DeltaOrthogonal {
                gain: gain * factor,
            },
            Self::Identity { gain } => Self::Identity {
                gain: gain * factor,
            },
            Self::Critical { gain, at, weights } => Self::Critical {
                gain: gain * factor,
                at,
                weights,
            },
            // The batch would undo it.
            Self::Lsuv { .. } => self,
        }
    }
}
