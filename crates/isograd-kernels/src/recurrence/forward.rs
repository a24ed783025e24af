//! The loop over the steps.

use super::Cell;
use super::job::{Extras, Job};
use super::number::Number;
use crate::matrix::Matrix;
use rayon::prelude::*;

/// Examples that go through the steps together; fixed, so that results do not depend on how many
/// threads there are.
pub(super) const ROWS: usize = 16;

impl Job {
    /// All states, `[batch, steps, directions, units]`; with `save` what the backward pass needs,
    /// the state first.
    pub(super) fn forward<T: Number>(
        &self,
        inputs: &[T],
        w: &[T],
        extras: &[T],
        save: bool,
    ) -> Vec<T> {
        let width = if save { self.saved() } else { self.units };
        let example = self.steps * self.directions;
        let mut out = vec![T::ZERO; self.batch * example * width];
        if out.is_empty() {
            return out;
        }
        let parts = out
            .par_chunks_mut(ROWS * example * width)
            .zip(inputs.par_chunks(ROWS * example * self.columns()));
        parts.for_each(|(out, inputs)| {
            for direction in 0..self.directions {
                let extras = self.extras_of(extras, direction);
                self.forward_rows(direction, inputs, w, extras, out, width);
            }
        });
        out
    }

    fn forward_rows<T: Number>(
        &self,
        direction: usize,
        inputs: &[T],
        w: &[T],
        extras: Extras<'_, T>,
        out: &mut [T],
        width: usize,
    ) {
        let (n, columns) = (self.units, self.columns());
        let rows = inputs.len() / (self.steps * self.directions * columns);
        let w = Matrix::rows(&w[direction * n * columns..][..n * columns], columns);
        let mut state = vec![T::ZERO; rows * n];
        let mut cell = vec![T::ZERO; rows * n];
        let mut gates = vec![T::ZERO; rows * columns];
        let mut product = vec![T::ZERO; rows * columns];
        // What a step leaves is put together here, whether it is kept or not.
        let mut step = vec![T::ZERO; self.saved()];
        for at in 0..self.steps {
            for (row, gates) in gates.chunks_exact_mut(columns).enumerate() {
                let from = self.place(row, direction, at, columns);
                gates.copy_from_slice(&inputs[from..from + columns]);
            }
            product.fill(T::ZERO);
            Matrix::rows(&state, n).add_times(&w, &mut product);
            for row in 0..rows {
                let rows = Rows {
                    gates: &mut gates[row * columns..][..columns],
                    product: &mut product[row * columns..][..columns],
                    cell: &mut cell[row * n..][..n],
                    state: &mut state[row * n..][..n],
                };
                self.step(rows, extras, &mut step);
                let to = self.place(row, direction, at, width);
                out[to..to + width].copy_from_slice(&step[..width]);
            }
        }
    }

    /// One step of one example.
    fn step<T: Number>(&self, rows: Rows<'_, T>, extras: Extras<'_, T>, step: &mut [T]) {
        let Rows {
            gates,
            product,
            cell,
            state,
        } = rows;
        let (n, normalised) = (self.units, self.what.normalised);
        match self.what.cell {
            kind @ (Cell::Tanh | Cell::Relu) => {
                add(gates, product);
                if normalised {
                    step[2 * n] = T::normalise(gates);
                    step[n..2 * n].copy_from_slice(gates);
                    scale(gates, extras.gamma, extras.beta);
                }
                T::rnn(kind == Cell::Relu, gates);
                state.copy_from_slice(gates);
            }
            Cell::Gru => {
                if normalised {
                    let (both, candidate) = product.split_at_mut(2 * n);
                    step[8 * n] = T::normalise(both);
                    step[8 * n + 1] = T::normalise(candidate);
                    step[5 * n..8 * n].copy_from_slice(product);
                    scale(product, extras.product_gamma, &[]);
                }
                let (both, inner) = product.split_at_mut(2 * n);
                add(&mut gates[..2 * n], both);
                add(inner, extras.inner);
                T::gru(gates, inner, state);
                step[n..4 * n].copy_from_slice(gates);
                step[4 * n..5 * n].copy_from_slice(inner);
            }
            Cell::Lstm => {
                if normalised {
                    step[11 * n] = T::normalise(product);
                    step[6 * n..10 * n].copy_from_slice(product);
                    scale(product, extras.product_gamma, &[]);
                }
                add(gates, product);
                T::lstm_cell(gates, cell);
                step[n..2 * n].copy_from_slice(cell);
                step[2 * n..6 * n].copy_from_slice(gates);
                if normalised {
                    let u = &mut product[..n];
                    u.copy_from_slice(cell);
                    step[11 * n + 1] = T::normalise(u);
                    step[10 * n..11 * n].copy_from_slice(u);
                    scale(u, extras.gamma, extras.beta);
                    T::lstm_state(&gates[3 * n..], u, state);
                } else {
                    T::lstm_state(&gates[3 * n..], cell, state);
                }
            }
        }
        step[..n].copy_from_slice(state);
    }
}

/// One example's numbers of a step.
struct Rows<'a, T> {
    /// The input's share.
    gates: &'a mut [T],
    /// W h.
    product: &'a mut [T],
    cell: &'a mut [T],
    state: &'a mut [T],
}

/// x + y.
pub(super) fn add<T: Number>(x: &mut [T], y: &[T]) {
    for (x, &y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

/// γ·x + β; an empty β is 0.
pub(super) fn scale<T: Number>(x: &mut [T], gamma: &[T], beta: &[T]) {
    for (x, &gamma) in x.iter_mut().zip(gamma) {
        *x = *x * gamma;
    }
    add(x, beta);
}
