//! The loop back over the steps.

use super::Cell;
use super::cells::Gru;
use super::forward::{ROWS, add, scale};
use super::job::{Extras, Job};
use super::number::Number;
use crate::matrix::Matrix;
use rayon::prelude::*;

impl Job {
    /// Slopes of every step, `[batch, steps, directions, slopes]`, of the gradient with respect to
    /// the states.
    pub(super) fn backward<T: Number>(
        &self,
        saved: &[T],
        w: &[T],
        extras: &[T],
        gradient: &[T],
    ) -> Vec<T> {
        let example = self.steps * self.directions;
        let mut slopes = vec![T::ZERO; self.batch * example * self.slopes()];
        if slopes.is_empty() {
            return slopes;
        }
        let parts = slopes
            .par_chunks_mut(ROWS * example * self.slopes())
            .zip(saved.par_chunks(ROWS * example * self.saved()))
            .zip(gradient.par_chunks(ROWS * example * self.units));
        parts.for_each(|((slopes, saved), gradient)| {
            for direction in 0..self.directions {
                let extras = self.extras_of(extras, direction);
                self.backward_rows(direction, saved, w, extras, gradient, slopes);
            }
        });
        slopes
    }

    fn backward_rows<T: Number>(
        &self,
        direction: usize,
        saved: &[T],
        w: &[T],
        extras: Extras<'_, T>,
        gradient: &[T],
        slopes: &mut [T],
    ) {
        let (n, columns, width, count) = (self.units, self.columns(), self.saved(), self.slopes());
        let rows = gradient.len() / (self.steps * self.directions * n);
        let w = Matrix::rows(&w[direction * n * columns..][..n * columns], columns).transposed();
        let none = vec![T::ZERO; width];
        // ∂L/∂h and ∂L/∂c that come from later steps.
        let mut state = vec![T::ZERO; rows * n];
        let mut cell = vec![T::ZERO; rows * n];
        let mut here = vec![T::ZERO; rows * count];
        let mut room = vec![T::ZERO; n];
        for at in (0..self.steps).rev() {
            for row in 0..rows {
                let now = &saved[self.place(row, direction, at, width)..][..width];
                let before = match at {
                    0 => &none[..],
                    _ => &saved[self.place(row, direction, at - 1, width)..][..width],
                };
                let state = &mut state[row * n..][..n];
                add(state, &gradient[self.place(row, direction, at, n)..][..n]);
                let here = &mut here[row * count..][..count];
                let carried = Carried {
                    state,
                    cell: &mut cell[row * n..][..n],
                    room: &mut room,
                };
                self.step_back(now, before, extras, carried, here);
                let to = self.place(row, direction, at, count);
                slopes[to..to + count].copy_from_slice(here);
            }
            let cut = self.what.truncate.is_some_and(|every| at % every == 0);
            if at == 0 || cut {
                state.fill(T::ZERO);
                cell.fill(T::ZERO);
                continue;
            }
            let product = Matrix {
                values: &here[self.product_at()..],
                rows,
                columns,
                row_stride: count,
                column_stride: 1,
            };
            product.add_times(&w, &mut state);
        }
    }

    /// One step of one example: what it carries becomes what passes to the step before beside the
    /// matrix.
    fn step_back<T: Number>(
        &self,
        now: &[T],
        before: &[T],
        extras: Extras<'_, T>,
        carried: Carried<'_, T>,
        here: &mut [T],
    ) {
        let Carried { state, cell, room } = carried;
        let (n, normalised) = (self.units, self.what.normalised);
        match self.what.cell {
            kind @ (Cell::Tanh | Cell::Relu) => {
                let (slope, scaled) = here.split_at_mut(n);
                slope.copy_from_slice(state);
                T::rnn_backward(kind == Cell::Relu, &now[..n], slope);
                if normalised {
                    scaled.copy_from_slice(slope);
                    scale(slope, extras.gamma, &[]);
                    T::normalise_backward(&now[n..2 * n], now[2 * n], slope);
                }
                state.fill(T::ZERO);
            }
            Cell::Gru => {
                let step = Gru {
                    gates: &now[n..4 * n],
                    inner: &now[4 * n..5 * n],
                    before: &before[..n],
                };
                let (slopes, product) = here.split_at_mut(4 * n);
                T::gru_backward(&step, state, slopes);
                if normalised {
                    product.copy_from_slice(&slopes[n..]);
                    scale(product, extras.product_gamma, &[]);
                    let (both, candidate) = product.split_at_mut(2 * n);
                    T::normalise_backward(&now[5 * n..7 * n], now[8 * n], both);
                    T::normalise_backward(&now[7 * n..8 * n], now[8 * n + 1], candidate);
                }
            }
            Cell::Lstm => {
                let (gates, rest) = here.split_at_mut(4 * n);
                let (three, to_out) = gates.split_at_mut(3 * n);
                let out = &now[5 * n..6 * n];
                if normalised {
                    let hat = &now[10 * n..11 * n];
                    room.copy_from_slice(hat);
                    scale(room, extras.gamma, extras.beta);
                    T::lstm_state_backward(out, state, room, to_out);
                    rest[4 * n..].copy_from_slice(room);
                    scale(room, extras.gamma, &[]);
                    T::normalise_backward(hat, now[11 * n + 1], room);
                } else {
                    room.copy_from_slice(&now[n..2 * n]);
                    T::lstm_state_backward(out, state, room, to_out);
                }
                add(cell, room);
                T::lstm_cell_backward(&now[2 * n..5 * n], &before[n..2 * n], cell, three);
                if normalised {
                    let product = &mut rest[..4 * n];
                    product.copy_from_slice(gates);
                    scale(product, extras.product_gamma, &[]);
                    T::normalise_backward(&now[6 * n..10 * n], now[11 * n], product);
                }
                state.fill(T::ZERO);
            }
        }
    }
}

/// What comes from the later steps of one example.
struct Carried<'a, T> {
    /// ∂L/∂h.
    state: &'a mut [T],
    /// ∂L/∂c.
    cell: &'a mut [T],
    /// Room for n numbers.
    room: &'a mut [T],
}
