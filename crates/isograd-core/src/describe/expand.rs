//! From blocks to nodes: repeats written out, shapes computed, initialisations resolved.

use super::Description;
use super::blocks::Around;
use super::chains::beside;
use super::counts::gains;
use super::error::{DescribeError, ErrorKind};
use super::kind::MAX_SIZE;
use super::network::{Block, BlockKind, Init, NetworkSpec, Tailoring};
use super::plan::{Layer, Node, NodeId, Op, Plan};
use super::resolve;
use super::shape::{DataShape, Shape, Task};
use super::weight::WeightForm;
use std::collections::BTreeMap;
use std::ops::Range;

mod memory;
mod skip;
use skip::Skips;

/// The most nodes a network may have: room for 10,000 layers of many blocks each, and few enough to
/// be held and drawn.
pub const MAX_NODES: usize = 200_000;

/// The most parameters a network may have: 10¹⁰, 40 GB in single precision.
pub const MAX_PARAMETERS: u64 = 10_000_000_000;

/// Writes the network of `description` out for data of shape `data`.
///
/// Fails where shapes do not meet or sizes go beyond [`MAX_NODES`], [`MAX_PARAMETERS`] or, for one
/// example between two blocks, [`MAX_SIZE`] numbers. The error has a place but no text;
/// [`super::Document::plan`] adds it.
pub fn plan(description: &Description, data: &DataShape) -> Result<Plan, DescribeError> {
    let network = &description.network;
    check_size(network)?;
    let outputs = data.task.outputs();
    if outputs == 0 || numbers(data.input) == 0 {
        return Err(DescribeError::new(
            ErrorKind::Shape,
            "the data have no inputs or no outputs",
        ));
    }
    fits(data.input)?;
    let mut totals = BTreeMap::new();
    count_names(&network.layers, 1, &mut totals);
    let expander = |depth: usize| Expander {
        outputs,
        nodes: Vec::new(),
        kinds: BTreeMap::new(),
        totals: totals.clone(),
        names: BTreeMap::new(),
        parameters: 0,
        skips: Skips::of(depth),
        ends: BTreeMap::new(),
        unfinished: Vec::new(),
        tailored: Vec::new(),
        critical: Vec::new(),
    };
    let inherited = Inherited {
        init: network.init,
        bias_init: network.bias_init,
        frozen: false,
        copy: Vec::new(),
    };
    let mut first = expander(1);
    let (chain, output) = first.chain(&network.layers, data.input, &inherited)?;
    // Some factors depend on how many residual blocks there are: known when all is written out.
    let mut expander = match first.skips.depth_asked() {
        None => first,
        Some(depth) => {
            let mut again = expander(depth);
            again.chain(&network.layers, data.input, &inherited)?;
            again
        }
    };
    expander.zero_the_classifier(&chain);
    let last = network.layers.last();
    if let (Shape::Image { .. }, Some(last)) = (output, last)
        && output.elements() != outputs
    {
        let message = format!(
            "the network puts out {}, and a target has {outputs} numbers",
            output.words()
        );
        return Err(DescribeError::new(ErrorKind::Shape, message)
            .hint("end with \"flatten\" or \"global_avg_pool\" and { dense = \"outputs\" }")
            .at(&last.path, last.span.clone()));
    }
    if let (Task::Steps { steps, .. }, Some(last)) = (data.task, last)
        && !matches!(output, Shape::Sequence { steps: ends, .. } if ends == steps)
    {
        let message = format!(
            "the network puts out {}, and there is a target at each of {steps} steps",
            output.words()
        );
        return Err(DescribeError::new(ErrorKind::Shape, message)
            .hint("end with a sequence of as many steps and { dense = \"classes\" }")
            .at(&last.path, last.span.clone()));
    }
    let layers = layers(&expander.nodes);
    let resolve = resolve::Resolve {
        nodes: &mut expander.nodes,
        chain: &chain,
        layers: &layers,
        tailored: &expander.tailored,
        critical: &expander.critical,
    };
    resolve.run()?;
    Ok(Plan {
        nodes: expander.nodes,
        chain,
        layers,
        input: data.input,
        output,
        task: data.task,
        examples: data.examples,
    })
}

/// Refuses networks of more than [`MAX_NODES`] nodes, before anything is written out.
pub(crate) fn check_size(network: &NetworkSpec) -> Result<(), DescribeError> {
    check_blocks(&network.layers, 0)
}

