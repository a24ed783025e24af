//! The three products of a convolution, example by example.

use super::columns::Plane;
use crate::matrix::Matrix;
use crate::real::Real;
use rayon::prelude::*;

/// Examples whose weight gradients one thread sums; fixed, so that the sum does not depend on how
/// many threads there are.
const EXAMPLES: usize = 8;

/// Sizes of a whole convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    /// One group of one example.
    pub(super) plane: Plane,
    pub(super) batch: usize,
    pub(super) groups: usize,
    /// Output channels of one group.
    pub(super) filters: usize,
}

impl Job {
    /// Numbers of one group of one image.
    fn input(&self) -> usize {
        self.plane.channels * self.plane.size[0] * self.plane.size[1]
    }

    /// Numbers of one group of one output.
    fn output(&self) -> usize {
        self.filters * self.plane.positions()
    }

    /// Weights of one group.
    fn weights(&self) -> usize {
        self.filters * self.plane.taps()
    }

    /// Room for the matrix of windows, where it is not the image itself.
    fn room<T: Real>(&self) -> Vec<T> {
        if self.plane.is_plain() {
            Vec::new()
        } else {
            vec![T::default(); self.plane.taps() * self.plane.positions()]
        }
    }

    fn windows<'a, T: Real>(&self, image: &'a [T], room: &'a mut [T]) -> &'a [T] {
        if self.plane.is_plain() {
            return image;
        }
        self.plane.gather(image, room);
        room
    }

    /// W ∗ x + b: `[batch, groups·filters, positions]`.
    pub(super) fn forward<T: Real>(&self, x: &[T], w: &[T], bias: &[T]) -> Vec<T> {
        let positions = self.plane.positions();
        let mut y = vec![T::default(); self.batch * self.groups * self.output()];
        if y.is_empty() || x.is_empty() {
            return y;
        }
        let examples = y
            .par_chunks_mut(self.groups * self.output())
            .zip(x.par_chunks(self.groups * self.input()));
        examples.for_each_init(
            || self.room(),
            |room, (y, x)| {
                for (line, &b) in y.chunks_mut(positions).zip(bias) {
                    line.fill(b);
                }
                let groups = y.chunks_mut(self.output()).zip(x.chunks(self.input()));
                for ((y, x), w) in groups.zip(w.chunks(self.weights())) {
                    let windows = self.windows(x, room);
                    // y[f, p] += w[f, t] · windows[t, p]
                    Matrix::rows(w, self.plane.taps())
                        .add_times(&Matrix::rows(windows, positions), y);
                }
            },
        );
        y
    }

    /// ∂L/∂x, `[batch, groups·channels, rows, columns]`.
    pub(super) fn input_gradient<T: Real>(&self, w: &[T], dy: &[T]) -> Vec<T> {
        let positions = self.plane.positions();
        let mut dx = vec![T::default(); self.batch * self.groups * self.input()];
        if dx.is_empty() || dy.is_empty() {
            return dx;
        }
        let examples = dx
            .par_chunks_mut(self.groups * self.input())
            .zip(dy.par_chunks(self.groups * self.output()));
        examples.for_each_init(
            || self.room(),
            |room, (dx, dy)| {
                let groups = dx.chunks_mut(self.input()).zip(dy.chunks(self.output()));
                for ((dx, dy), w) in groups.zip(w.chunks(self.weights())) {
                    // d windows[t, p] = w[f, t] · dy[f, p]
                    let w = Matrix::rows(w, self.plane.taps()).transposed();
                    let dy = Matrix::rows(dy, positions);
                    if self.plane.is_plain() {
                        w.add_times(&dy, dx);
                    } else {
                        room.fill(T::default());
                        w.add_times(&dy, room);
                        self.plane.scatter(room, dx);
                    }
                }
            },
        );
        dx
    }

    /// ∂L/∂W, `[groups·filters, channels, kernel rows, kernel columns]`.
    pub(super) fn weight_gradient<T: Real>(&self, x: &[T], dy: &[T]) -> Vec<T> {
        let positions = self.plane.positions();
        let mut dw = vec![T::default(); self.groups * self.weights()];
        if x.is_empty() || dy.is_empty() {
            return dw;
        }
        let parts: Vec<Vec<T>> = x
            .par_chunks(EXAMPLES * self.groups * self.input())
            .zip(dy.par_chunks(EXAMPLES * self.groups * self.output()))
            .map_init(
                || self.room(),
                |room, (x, dy)| {
                    let mut dw = vec![T::default(); self.groups * self.weights()];
                    let examples = x
                        .chunks(self.groups * self.input())
                        .zip(dy.chunks(self.groups * self.output()));
                    for (x, dy) in examples {
                        let groups = x.chunks(self.input()).zip(dy.chunks(self.output()));
                        for ((x, dy), dw) in groups.zip(dw.chunks_mut(self.weights())) {
                            // dw[f, t] += dy[f, p] · windows[t, p]
                            let windows = Matrix::rows(self.windows(x, room), positions);
                            Matrix::rows(dy, positions).add_times(&windows.transposed(), dw);
                        }
                    }
                    dw
                },
            )
            .collect();
        for part in parts {
            for (sum, term) in dw.iter_mut().zip(part) {
                *sum += term;
            }
        }
        dw
    }
}

/// ∂L/∂b, one number a filter, of `dy` `[batch, filters, positions]`.
pub(super) fn bias_gradient<T: Real>(dy: &[T], filters: usize, positions: usize) -> Vec<T> {
    let mut db = vec![T::default(); filters];
    if dy.is_empty() {
        return db;
    }
    for (i, line) in dy.chunks(positions).enumerate() {
        // Lanes keep the sum short and fast; their order is fixed.
        let mut lanes = [T::default(); 16];
        for chunk in line.chunks(16) {
            for (lane, &v) in lanes.iter_mut().zip(chunk) {
                *lane += v;
            }
        }
        for lane in lanes {
            db[i % filters] += lane;
        }
    }
    db
}
