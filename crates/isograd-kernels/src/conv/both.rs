//! Both gradients of a convolution in one pass over the examples: the gradient of the output is laid on the
//! grid once.

use super::pass::{Job, add, written};
use crate::Moments;
use crate::lanes::Wide;
use crate::pieces::merged;
use crate::threads::wake;
use rayon::prelude::*;

impl Job {
    /// Whether that can be done, with these weights, on so many threads: it shares out parts, of which there
    /// are few.
    pub(super) fn takes_both<T: Wide>(&self, w: &[T], threads: usize) -> bool {
        let nothing = [
            self.batch,
            self.groups,
            self.input(),
            self.output(),
            w.len(),
        ]
        .contains(&0);
        // What is not finite must not meet the zeros between images.
        threads * 2 <= self.batch.div_ceil(self.part().max(1))
            && !nothing
            && !self.plain
            && w.iter().all(|w| w.wide().is_finite())
    }

    /// ∂L/∂x, ∂L/∂W and the moments of `dy`, if they are wanted: the same numbers as one by one.
    pub(super) fn gradients<T: Wide>(
        &self,
        x: &[T],
        w: &[T],
        dy: &[T],
        wanted: bool,
    ) -> (Vec<T>, Vec<T>, Moments) {
        let turned = self.turned(w);
        let [inputs, outputs] =
            [self.input(), self.output()].map(|n| self.part() * self.groups * n);
        let mut dw = vec![T::default(); w.len()];
        let mut moments = Moments::default();
        wake();
        let dx = written(x.len(), |dx| {
            let parts = dx
                .par_chunks_mut(inputs)
                .zip(x.par_chunks(inputs))
                .zip(dy.par_chunks(outputs));
            let parts = parts
                .map(|((dx, x), dy)| self.part_of_gradients(x, dy, Some((&turned, dx)), wanted));
            let (parts, seen): (Vec<Vec<T>>, Vec<Moments>) = parts.unzip();
            add(&mut dw, &parts);
            moments = merged(seen);
        });
        (dx, dw, moments)
    }
}
