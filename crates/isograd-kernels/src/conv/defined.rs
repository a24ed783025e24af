//! The backward passes as they are defined, for what is not a number.
//!
//! On the grid a sum has terms of zero where an image has none, and 0·NaN is no zero. Here a sum has the
//! terms of the definition and no others. It is slower, and only for networks that are lost already.

use super::pass::Job;
use crate::lanes::Wide;
use crate::matrix::Matrix;
use rayon::prelude::*;

impl Job {
    /// ∂L/∂x.
    pub(super) fn defined_input_gradient<T: Wide>(&self, w: &[T], dy: &[T]) -> Vec<T> {
        let (image, positions, terms) = (self.grid.image(), self.positions(), self.terms());
        let mut dx = vec![T::default(); self.batch * self.groups * self.input()];
        dx.par_chunks_mut(self.input())
            .zip(dy.par_chunks(self.output()))
            .enumerate()
            .for_each(|(i, (dx, dy))| {
                let weights = self.filters * terms;
                let w = &w[i % self.groups * weights..][..weights];
                let w = Matrix::rows(w, terms).transposed();
                let shares = w.times(&Matrix::rows(dy, positions));
                for (term, shares) in shares.chunks(positions).enumerate() {
                    let (channel, place) = (term / self.grid.kernel(), term % self.grid.kernel());
                    for (position, &share) in shares.iter().enumerate() {
                        if let Some(pixel) = self.grid.pixel(place, position) {
                            dx[channel * image + pixel] += share;
                        }
                    }
                }
            });
        dx
    }

    /// What some examples add to ∂L/∂W.
    pub(super) fn defined_weight_gradient<T: Wide>(&self, x: &[T], dy: &[T]) -> Vec<T> {
        let (image, positions, terms) = (self.grid.image(), self.positions(), self.terms());
        let weights = self.filters * terms;
        let mut dw = vec![T::default(); self.groups * weights];
        let mut met = vec![T::default(); terms * positions];
        let examples = x.chunks(self.input()).zip(dy.chunks(self.output()));
        for (i, (x, dy)) in examples.enumerate() {
            for (term, met) in met.chunks_mut(positions).enumerate() {
                let (channel, place) = (term / self.grid.kernel(), term % self.grid.kernel());
                for (position, met) in met.iter_mut().enumerate() {
                    let pixel = self.grid.pixel(place, position);
                    *met = pixel.map_or(T::default(), |pixel| x[channel * image + pixel]);
                }
            }
            let met = Matrix::rows(&met, positions).transposed();
            let dw = &mut dw[i % self.groups * weights..][..weights];
            Matrix::rows(dy, positions).add_times(&met, dw);
        }
        dw
    }
}
