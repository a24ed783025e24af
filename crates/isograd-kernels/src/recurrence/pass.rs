//! The loops over steps, forward and backward, a few examples at a time.

use super::cells::{Gru, Lstm, Number};
use super::matrix::Matrix;
use super::{Cell, Recurrence};
use rayon::prelude::*;

/// Examples that go through the steps together; fixed, so that results do not depend on how many
/// threads there are.
const ROWS: usize = 16;

/// Examples whose weight gradients one thread sums, fixed for the same reason.
const EXAMPLES: usize = 8;

/// Sizes of a recurrence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) batch: usize,
    pub(super) steps: usize,
    pub(super) directions: usize,
    pub(super) units: usize,
    pub(super) what: Recurrence,
}

impl Job {
    /// Columns of the input's share.
    pub(super) fn columns(&self) -> usize {
        self.what.cell.gates() * self.units
    }

    /// Numbers that a step leaves for the backward pass: h, c of an LSTM, the gates behind their
    /// functions (an RNN's is h), what lies inside the reset gate of a GRU.
    pub(super) fn saved(&self) -> usize {
        self.units
            * match self.what.cell {
                Cell::Tanh | Cell::Relu => 1,
                Cell::Gru => 5,
                Cell::Lstm => 6,
            }
    }

    /// Slopes of a step: of the gates; of a GRU n, r, z, and what lies inside the reset gate.
    pub(super) fn slopes(&self) -> usize {
        self.units
            * match self.what.cell {
                Cell::Gru => 4,
                cell => cell.gates(),
            }
    }

    /// Where among a step's slopes those of the product with the state begin.
    fn recurrent_from(&self) -> usize {
        if self.what.cell == Cell::Gru {
            self.units
        } else {
            0
        }
    }

    /// The step of the sequence that a direction reads as its `at`-th.
    fn time(&self, direction: usize, at: usize) -> usize {
        if direction == 0 {
            at
        } else {
            self.steps - 1 - at
        }
    }

    /// Where the numbers of a step begin, of `width` numbers each.
    fn place(&self, row: usize, direction: usize, at: usize, width: usize) -> usize {
        ((row * self.steps + self.time(direction, at)) * self.directions + direction) * width
    }

    /// All states, `[batch, steps, directions, units]`; with `save` what the backward pass needs,
    /// the state first.
    pub(super) fn forward<T: Number>(
        &self,
        inputs: &[T],
        w: &[T],
        inner: &[T],
        save: bool,
    ) -> Vec<T> {
        let width = if save { self.saved() } else { self.units };
        let example = self.steps * self.directions;
        let mut out = vec![T::default(); self.batch * example * width];
        if out.is_empty() {
            return out;
        }
        let parts = out
            .par_chunks_mut(ROWS * example * width)
            .zip(inputs.par_chunks(ROWS * example * self.columns()));
        parts.for_each(|(out, inputs)| {
            for direction in 0..self.directions {
                self.forward_rows(direction, inputs, w, inner, out, width);
            }
        });
        out
    }