/// Refuses blocks that, with `before` nodes before them, make more than [`MAX_NODES`].
fn check_blocks(blocks: &[Block], before: usize) -> Result<(), DescribeError> {
    fn count(blocks: &[Block], before: usize) -> Result<usize, DescribeError> {
        let mut total = before;
        for block in blocks {
            let inside = block.kind.layers().map_or(Ok(0), |b| count(b, 0))?;
            total = total.saturating_add(match block.kind {
                BlockKind::Repeat { count, .. } => inside.saturating_mul(count),
                _ => inside + 1,
            });
            if total > MAX_NODES {
                return Err(DescribeError::new(
                    ErrorKind::TooLarge,
                    "the network is too large: its repeats write out too many blocks",
                )
                .accepts(format!("up to {MAX_NODES} blocks in all"))
                .at(&block.path, block.span.clone()));
            }
        }
        Ok(total)
    }
    count(blocks, before).map(drop)
}

/// The blocks that `block` is written out as: at its address, named under its name.
fn parts(block: &Block, name: &str, blocks: Vec<Block>) -> Vec<Block> {
    blocks
        .into_iter()
        .map(|mut part| {
            let own = part.name.take();
            let own = own.unwrap_or_else(|| part.kind.word().to_owned());
            part.name = Some(format!("{name}.{own}"));
            part.path.clone_from(&block.path);
            part.span = block.span.clone();
            part.l1 += block.l1;
            part.l2 += block.l2;
            part.kind.map_layers(|inner| parts(block, name, inner));
            part
        })
        .collect()
}

/// How often each user's name occurs when everything is written out.
fn count_names(blocks: &[Block], times: usize, totals: &mut BTreeMap<String, usize>) {
    for block in blocks {
        if let Some(name) = &block.name {
            *totals.entry(name.clone()).or_default() += times;
        }
        let times = match block.kind {
            BlockKind::Repeat { count, .. } => times * count,
            _ => times,
        };
        count_names(block.kind.layers().unwrap_or_default(), times, totals);
    }
}

fn numbers(shape: Shape) -> u128 {
    shape.dims().iter().map(|&n| n as u128).product()
}

fn fits(shape: Shape) -> Result<(), DescribeError> {
    if numbers(shape) <= u128::from(MAX_SIZE) {
        return Ok(());
    }
    let message = format!("too many numbers for one example: {}", shape.words());
    Err(DescribeError::new(ErrorKind::TooLarge, message)
        .accepts(format!("up to {MAX_SIZE} numbers")))
}

/// What a block takes over from the blocks around it.
#[derive(Clone)]
struct Inherited {
    init: Init,
    bias_init: Init,
    frozen: bool,
    copy: Vec<usize>,
}

struct Expander {
    outputs: usize,
    nodes: Vec<Node>,
    /// Unnamed blocks of each kind so far.
    kinds: BTreeMap<&'static str, usize>,
    /// Occurrences of each user's name in all.
    totals: BTreeMap<String, usize>,
    /// Occurrences of each user's name so far.
    names: BTreeMap<String, usize>,
    parameters: u64,
    /// What residual blocks need to know of each other.
    skips: Skips,
    /// Where the blocks that were written out end.
    ends: BTreeMap<String, NodeId>,
    /// Where the bodies begin that are being written out.
    unfinished: Vec<NodeId>,
    /// Tailored activations, with their place in the text.
    tailored: Vec<(NodeId, Tailoring, Range<usize>)>,
    /// Nodes with critical weights, with their place in the text.
    critical: Vec<(NodeId, Range<usize>)>,
}

impl Expander {
    fn chain(
        &mut self,
        blocks: &[Block],
        input: Shape,
        around: &Inherited,
    ) -> Result<(Vec<NodeId>, Shape), DescribeError> {
        let mut shape = input;
        let mut chain = Vec::new();
        for block in blocks {
            let inherited = Inherited {
                init: block.init.unwrap_or(around.init),
                bias_init: block.bias_init.unwrap_or(around.bias_init),
                frozen: around.frozen || block.frozen,
                copy: around.copy.clone(),
            };
            let place = |e: DescribeError| e.at(&block.path, block.span.clone());
            match &block.kind {
                BlockKind::Repeat { count, layers } => {
                    for i in 0..*count {
                        let mut inherited = inherited.clone();
                        inherited.copy.push(i);
                        let (ids, output) = self.chain(layers, shape, &inherited)?;
                        chain.extend(ids);
                        shape = output;
                    }
                }
                kind if kind.holds_chains() => {
                    self.unfinished.push(self.nodes.len());
                    let (id, output) = self.composite(block, shape, &inherited)?;
                    self.unfinished.pop();
                    chain.push(id);
                    shape = output;
                }
                kind => {
                    if let Some(blocks) = kind.written_out(shape, inherited.init).map_err(place)? {
                        let name = self.name(block);
                        let blocks = parts(block, &name, blocks);
                        for part in &blocks {
                            count_names(std::slice::from_ref(part), 1, &mut self.totals);
                        }
                        check_blocks(&blocks, self.nodes.len()).map_err(place)?;
                        let (ids, output) = self.chain(&blocks, shape, &inherited)?;
                        if let Some(&last) = ids.last() {
                            self.ends.insert(name, last);
                        }
                        chain.extend(ids);
                        shape = output;
                        continue;
                    }
                    let around = Around {
                        input: shape,
                        outputs: self.outputs,
                        init: inherited.init,
                        bias_init: inherited.bias_init,
                        first: self.nodes.is_empty(),
                        memory: match kind.memory() {
                            None => None,
                            Some(name) => Some(self.memory(name).map_err(place)?),
                        },
                    };
                    let Some((op, output)) = kind.operation(&around).map_err(place)? else {
                        unreachable!("blocks that hold blocks are written out before")
                    };
                    let name = self.name(block);
                    chain.push(self.push(block, name, op, (shape, output), &inherited)?);
                    shape = output;
                }
            }
        }
        Ok((chain, shape))
    }

