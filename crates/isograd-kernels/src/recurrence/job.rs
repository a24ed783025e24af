//! Sizes of a recurrence, and where its numbers lie.
//!
//! What the forward pass leaves for the backward pass, of every step, in this order:
//!
//! | cell | plain | normalised, behind that |
//! | --- | --- | --- |
//! | RNN | h | x̂ of the sum, its 1/σ |
//! | GRU | h, r z n, inner | x̂ of W h (3), 1/σ of the gates and of the candidate |
//! | LSTM | h, c, i f g o | x̂ of W h (4), ĉ, 1/σ of both |
//!
//! and the slopes of every step:
//!
//! | cell | plain | normalised, behind that |
//! | --- | --- | --- |
//! | RNN | of the sum | of what the normalisation makes of it |
//! | GRU | of n, r, z, inner | of W h (3) |
//! | LSTM | of i f g o | of W h (4), of the normalised cell |

use super::{Cell, Recurrence};

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

    /// Numbers that a step leaves.
    pub(super) fn saved(&self) -> usize {
        let n = self.units;
        match (self.what.cell, self.what.normalised) {
            (Cell::Tanh | Cell::Relu, false) => n,
            (Cell::Tanh | Cell::Relu, true) => 2 * n + 1,
            (Cell::Gru, false) => 5 * n,
            (Cell::Gru, true) => 8 * n + 2,
            (Cell::Lstm, false) => 6 * n,
            (Cell::Lstm, true) => 11 * n + 2,
        }
    }

    /// Slopes of a step.
    pub(super) fn slopes(&self) -> usize {
        self.units
            * match (self.what.cell, self.what.normalised) {
                (Cell::Tanh | Cell::Relu, false) => 1,
                (Cell::Tanh | Cell::Relu, true) => 2,
                (Cell::Gru | Cell::Lstm, false) => 4,
                (Cell::Gru, true) => 7,
                (Cell::Lstm, true) => 9,
            }
    }

    /// Where among a step's slopes those of W h begin.
    pub(super) fn product_at(&self) -> usize {
        match (self.what.cell, self.what.normalised) {
            (Cell::Tanh | Cell::Relu, _) | (Cell::Lstm, false) => 0,
            (Cell::Gru, false) => self.units,
            (Cell::Gru | Cell::Lstm, true) => 4 * self.units,
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
    pub(super) fn place(&self, row: usize, direction: usize, at: usize, width: usize) -> usize {
        ((row * self.steps + self.time(direction, at)) * self.directions + direction) * width
    }
}

/// The parameters of a step beside W, of one direction; each empty where the cell has none.
#[derive(Clone, Copy)]
pub(super) struct Extras<'a, T> {
    /// d of a GRU.
    pub(super) inner: &'a [T],
    /// Scale of the normalised W h.
    pub(super) product_gamma: &'a [T],
    /// Scale of the normalised cell, or of an RNN's normalised sum.
    pub(super) gamma: &'a [T],
    /// Its shift.
    pub(super) beta: &'a [T],
}

impl Job {
    /// Sizes of the four parts of a direction's extras, in the order of [`Extras`].
    fn parts(&self) -> [usize; 4] {
        let n = self.units;
        match (self.what.cell, self.what.normalised) {
            (Cell::Tanh | Cell::Relu | Cell::Lstm, false) => [0; 4],
            (Cell::Tanh | Cell::Relu, true) => [0, 0, n, n],
            (Cell::Gru, false) => [n, 0, 0, 0],
            (Cell::Gru, true) => [n, 3 * n, 0, 0],
            (Cell::Lstm, true) => [0, 4 * n, n, n],
        }
    }

    /// Numbers that a direction's extras have.
    pub(super) fn extras(&self) -> usize {
        self.parts().iter().sum()
    }

    /// The extras of a direction.
    pub(super) fn extras_of<'a, T>(&self, all: &'a [T], direction: usize) -> Extras<'a, T> {
        let rest = &all[direction * self.extras()..][..self.extras()];
        let [inner, product, gamma, _] = self.parts();
        let (inner, rest) = rest.split_at(inner);
        let (product_gamma, rest) = rest.split_at(product);
        let (gamma, beta) = rest.split_at(gamma);
        Extras {
            inner,
            product_gamma,
            gamma,
            beta,
        }
    }
}
