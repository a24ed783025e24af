//! A description as remedies see it: the hidden layers in order, and the values as they are written.

use crate::describe::network::{Block, BlockKind, Init, Units};
use crate::describe::{Description, Document, Patch, PatchAction, PatchOp};
use isograd_theory::Activation;
use serde_json::Value;

/// A document as remedies see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    document: &'a Document,
}

/// A hidden layer: a block with weights, and what follows it in its list until something else than
/// an activation, a normalisation or dropout.
#[derive(Clone, Debug)]
pub(crate) struct Layer<'a> {
    /// The blocks, the one with weights first.
    pub(crate) blocks: &'a [Block],
    /// How often it is written out by the repeats around it.
    pub(crate) times: usize,
    /// It lies in a residual already.
    pub(crate) in_residual: bool,
    /// Units of what comes in, where the description says it.
    pub(crate) inputs: Option<Units>,
    /// Address of what its weight initialisation is set at: a block around it, or `network`.
    pub(crate) init_owner: String,
    /// Its weight initialisation.
    pub(crate) init: Init,
    /// Address of what its bias initialisation is set at.
    pub(crate) bias_owner: String,
    /// Its bias initialisation; `None`: it has no bias.
    pub(crate) bias: Option<Init>,
}

impl<'a> Layer<'a> {
    /// The block with weights.
    pub(crate) fn weights(&self) -> &'a Block {
        &self.blocks[0]
    }

    /// Its activation, if it follows directly.
    pub(crate) fn activation(&self) -> Option<(&'a Block, Activation)> {
        self.blocks.iter().find_map(|block| match block.kind {
            BlockKind::Activation(activation) => Some((block, activation)),
            BlockKind::Prelu { slope, .. } => Some((block, Activation::LeakyRelu { slope })),
            _ => None,
        })
    }

    /// Its activation is made to measure, and so should be its weights.
    pub(crate) fn tailored(&self) -> bool {
        let tailored = |block: &Block| matches!(block.kind, BlockKind::Tailored(_));
        self.blocks.iter().any(tailored)
    }

    /// It has a normalisation.
    pub(crate) fn normalised(&self) -> bool {
        self.blocks.iter().any(|block| block.kind.normalises())
    }

    /// It keeps the shape of what comes in.
    pub(crate) fn keeps_shape(&self) -> bool {
        let (units, same) = match self.weights().kind {
            BlockKind::Dense { units, .. } => (units, true),
            BlockKind::Conv2d {
                filters,
                stride,
                padding,
                ..
            } => (
                filters,
                stride == [1, 1] && padding == crate::describe::network::Padding::Same,
            ),
            BlockKind::Conv1d {
                filters,
                stride,
                padding,
                ..
            } => {
                use crate::describe::network::SequencePadding::{Causal, Same};
                (filters, stride == 1 && matches!(padding, Same | Causal))
            }
            _ => return false,
        };
        same && self.inputs == Some(units)
    }
}

impl<'a> Subject<'a> {
    pub(crate) fn new(document: &'a Document) -> Self {
        Self { document }
    }

    /// The validated description.
    pub(crate) fn description(self) -> &'a Description {
        &self.document.description
    }

    /// What is written at an address.
    pub(crate) fn raw(self, path: &str) -> Option<Value> {
        self.document.value_at(path)
    }

    /// An entry that sets the value at an address.
    pub(crate) fn set(self, path: &str, to: Value) -> PatchOp {
        PatchOp {
            op: PatchAction::Set,
            from: self.raw(path).unwrap_or(Value::Null),
            path: path.to_owned(),
            to,
        }
    }

    /// Address at which a block (or `network`) says one of its settings, or would: beside the block's
    /// name, or inside the table that the name may stand for.
    pub(crate) fn setting(self, owner: &str, key: &str) -> String {
        if let Some(Value::Object(table)) = self.raw(owner)
            && !table.contains_key(key)
            && let Some((name, _)) = table.iter().find(|(_, value)| value.get(key).is_some())
        {
            return format!("{owner}.{name}.{key}");
        }
        format!("{owner}.{key}")
    }

    /// The hidden layers in order: every block with weights but the last, which makes the output.
    pub(crate) fn hidden(self) -> Vec<Layer<'a>> {
        let network = &self.description().network;
        let mut layers = Vec::new();
        let mut inputs = None;
        let context = Context {
            times: 1,
            in_residual: false,
            init: ("network".to_owned(), network.init),
            bias: ("network".to_owned(), network.bias_init),
        };
        walk(&network.layers, &context, &mut inputs, &mut layers);
        layers.pop();
        layers
    }

    /// Hidden layers as people count them, repeats written out.
    pub(crate) fn depth(self) -> usize {
        self.hidden().iter().map(|layer| layer.times).sum()
    }

    /// Activations in front of the last block with weights, with their addresses.
    pub(crate) fn hidden_activations(self) -> Vec<(&'a Block, Activation)> {
        let mut all = Vec::new();
        collect(&self.description().network.layers, &mut all);
        let last = all
            .iter()
            .rposition(|block| has_weights(block))
            .unwrap_or(0);
        all[..last]
            .iter()
            .filter_map(|block| match block.kind {
                BlockKind::Activation(activation) => Some((*block, activation)),
                _ => None,
            })
            .collect()
    }
}

