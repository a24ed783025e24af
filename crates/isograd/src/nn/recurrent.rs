//! Recurrent layers: RNN, GRU and LSTM over sequences.
//!
//! What the input contributes to all steps is one matrix product; every step is one more, of all
//! directions together, so that two directions cost one loop.

use burn::module::{Module, Param};
use burn::tensor::activation::{relu, sigmoid, tanh};
use burn::tensor::module::layer_norm;
use burn::tensor::{Tensor, s};
use isograd_core::describe::recurrent::{Cell, Recurrent as Block, Returns};
use isograd_kernels::{Dense, Recurrence, Rows, Sink, Watch, dense, probe, recur, row_norm};
use std::sync::Arc;

/// Added to the variance in normalised cells.
const EPSILON: f64 = 1e-5;

/// A recurrent block's parameters. Columns are gates × units: r, z, n of a GRU; i, f, g, o of an LSTM
/// (PyTorch's order). PyTorch's two biases are one, but for the candidate of a GRU.
// The names are parts of the parameters' paths: `lstm1.recurrent_weight`.
#[allow(clippy::struct_field_names)]
#[derive(Module, Debug)]
pub struct Recurrent {
    /// U, `[inputs, directions × gates × units]`, forward first.
    pub input_weight: Param<Tensor<2>>,
    /// W, `[directions, units, gates × units]`.
    pub recurrent_weight: Param<Tensor<3>>,
    /// b, `[directions × gates × units]`.
    pub input_bias: Option<Param<Tensor<1>>>,
    /// d of a GRU's candidate, inside the reset gate: `[directions × units]`.
    pub recurrent_bias: Option<Param<Tensor<1>>>,
    /// Scale of what the input contributes to gates, `[directions × gates × units]`.
    pub input_gamma: Option<Param<Tensor<1>>>,
    /// Scale of what the state contributes to gates, `[directions × gates × units]`.
    pub recurrent_gamma: Option<Param<Tensor<1>>>,
    /// Scale of an LSTM's normalised cell, of an RNN's normalised sum: `[directions × units]`.
    pub cell_gamma: Option<Param<Tensor<1>>>,
    /// Shift of an LSTM's normalised cell, `[directions × units]`.
    pub cell_beta: Option<Param<Tensor<1>>>,
}

/// What a pass returns.
pub(super) enum Output {
    /// `[batch, steps, directions × units]`.
    Sequence(Tensor<3>),
    /// `[batch, directions × units]`.
    Last(Tensor<2>),
}

impl Recurrent {
    /// Runs over the sequences, from states of zero.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, steps, inputs]`
    ///
    /// `watch` sees the states after each step: h of step t at site t, the cell of an LSTM at the
    /// number of steps plus t, `[directions, batch, units]` each.
    pub(super) fn forward(
        &self,
        x: Tensor<3>,
        block: &Block,
        watch: Option<&Arc<dyn Sink>>,
    ) -> Output {
        let [batch, steps, _] = x.dims();
        let (d, n) = (block.directions(), block.units);
        if watch.is_none() {
            return self.fused(x, block);
        }
        let run = Run {
            watch: watch.map(|sink| (sink, steps)),
            ..Run::new(self, block, batch)
        };
        let inputs = self.contributions(x, block);
        let mut state = State::zeros(&run, &inputs);
        let mut states = Vec::with_capacity(steps);
        for (step, input) in unstack(inputs).into_iter().enumerate() {
            if step > 0 && block.truncate.is_some_and(|every| step % every == 0) {
                state = state.detach();
            }
            state = run.step(step, input, state);
            states.push(state.h.clone());
        }
        match block.returns {
            Returns::Last => {
                let last = state.h.swap_dims(0, 1);
                Output::Last(last.reshape([batch, d * n]))
            }
            // [steps, directions, batch, units] → [batch, steps, directions, units]
            Returns::Sequence => {
                let all: Tensor<4> = Tensor::stack(states, 0);
                let all = if block.bidirectional {
                    let forward = all.clone().slice(s![.., 0..1]);
                    let reverse = all.slice(s![.., 1..2]).flip([0]);
                    Tensor::cat(vec![forward, reverse], 1)
                } else {
                    all
                };
                let all = all.permute([2, 0, 1, 3]);
                Output::Sequence(all.reshape([batch, steps, d * n]))
            }
        }
    }