    /// The user's name, numbered where it occurs more than once; else kind and number.
    fn name(&mut self, block: &Block) -> String {
        if let Some(name) = &block.name {
            let so_far = self.names.entry(name.clone()).or_default();
            *so_far += 1;
            return match self.totals.get(name) {
                Some(1) => name.clone(),
                _ => format!("{name}.{so_far}"),
            };
        }
        let word = block.kind.word();
        let number = self.kinds.entry(word).or_default();
        *number += 1;
        format!("{word}{number}")
    }

    fn push(
        &mut self,
        block: &Block,
        name: String,
        op: Op,
        (input, output): (Shape, Shape),
        inherited: &Inherited,
    ) -> Result<NodeId, DescribeError> {
        let place = |e: DescribeError| e.at(&block.path, block.span.clone());
        fits(output).map_err(place)?;
        let data_dependent = matches!(
            op,
            Op::Dense {
                init: Init::Lsuv { .. },
                ..
            } | Op::Conv1d {
                init: Init::Lsuv { .. },
                ..
            } | Op::Conv2d {
                init: Init::Lsuv { .. },
                ..
            }
        );
        if data_dependent && block.weight == WeightForm::Standardised {
            let message =
                "lsuv scales weights, and standardised weights have no scale of their own";
            return Err(place(
                DescribeError::new(ErrorKind::Conflict, message)
                    .hint("write weight = \"scaled\", or another init for this layer"),
            ));
        }
        let gains = gains(block.weight, output);
        self.parameters = self
            .parameters
            .saturating_add(op.parameters().saturating_add(gains));
        if self.parameters > MAX_PARAMETERS {
            let message =
                format!("the network has more than {MAX_PARAMETERS} parameters up to here");
            return Err(place(
                DescribeError::new(ErrorKind::TooLarge, message).hint("make its layers smaller"),
            ));
        }
        let id = self.nodes.len();
        self.skips.note(id, block);
        resolve::check(&op).map_err(place)?;
        if let BlockKind::Tailored(tailoring) = block.kind {
            self.tailored.push((id, tailoring, block.span.clone()));
        }
        if resolve::is_critical(&op) {
            self.critical.push((id, block.span.clone()));
        }
        self.nodes.push(Node {
            id,
            name,
            op,
            input,
            output,
            path: block.path.clone(),
            copy: inherited.copy.clone(),
            parent: None,
            frozen: inherited.frozen,
            l1: block.l1,
            l2: block.l2,
            weight: block.weight,
        });
        Ok(id)
    }
}

/// Layers as people count them. A layer's activation and output lie on the path of its weights:
/// what follows inside a residual that begins after it is among its nodes, but is not its output.
fn layers(nodes: &[Node]) -> Vec<Layer> {
    let beside = beside(nodes);
    let mut layers: Vec<Layer> = Vec::new();
    for node in nodes {
        if beside[node.id] {
            continue;
        }
        if matches!(
            node.op,
            Op::Dense { .. }
                | Op::Conv1d { .. }
                | Op::Conv2d { .. }
                | Op::Recurrent { .. }
                | Op::Attention { .. }
        ) {
            layers.push(Layer {
                name: node.name.clone(),
                weights: node.id,
                nodes: vec![node.id],
                activation: None,
                output: node.id,
            });
        } else if let Some(layer) = layers.last_mut() {
            layer.nodes.push(node.id);
            let own = node.parent.is_none_or(|parent| {
                std::iter::successors(nodes[layer.weights].parent, |&up| nodes[up].parent)
                    .any(|up| up == parent)
            });
            if own {
                layer.output = node.id;
                if node.op.activation().is_some() && layer.activation.is_none() {
                    layer.activation = Some(node.id);
                }
            }
        }
    }
    layers
}
