//! From the slopes of all steps to the gradients of what is the same at every step.

use super::Cell;
use super::forward::add;
use super::job::Job;
use super::number::Number;
use crate::matrix::Matrix;
use rayon::prelude::*;

/// Examples whose gradients one thread sums; fixed, so that sums do not depend on how many threads
/// there are.
const EXAMPLES: usize = 8;

impl Job {
    /// ∂L/∂W, `[directions, units, columns]`: the states before each step with its slopes.
    pub(super) fn weight_gradient<T: Number>(&self, saved: &[T], slopes: &[T]) -> Vec<T> {
        let (n, columns, width, count) = (self.units, self.columns(), self.saved(), self.slopes());
        let size = self.directions * n * columns;
        if self.steps < 2 {
            return vec![T::ZERO; size];
        }
        self.summed(saved, slopes, size, |saved, slopes, dw| {
            for (direction, dw) in dw.chunks_exact_mut(n * columns).enumerate() {
                // The state before step t + 1 is that of t; in reverse, of t the one of t + 1.
                let (state, slope) = if direction == 0 { (0, 1) } else { (1, 0) };
                let states = Matrix {
                    values: &saved[(state * self.directions + direction) * width..],
                    rows: self.steps - 1,
                    columns: n,
                    row_stride: self.directions * width,
                    column_stride: 1,
                };
                let from = (slope * self.directions + direction) * count;
                let slopes = Matrix {
                    values: &slopes[from + self.product_at()..],
                    rows: self.steps - 1,
                    columns,
                    row_stride: self.directions * count,
                    column_stride: 1,
                };
                states.transposed().add_times(&slopes, dw);
            }
        })
    }

    /// The gradient of the extras, `[directions, extras]`.
    pub(super) fn extras_gradient<T: Number>(&self, saved: &[T], slopes: &[T]) -> Vec<T> {
        let (n, width, count, extras) = (self.units, self.saved(), self.slopes(), self.extras());
        let size = self.directions * extras;
        if extras == 0 {
            return Vec::new();
        }
        self.summed(saved, slopes, size, |saved, slopes, sum| {
            let steps = saved.chunks_exact(width).zip(slopes.chunks_exact(count));
            for (i, (now, slopes)) in steps.enumerate() {
                let sum = &mut sum[i % self.directions * extras..][..extras];
                match self.what.cell {
                    Cell::Tanh | Cell::Relu => {
                        let (gamma, beta) = sum.split_at_mut(n);
                        add_product(gamma, &slopes[n..], &now[n..2 * n]);
                        add(beta, &slopes[n..]);
                    }
                    Cell::Gru => {
                        let (inner, gamma) = sum.split_at_mut(n);
                        add(inner, &slopes[3 * n..4 * n]);
                        if self.what.normalised {
                            add_product(gamma, &slopes[n..4 * n], &now[5 * n..8 * n]);
                        }
                    }
                    Cell::Lstm => {
                        let (product, rest) = sum.split_at_mut(4 * n);
                        let (gamma, beta) = rest.split_at_mut(n);
                        add_product(product, &slopes[..4 * n], &now[6 * n..10 * n]);
                        add_product(gamma, &slopes[8 * n..], &now[10 * n..11 * n]);
                        add(beta, &slopes[8 * n..]);
                    }
                }
            }
        })
    }

    /// Slopes of the input's share, in the order of its columns.
    pub(super) fn input_gradient<T: Number>(&self, slopes: &[T]) -> Vec<T> {
        let (n, columns) = (self.units, self.columns());
        let mut to = Vec::with_capacity(slopes.len() / self.slopes().max(1) * columns);
        for step in slopes.chunks_exact(self.slopes()) {
            if self.what.cell == Cell::Gru {
                to.extend_from_slice(&step[n..3 * n]);
                to.extend_from_slice(&step[..n]);
            } else {
                to.extend_from_slice(&step[..columns]);
            }
        }
        to
    }

    /// Sums over examples what a function adds of one example's saved numbers and slopes.
    fn summed<T: Number>(
        &self,
        saved: &[T],
        slopes: &[T],
        size: usize,
        each: impl Fn(&[T], &[T], &mut [T]) + Sync,
    ) -> Vec<T> {
        let example = self.steps * self.directions;
        let (saved_size, slopes_size) = (example * self.saved(), example * self.slopes());
        let mut sum = vec![T::ZERO; size];
        if saved.is_empty() {
            return sum;
        }
        let parts: Vec<Vec<T>> = saved
            .par_chunks(EXAMPLES * saved_size)
            .zip(slopes.par_chunks(EXAMPLES * slopes_size))
            .map(|(saved, slopes)| {
                let mut part = vec![T::ZERO; size];
                let examples = saved
                    .chunks_exact(saved_size)
                    .zip(slopes.chunks_exact(slopes_size));
                examples.for_each(|(saved, slopes)| each(saved, slopes, &mut part));
                part
            })
            .collect();
        for part in parts {
            add(&mut sum, &part);
        }
        sum
    }
}

/// sum + x·y.
fn add_product<T: Number>(sum: &mut [T], x: &[T], y: &[T]) {
    for ((sum, &x), &y) in sum.iter_mut().zip(x).zip(y) {
        *sum += x * y;
    }
}