    /// The same in one operation over all steps.
    fn fused(&self, x: Tensor<3>, block: &Block) -> Output {
        let [batch, steps, inputs] = x.dims();
        let (d, n, g) = (block.directions(), block.units, block.cell.gates());
        let x = x.reshape([batch * steps, inputs]);
        let bias = self.input_bias.as_ref().map(Param::val);
        let mut bias = bias.filter(|_| !bias_is_behind(block));
        let gamma = self.input_gamma.as_ref().map(Param::val);
        // A normalisation has the bias behind it.
        let inside = if gamma.is_none() { bias.take() } else { None };
        let all = dense(x, self.input_weight.val(), inside, Dense::default());
        let all = match gamma {
            Some(gamma) => scaled(all, gamma, bias, block),
            None => all,
        };
        let all = all.reshape([batch, steps, d, g * n]);
        let what = Recurrence {
            cell: match block.cell {
                Cell::Tanh => isograd_kernels::Cell::Tanh,
                Cell::Relu => isograd_kernels::Cell::Relu,
                Cell::Gru => isograd_kernels::Cell::Gru,
                Cell::Lstm => isograd_kernels::Cell::Lstm,
            },
            normalised: block.normalised,
            truncate: block.truncate,
        };
        let states = recur(all, self.recurrent_weight.val(), self.extras(block), what);
        match block.returns {
            Returns::Sequence => Output::Sequence(states.reshape([batch, steps, d * n])),
            Returns::Last => {
                let end = |direction: usize, step: usize| {
                    let state = states.clone().narrow(1, step, 1);
                    state.narrow(2, direction, 1).reshape([batch, n])
                };
                let forward = end(0, steps - 1);
                Output::Last(if block.bidirectional {
                    Tensor::cat(vec![forward, end(1, 0)], 1)
                } else {
                    forward
                })
            }
        }
    }

    /// The parameters of a step beside the matrix, side by side.
    fn extras(&self, block: &Block) -> Option<Tensor<2>> {
        let (d, n, g) = (block.directions(), block.units, block.cell.gates());
        let of = |parameter: &Option<Param<Tensor<1>>>, width: usize| {
            if let Some(p) = parameter {
                p.val().reshape([d, width])
            } else {
                let like = self.recurrent_weight.val();
                Tensor::zeros([d, width], (&like.device(), like.dtype()))
            }
        };
        let parts = match (block.cell, block.normalised) {
            (Cell::Tanh | Cell::Relu | Cell::Lstm, false) => return None,
            (Cell::Tanh | Cell::Relu, true) => {
                vec![of(&self.cell_gamma, n), of(&self.input_bias, n)]
            }
            (Cell::Gru, false) => vec![of(&self.recurrent_bias, n)],
            (Cell::Gru, true) => {
                vec![
                    of(&self.recurrent_bias, n),
                    of(&self.recurrent_gamma, g * n),
                ]
            }
            (Cell::Lstm, true) => vec![
                of(&self.recurrent_gamma, g * n),
                of(&self.cell_gamma, n),
                of(&self.cell_beta, n),
            ],
        };
        Some(Tensor::cat(parts, 1))
    }

    /// What the input contributes to each step, in the order in which each direction reads:
    /// `[steps, directions, batch, gates × units]`.
    fn contributions(&self, x: Tensor<3>, block: &Block) -> Tensor<4> {
        let [batch, steps, inputs] = x.dims();
        let (d, n, g) = (block.directions(), block.units, block.cell.gates());
        let x = x.swap_dims(0, 1).reshape([steps * batch, inputs]);
        let all = x.matmul(self.input_weight.val());
        let all = all.reshape([steps, batch, d, g * n]).swap_dims(1, 2);
        let all = match (&self.input_gamma, block.cell) {
            (Some(gamma), Cell::Gru | Cell::Lstm) => normalised(&all, gamma.val(), block, 1),
            _ => all,
        };
        let all = match &self.input_bias {
            Some(bias) if !bias_is_behind(block) => all + bias.val().reshape([1, d, 1, g * n]),
            _ => all,
        };
        if !block.bidirectional {
            return all;
        }
        let forward = all.clone().slice(s![.., 0..1]);
        let reverse = all.slice(s![.., 1..2]).flip([0]);
        Tensor::cat(vec![forward, reverse], 1)
    }
}