/// List and position of a block: `network.layers[3]` is position 3 of `network.layers`.
pub(crate) fn place(path: &str) -> Option<(&str, usize)> {
    let (list, rest) = path.rsplit_once('[')?;
    Some((list, rest.strip_suffix(']')?.parse().ok()?))
}

/// A patch of these entries; `None` when there are none.
pub(crate) fn patch(ops: Vec<PatchOp>) -> Option<Patch> {
    (!ops.is_empty()).then_some(Patch(ops))
}

fn has_weights(block: &Block) -> bool {
    matches!(
        block.kind,
        BlockKind::Dense { .. } | BlockKind::Conv1d { .. } | BlockKind::Conv2d { .. }
    )
}

/// Every block in order of computation.
fn collect<'a>(list: &'a [Block], all: &mut Vec<&'a Block>) {
    for block in list {
        all.push(block);
        if let Some(layers) = block.kind.layers() {
            collect(layers, all);
        }
    }
}

/// Units that the last block with weights in a list puts out.
fn outputs(list: &[Block]) -> Option<Units> {
    let mut all = Vec::new();
    collect(list, &mut all);
    all.iter().rev().find_map(|block| match block.kind {
        BlockKind::Dense { units, .. } => Some(units),
        BlockKind::Conv1d { filters, .. } | BlockKind::Conv2d { filters, .. } => Some(filters),
        _ => None,
    })
}

/// What surrounds a block.
struct Context {
    times: usize,
    in_residual: bool,
    init: (String, Init),
    bias: (String, Init),
}

impl Context {
    /// The same inside this block.
    fn inside(&self, block: &Block) -> Self {
        let inner = |own: Option<Init>, outer: &(String, Init)| {
            own.map_or_else(|| outer.clone(), |init| (block.path.clone(), init))
        };
        Self {
            times: self.times,
            in_residual: self.in_residual,
            init: inner(block.init, &self.init),
            bias: inner(block.bias_init, &self.bias),
        }
    }
}

fn walk<'a>(
    list: &'a [Block],
    context: &Context,
    inputs: &mut Option<Units>,
    layers: &mut Vec<Layer<'a>>,
) {
    for (i, block) in list.iter().enumerate() {
        let mut inside = context.inside(block);
        match &block.kind {
            BlockKind::Dense { units, bias, .. }
            | BlockKind::Conv1d {
                filters: units,
                bias,
                ..
            }
            | BlockKind::Conv2d {
                filters: units,
                bias,
                ..
            } => {
                let rest = list[i + 1..].iter().take_while(|next| {
                    next.kind.normalises()
                        || matches!(
                            next.kind,
                            BlockKind::Activation(_)
                                | BlockKind::Prelu { .. }
                                | BlockKind::Tailored(_)
                                | BlockKind::Dropout { .. }
                                | BlockKind::DynamicTanh { .. }
                        )
                });
                layers.push(Layer {
                    blocks: &list[i..=i + rest.count()],
                    times: context.times,
                    in_residual: context.in_residual,
                    inputs: *inputs,
                    init_owner: inside.init.0,
                    init: inside.init.1,
                    bias: bias.then_some(inside.bias.1),
                    bias_owner: inside.bias.0,
                });
                *inputs = Some(*units);
            }
            BlockKind::Residual { layers: body, .. } | BlockKind::Highway { layers: body, .. } => {
                inside.in_residual = true;
                walk(body, &inside, inputs, layers);
            }
            BlockKind::Repeat {
                count,
                layers: body,
            } => {
                inside.times *= count;
                if *count > 1 {
                    // All copies but the first get what the body puts out; the first one may need a
                    // projection, which a residual makes by itself.
                    *inputs = outputs(body).or(*inputs);
                }
                walk(body, &inside, inputs, layers);
            }
            // Positions become features: the number of units is not the same any more.
            BlockKind::Flatten => *inputs = None,
            _ => {}
        }
    }
}