    fn forward_rows<T: Number>(
        &self,
        direction: usize,
        inputs: &[T],
        w: &[T],
        inner: &[T],
        out: &mut [T],
        width: usize,
    ) {
        let (n, columns) = (self.units, self.columns());
        let rows = inputs.len() / (self.steps * self.directions * columns);
        let w = Matrix::rows(&w[direction * n * columns..][..n * columns], columns);
        let zero = T::default();
        let mut state = vec![zero; rows * n];
        let mut cell = vec![
            zero;
            if self.what.cell == Cell::Lstm {
                rows * n
            } else {
                0
            }
        ];
        let mut gates = vec![zero; rows * columns];
        let gru = self.what.cell == Cell::Gru;
        let mut product = vec![zero; if gru { rows * columns } else { 0 }];
        for at in 0..self.steps {
            for (row, gates) in gates.chunks_exact_mut(columns).enumerate() {
                let from = self.place(row, direction, at, columns);
                gates.copy_from_slice(&inputs[from..from + columns]);
            }
            let state_rows = Matrix::rows(&state, n);
            if gru {
                for product in product.chunks_exact_mut(columns) {
                    product[..2 * n].fill(zero);
                    product[2 * n..].copy_from_slice(&inner[direction * n..][..n]);
                }
                state_rows.add_times(&w, &mut product);
            } else {
                state_rows.add_times(&w, &mut gates);
            }
            for row in 0..rows {
                let state = &mut state[row * n..][..n];
                let gates = &mut gates[row * columns..][..columns];
                let to = self.place(row, direction, at, width);
                let to = &mut out[to..to + width];
                match self.what.cell {
                    Cell::Tanh | Cell::Relu => {
                        T::rnn_forward(self.what.cell == Cell::Relu, gates);
                        state.copy_from_slice(gates);
                    }
                    Cell::Gru => {
                        let product = &product[row * columns..][..columns];
                        let (both, inner) = product.split_at(2 * n);
                        for (gate, &from) in gates.iter_mut().zip(both) {
                            *gate += from;
                        }
                        T::gru_forward(gates, inner, state);
                        if width > n {
                            to[n..4 * n].copy_from_slice(gates);
                            to[4 * n..].copy_from_slice(inner);
                        }
                    }
                    Cell::Lstm => {
                        let cell = &mut cell[row * n..][..n];
                        T::lstm_forward(gates, cell, state);
                        if width > n {
                            to[n..2 * n].copy_from_slice(cell);
                            to[2 * n..].copy_from_slice(gates);
                        }
                    }
                }
                to[..n].copy_from_slice(state);
            }
        }
    }

    /// Slopes of every step, `[batch, steps, directions, slopes]`, of the gradient with respect to
    /// the states.
    pub(super) fn backward<T: Number>(&self, saved: &[T], w: &[T], gradient: &[T]) -> Vec<T> {
        let example = self.steps * self.directions;
        let mut slopes = vec![T::default(); self.batch * example * self.slopes()];
        if slopes.is_empty() {
            return slopes;
        }
        let parts = slopes
            .par_chunks_mut(ROWS * example * self.slopes())
            .zip(saved.par_chunks(ROWS * example * self.saved()))
            .zip(gradient.par_chunks(ROWS * example * self.units));
        parts.for_each(|((slopes, saved), gradient)| {
            for direction in 0..self.directions {
                self.backward_rows(direction, saved, w, gradient, slopes);
            }
        });
        slopes
    }

