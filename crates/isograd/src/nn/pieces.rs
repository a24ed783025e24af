//! Gradient checkpointing (Chen et al. 2016, "Training deep nets with sublinear memory cost", §4.1):
//! a forward pass keeps what flows from piece to piece only, and the backward pass computes each
//! piece a second time before it goes through it.

use super::cuts::Cuts;
use super::network::Network;
use super::pass::Pass;
use super::signal::{Signal, each};
use super::skip;
use burn::module::{Module as _, ModuleMapper, Param};
use burn::tensor::{Gradients, Tensor};
use isograd_core::describe::NodeId;
use isograd_kernels::handed;
use std::collections::BTreeMap;
use std::ops::Range;

/// Outputs that other blocks read from afar, by the node that put them out.
type Memories = BTreeMap<NodeId, Signal>;

/// What flows into a piece.
#[derive(Clone)]
struct Input {
    x: Signal,
    /// Of the pieces in front of it.
    memories: Memories,
}

impl Input {
    /// The same as the start of a graph, with gradients or without.
    fn leaf(self, trained: bool) -> Self {
        let leaf = |x: Signal| each!(x, x => x.set_require_grad(trained));
        let memories = self.memories.into_iter();
        Self {
            x: leaf(self.x),
            memories: memories.map(|(id, x)| (id, leaf(x))).collect(),
        }
    }
}

/// Brings parameters to the autodiff device, without gradients.
struct Untracked;

impl ModuleMapper for Untracked {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(Tensor::from_inner)
    }
}

/// A piece that was computed with a graph.
struct Done {
    /// Number of the piece.
    piece: usize,
    input: Input,
    output: Signal,
    /// What it keeps for pieces behind it.
    made: Memories,
}

/// A network whose last piece was computed with a graph, and the inputs of the others.
pub struct Pieces<'a> {
    network: &'a Network,
    cuts: &'a Cuts,
    /// The pass behind what lies in front of the pieces.
    pass: Pass,
    inputs: Vec<Input>,
    last: Done,
}

impl Network {
    /// The network's output for a batch on an autodiff device, and what its backward pass needs.
    /// Shapes and numbers are those of [`Self::forward`]. Who watches sees the last piece now, the
    /// others during the backward pass.
    pub fn forward_in_pieces<'a>(
        &'a self,
        x: Tensor<2>,
        pass: &Pass,
        cuts: &'a Cuts,
    ) -> (Tensor<2>, Pieces<'a>) {
        let plan = self.plan();
        let pass = pass.afresh();
        let front = &plan.chain[cuts.front()];
        let x = self.chain(front, Signal::from_rows(x, plan.input), &pass);
        let (inputs, input) = if cuts.pieces() == 1 {
            let memories = Memories::new();
            (Vec::new(), Input { x, memories })
        } else {
            let (inputs, last) = self.inputs(x, &pass, cuts);
            (inputs, last.leaf(true))
        };
        let last = self.piece(cuts, cuts.pieces() - 1, input, &pass);
        let output = last.output.clone().into_rows();
        let pieces = Pieces {
            network: self,
            cuts,
            pass,
            inputs,
            last,
        };
        (output, pieces)
    }

    /// The inputs of all pieces but the last, and of the last, computed without a graph, without
    /// moving running statistics and unwatched.
    fn inputs(&self, x: Signal, pass: &Pass, cuts: &Cuts) -> (Vec<Input>, Input) {
        let plan = self.plan();
        let front = pass.kept.all();
        let blind = Pass {
            watch: None,
            states: None,
            ..pass.after(front.clone())
        };
        // Running statistics that move in this copy are dropped with it. On the same device as the
        // network, so that operations are the same to the last bit.
        let bare = self.valid().map(&mut Untracked);
        let mut input = Input {
            x,
            memories: Memories::new(),
        };
        let mut inputs = Vec::with_capacity(cuts.pieces());
        for piece in 0..cuts.pieces() - 1 {
            let chain = &plan.chain[cuts.piece(plan, piece)];
            inputs.push(input.clone());
            input = Input {
                x: bare.chain(chain, input.x, &blind),
                memories: without(blind.kept.all(), &front),
            };
        }
        (inputs, input)
    }

    /// Computes a piece with a graph.
    fn piece(&self, cuts: &Cuts, piece: usize, input: Input, pass: &Pass) -> Done {
        let plan = self.plan();
        let chain = &plan.chain[cuts.piece(plan, piece)];
        let mut known = pass.kept.all();
        known.extend(input.memories.clone());
        let pass = pass.after(known.clone());
        let output = self.chain(chain, input.x.clone(), &pass);
        Done {
            piece,
            input,
            output,
            made: without(pass.kept.all(), &known),
        }
    }
}

impl Pieces<'_> {
    /// The backward pass of a loss of the output, from the last piece to the first. `take` receives
    /// the gradients of one piece at a time and its nodes.
    pub fn backward(self, loss: &Tensor<1>, mut take: impl FnMut(Range<NodeId>, Gradients)) {
        let Self {
            network,
            cuts,
            pass,
            mut inputs,
            last,
        } = self;
        let mut gradients = Some(loss.backward());
        let mut done = last;
        // Of memories, from the pieces that read them.
        let mut deltas = Memories::new();
        loop {
            let (piece, leaf) = (done.piece, done.input);
            drop((done.output, done.made));
            let mut delta = None;
            if let Some(mut found) = gradients.take() {
                delta = gradient_of(leaf.x, &mut found);
                for (id, memory) in leaf.memories {
                    if let Some(more) = gradient_of(memory, &mut found) {
                        let sum = match deltas.remove(&id) {
                            Some(sum) => skip::plus(sum, more, &mut None),
                            None => more,
                        };
                        deltas.insert(id, sum);
                    }
                }
                take(cuts.nodes(network.plan(), piece), found);
            }
            let Some(input) = inputs.pop() else { return };
            done = network.piece(cuts, piece - 1, input.leaf(piece > 1), &pass);
            let mut start = delta.map(|delta| begin(done.output.clone(), delta));
            for (id, made) in &done.made {
                if let Some(delta) = deltas.remove(id) {
                    let more = begin(made.clone(), delta);
                    start = Some(match start {
                        Some(start) => start + more,
                        None => more,
                    });
                }
            }
            // A piece that nothing behind it depends on is computed to be seen, and no more.
            gradients = start.filter(Tensor::is_tracked).map(|s| s.backward());
        }
    }
}

fn begin(x: Signal, delta: Signal) -> Tensor<1> {
    match (x, delta) {
        (Signal::Flat(x), Signal::Flat(delta)) => handed(x, delta),
        (Signal::Sequence(x), Signal::Sequence(delta)) => handed(x, delta),
        (Signal::Image(x), Signal::Image(delta)) => handed(x, delta),
        _ => unreachable!("a gradient has the shape of its signal"),
    }
}

fn gradient_of(x: Signal, gradients: &mut Gradients) -> Option<Signal> {
    Some(each!(x, x => x.grad_remove(gradients)?))
}

fn without(mut all: Memories, known: &Memories) -> Memories {
    all.retain(|id, _| !known.contains_key(id));
    all
}
