//! Windows of one pixel: products of matrices.

use super::pass::{Job, moments_of, sizes_of};
use crate::Moments;
use crate::lanes::Wide;
use crate::matrix::Matrix;
use crate::pieces::merged;
use rayon::prelude::*;

impl Job {
    pub(super) fn plain_forward<T: Wide>(
        &self,
        x: &[T],
        w: &[T],
        bias: &[T],
        wanted: bool,
    ) -> (Vec<T>, Moments) {
        let positions = self.positions();
        let mut y = vec![T::default(); self.batch * self.groups * self.output()];
        let seen = y
            .par_chunks_mut(self.output())
            .zip(x.par_chunks(self.input()))
            .enumerate()
            .map(|(i, (y, x))| {
                let group = i % self.groups;
                let lines = y.chunks_mut(positions);
                for (line, &b) in lines.zip(&bias[group * self.filters..]) {
                    line.fill(b);
                }
                let w = &w[group * self.filters * self.channels..][..self.filters * self.channels];
                // y[f, p] += w[f, c] · x[c, p]
                Matrix::rows(w, self.channels).add_times(&Matrix::rows(x, positions), y);
                moments_of(y, wanted)
            })
            .collect::<Vec<_>>();
        (y, merged(seen))
    }

    pub(super) fn plain_input_gradient<T: Wide>(&self, w: &[T], dy: &[T]) -> Vec<T> {
        let positions = self.positions();
        let mut dx = vec![T::default(); self.batch * self.groups * self.input()];
        dx.par_chunks_mut(self.input())
            .zip(dy.par_chunks(self.output()))
            .enumerate()
            .for_each(|(i, (dx, dy))| {
                let weights = self.filters * self.channels;
                let w = &w[i % self.groups * weights..][..weights];
                // dx[c, p] = w[f, c] · dy[f, p]
                let w = Matrix::rows(w, self.channels).transposed();
                w.add_times(&Matrix::rows(dy, positions), dx);
            });
        dx
    }

    pub(super) fn plain_weight_gradient<T: Wide>(
        &self,
        x: &[T],
        dy: &[T],
        wanted: bool,
    ) -> (Vec<T>, Moments) {
        let (positions, weights) = (self.positions(), self.filters * self.channels);
        let mut dw = vec![T::default(); self.groups * weights];
        let mut seen = Moments::default();
        let examples = x.chunks(self.input()).zip(dy.chunks(self.output()));
        for (i, (x, dy)) in examples.enumerate() {
            seen = seen.merged(sizes_of(dy, wanted));
            let dw = &mut dw[i % self.groups * weights..][..weights];
            // dw[f, c] += dy[f, p] · x[c, p]
            let x = Matrix::rows(x, positions).transposed();
            Matrix::rows(dy, positions).add_times(&x, dw);
        }
        (dw, seen)
    }
}