/// The bias of an RNN comes behind the normalisation of the sum.
fn bias_is_behind(block: &Block) -> bool {
    block.normalised && block.cell.gates() == 1
}

/// [`normalised`] with the bias behind it, in one operation where the columns are all of one kind.
///
/// # Shapes
///
/// - `x` and the result: `[rows, directions × gates × units]`
fn scaled(x: Tensor<2>, gamma: Tensor<1>, bias: Option<Tensor<1>>, block: &Block) -> Tensor<2> {
    let (d, n, g) = (block.directions(), block.units, block.cell.gates());
    let whole = |x: Tensor<2>, gamma: Tensor<1>, bias: Option<Tensor<1>>, columns: usize| {
        let how = Rows {
            groups: d,
            ..Rows::of(columns, true, EPSILON)
        };
        row_norm(x, Some(gamma), bias, how, None)
    };
    if block.cell != Cell::Gru {
        return whole(x, gamma, bias, g * n);
    }
    let [rows, _] = x.dims();
    let (x, gamma) = (x.reshape([rows * d, g * n]), gamma.reshape([d, g * n]));
    let bias = bias.map(|bias| bias.reshape([d, g * n]));
    let part = |from: usize, to: usize| {
        let cut = |x: &Tensor<2>| x.clone().narrow(1, from, to - from);
        let flat = |x: &Tensor<2>| cut(x).reshape([d * (to - from)]);
        whole(cut(&x), flat(&gamma), bias.as_ref().map(flat), to - from)
    };
    let parts = vec![part(0, 2 * n), part(2 * n, 3 * n)];
    Tensor::cat(parts, 1).reshape([rows, d * g * n])
}

/// Normalises over the columns that belong together: all of an LSTM; the two gates of a GRU, and
/// its candidate. `at` is the dimension of the directions.
fn normalised<const D: usize>(
    x: &Tensor<D>,
    gamma: Tensor<1>,
    block: &Block,
    directions_at: usize,
) -> Tensor<D> {
    let (d, n) = (block.directions(), block.units);
    let columns = x.dims()[D - 1];
    let last = |from: usize, to: usize| plain_norm(x.clone().narrow(D - 1, from, to - from));
    let all = match block.cell {
        Cell::Gru => Tensor::cat(vec![last(0, 2 * n), last(2 * n, 3 * n)], D - 1),
        _ => last(0, columns),
    };
    let mut shape = [1; D];
    shape[directions_at] = d;
    shape[D - 1] = columns;
    all * gamma.reshape(shape)
}

/// Mean 0 and variance 1 over the last dimension.
fn plain_norm<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let ones = Tensor::ones([x.dims()[D - 1]], (&x.device(), x.dtype()));
    layer_norm(x, ones, None, EPSILON)
}

/// The steps one by one. Half by half: the gradient of a slice is as large as what it was cut from,
/// and a cut from the whole for every step would cost the square of the number of steps.
fn unstack(x: Tensor<4>) -> Vec<Tensor<3>> {
    let steps = x.dims()[0];
    if steps == 1 {
        return vec![x.squeeze_dim(0)];
    }
    let half = steps / 2;
    let mut all = unstack(x.clone().narrow(0, 0, half));
    all.extend(unstack(x.narrow(0, half, steps - half)));
    all
}

/// What a step leaves to the next: `[directions, batch, units]` each.
struct State {
    h: Tensor<3>,
    /// The cell of an LSTM.
    c: Option<Tensor<3>>,
}

impl State {
    fn zeros(run: &Run<'_>, like: &Tensor<4>) -> Self {
        let block = run.block;
        let dims = [block.directions(), run.batch, block.units];
        let h = Tensor::zeros(dims, (&like.device(), like.dtype()));
        Self {
            c: (block.cell == Cell::Lstm).then(|| h.clone()),
            h,
        }
    }