    fn backward_rows<T: Number>(
        &self,
        direction: usize,
        saved: &[T],
        w: &[T],
        gradient: &[T],
        slopes: &mut [T],
    ) {
        let (n, columns, width, count) = (self.units, self.columns(), self.saved(), self.slopes());
        let rows = gradient.len() / (self.steps * self.directions * n);
        let w = Matrix::rows(&w[direction * n * columns..][..n * columns], columns).transposed();
        let zero = T::default();
        let none = vec![zero; width];
        // ∂L/∂h and ∂L/∂c that come from later steps.
        let mut state = vec![zero; rows * n];
        let mut cell = vec![
            zero;
            if self.what.cell == Cell::Lstm {
                rows * n
            } else {
                0
            }
        ];
        let mut here = vec![zero; rows * count];
        for at in (0..self.steps).rev() {
            for row in 0..rows {
                let from = |at: usize, of: &'_ [T], width: usize| {
                    let from = self.place(row, direction, at, width);
                    from..(from + width).min(of.len())
                };
                let now = &saved[from(at, saved, width)];
                let before = match at {
                    0 => &none[..],
                    _ => &saved[from(at - 1, saved, width)],
                };
                let state = &mut state[row * n..][..n];
                for (sum, &own) in state.iter_mut().zip(&gradient[from(at, gradient, n)]) {
                    *sum += own;
                }
                let here = &mut here[row * count..][..count];
                match self.what.cell {
                    Cell::Tanh | Cell::Relu => {
                        here.copy_from_slice(state);
                        T::rnn_backward(self.what.cell == Cell::Relu, now, here);
                        state.fill(zero);
                    }
                    Cell::Gru => {
                        let step = Gru {
                            gates: &now[n..4 * n],
                            inner: &now[4 * n..],
                            before: &before[..n],
                        };
                        T::gru_backward(&step, state, here);
                    }
                    Cell::Lstm => {
                        let step = Lstm {
                            gates: &now[2 * n..],
                            cell: &now[n..2 * n],
                            before: &before[n..2 * n],
                        };
                        T::lstm_backward(&step, state, &mut cell[row * n..][..n], here);
                        state.fill(zero);
                    }
                }
                let to = self.place(row, direction, at, count);
                slopes[to..to + count].copy_from_slice(here);
            }
            let cut = self.what.truncate.is_some_and(|every| at % every == 0);
            if at == 0 || cut {
                state.fill(zero);
                cell.fill(zero);
                continue;
            }
            let product = Matrix {
                values: &here[self.recurrent_from()..],
                rows,
                columns,
                row_stride: count,
                column_stride: 1,
            };
            product.add_times(&w, &mut state);
        }
    }

    /// ∂L/∂W, `[directions, units, columns]`: the states before each step with its slopes.
    pub(super) fn weight_gradient<T: Number>(&self, saved: &[T], slopes: &[T]) -> Vec<T> {
        let (n, columns, width, count) = (self.units, self.columns(), self.saved(), self.slopes());
        let example = self.steps * self.directions;
        let mut dw = vec![T::default(); self.directions * n * columns];
        if saved.is_empty() || self.steps < 2 {
            return dw;
        }
        let steps = self.steps - 1;
        let parts: Vec<Vec<T>> = saved
            .par_chunks(EXAMPLES * example * width)
            .zip(slopes.par_chunks(EXAMPLES * example * count))
            .map(|(saved, slopes)| {
                let mut dw = vec![T::default(); self.directions * n * columns];
                let examples = saved
                    .chunks_exact(example * width)
                    .zip(slopes.chunks_exact(example * count));
                for (saved, slopes) in examples {
                    for (direction, dw) in dw.chunks_exact_mut(n * columns).enumerate() {
                        // The state before step t + 1 is that of t; in reverse, of t the one of t + 1.
                        let (state, slope) = if direction == 0 { (0, 1) } else { (1, 0) };
                        let states = Matrix {
                            values: &saved[(state * self.directions + direction) * width..],
                            rows: steps,
                            columns: n,
                            row_stride: self.directions * width,
                            column_stride: 1,
                        };
                        let from = (slope * self.directions + direction) * count;
                        let slopes = Matrix {
                            values: &slopes[from + self.recurrent_from()..],
                            rows: steps,
                            columns,
                            row_stride: self.directions * count,
                            column_stride: 1,
                        };
                        states.transposed().add_times(&slopes, dw);
                    }
                }
                dw
            })
            .collect();
        for part in parts {
            for (sum, term) in dw.iter_mut().zip(part) {
                *sum += term;
            }
        }
        dw
    }

    /// Slopes of the input's share, in the order of its columns.
    pub(super) fn input_gradient<T: Number>(&self, slopes: &[T]) -> Vec<T> {
        let n = self.units;
        if self.what.cell != Cell::Gru {
            return slopes.to_vec();
        }
        let mut to = Vec::with_capacity(slopes.len() / 4 * 3);
        for step in slopes.chunks_exact(4 * n) {
            to.extend_from_slice(&step[n..3 * n]);
            to.extend_from_slice(&step[..n]);
        }
        to
    }

    /// ∂L/∂d of a GRU, `[directions, units]`.
    pub(super) fn inner_gradient<T: Number>(&self, slopes: &[T]) -> Vec<T> {
        let n = self.units;
        let mut sum = vec![T::default(); self.directions * n];
        if self.what.cell != Cell::Gru {
            return sum;
        }
        for (i, step) in slopes.chunks_exact(4 * n).enumerate() {
            let sum = &mut sum[i % self.directions * n..][..n];
            for (sum, &term) in sum.iter_mut().zip(&step[3 * n..]) {
                *sum += term;
            }
        }
        sum
    }
}