    fn detach(self) -> Self {
        Self {
            h: self.h.detach(),
            c: self.c.map(Tensor::detach),
        }
    }
}

/// What is the same at every step.
struct Run<'a> {
    block: &'a Block,
    parameters: &'a Recurrent,
    weight: Tensor<3>,
    recurrent_bias: Option<Tensor<3>>,
    cell_scale: Option<(Tensor<3>, Option<Tensor<3>>)>,
    batch: usize,
    watch: Option<(&'a Arc<dyn Sink>, usize)>,
}

impl<'a> Run<'a> {
    fn new(parameters: &'a Recurrent, block: &'a Block, batch: usize) -> Self {
        let (d, n) = (block.directions(), block.units);
        let by_direction = |b: &Param<Tensor<1>>| b.val().reshape([d, 1, n]);
        Self {
            block,
            parameters,
            weight: parameters.recurrent_weight.val(),
            recurrent_bias: parameters.recurrent_bias.as_ref().map(by_direction),
            cell_scale: parameters.cell_gamma.as_ref().map(|gamma| {
                let shift = match block.cell {
                    Cell::Lstm => &parameters.cell_beta,
                    _ => &parameters.input_bias,
                };
                (by_direction(gamma), shift.as_ref().map(by_direction))
            }),
            batch,
            watch: None,
        }
    }

    /// The normalised sum of an RNN, the normalised cell of an LSTM.
    fn cell_norm(&self, x: Tensor<3>) -> Tensor<3> {
        let Some((gamma, shift)) = &self.cell_scale else {
            return x;
        };
        let x = plain_norm(x) * gamma.clone();
        match shift {
            Some(shift) => x + shift.clone(),
            None => x,
        }
    }

    /// The same, seen by whoever watches: the state at step `at`, an LSTM's cell at `at` plus the number
    /// of steps.
    fn seen(&self, x: Tensor<3>, at: usize, cell: bool) -> Tensor<3> {
        let Some((sink, steps)) = self.watch else {
            return x;
        };
        let (site, sink) = (at + if cell { steps } else { 0 }, sink.clone());
        probe(x, Watch { site, sink })
    }

    fn step(&self, at: usize, input: Tensor<3>, state: State) -> State {
        let n = self.block.units;
        let part = |x: &Tensor<3>, gate: usize| x.clone().narrow(2, gate * n, n);
        let recurrent = state.h.clone().matmul(self.weight.clone());
        let recurrent = match (&self.parameters.recurrent_gamma, self.block.cell) {
            (Some(gamma), Cell::Gru | Cell::Lstm) => {
                normalised(&recurrent, gamma.val(), self.block, 0)
            }
            _ => recurrent,
        };
        let state = match self.block.cell {
            cell @ (Cell::Tanh | Cell::Relu) => {
                let sum = input + recurrent;
                let sum = self.cell_norm(sum);
                let h = if cell == Cell::Tanh {
                    tanh(sum)
                } else {
                    relu(sum)
                };
                State { h, c: None }
            }
            Cell::Gru => {
                let gates =
                    input.clone().narrow(2, 0, 2 * n) + recurrent.clone().narrow(2, 0, 2 * n);
                let gates = sigmoid(gates);
                let (reset, keep) = (part(&gates, 0), part(&gates, 1));
                let inner = part(&recurrent, 2);
                let inner = match &self.recurrent_bias {
                    Some(bias) => inner + bias.clone(),
                    None => inner,
                };
                let new = tanh(part(&input, 2) + reset * inner);
                // (1 − z)·n + z·h
                let h = new.clone() + keep * (state.h - new);
                State { h, c: None }
            }
            Cell::Lstm => {
                let gates = input + recurrent;
                let new = tanh(part(&gates, 2));
                let gate = |at: usize| sigmoid(part(&gates, at));
                let (add, keep, out) = (gate(0), gate(1), gate(3));
                let c = match state.c {
                    Some(c) => keep * c + add * new,
                    None => add * new,
                };
                let c = self.seen(c, at, true);
                let h = out * tanh(self.cell_norm(c.clone()));
                State { h, c: Some(c) }
            }
        };
        State {
            h: self.seen(state.h, at, false),
            ..state
        }
    }
}
