//! The passes of a layer over many rows: a part of them is multiplied and goes through what comes before or
//! behind the product while it is in the cache, on whatever thread.

use super::pass::{Forward, Gradient, Job};
use crate::Moments;
use crate::curve::{Curved, Rows, Seen, merged};
use crate::matrix::Matrix;
use crate::pieces::{PIECE, each};

/// Rows of a part: the product of so many takes no longer than their share of the whole one.
const PART: usize = 256;

/// Parts of which a layer over many rows has at least so many: enough for threads that are not equally
/// fast.
const PARTS: usize = 8;

/// Weights of which such a layer has at least so many: with fewer, a part is too little work.
const WEIGHTS: usize = 1 << 12;

/// Sums over rows that are added up in the end, at most: each is as large as the weight.
const SUMS: usize = 16;

impl<T: Curved> Gradient<'_, T> {
    /// In parts of so many numbers.
    fn cut(&mut self, part: usize) -> Vec<Gradient<'_, T>> {
        match self {
            Self::Behind(d, saved) => {
                let parts = d.chunks_mut(part).zip(saved.chunks(part));
                parts.map(|(d, saved)| Gradient::Behind(d, saved)).collect()
            }
            Self::Before(d) => d.chunks(part).map(Gradient::Before).collect(),
        }
    }

    /// Goes before φ, on this thread; adds its rows to `sums`.
    fn pass_part(&mut self, pass: Rows, sums: Option<&mut [T]>) -> Seen {
        match self {
            Self::Behind(d, saved) => pass.backward_part(saved, d, sums),
            Self::Before(d) => [pass.read_part(d, sums), Moments::default()],
        }
    }
}

impl Job<'_> {
    /// Whether there are rows enough to be shared out.
    pub(super) fn is_long(&self) -> bool {
        self.rows >= PARTS * PART && self.inputs * self.units >= WEIGHTS
    }

    /// φ(x W + b) part by part, into numbers of its own with `both`, and the first numbers of x W + b
    /// into `sample`.
    pub(super) fn forward_parts<T: Curved>(
        &self,
        x: &[T],
        weight: &[T],
        bias: Option<&[T]>,
        both: bool,
        look: [bool; 2],
        sample: &mut [T],
    ) -> Forward<T> {
        let weight = Matrix::rows(weight, self.units);
        let (size, part) = (self.rows * self.units, PART * self.units);
        let mut z = Vec::with_capacity(size);
        let mut y = both.then(|| Vec::with_capacity(size));
        let mut to = y
            .as_mut()
            .map(|y| y.spare_capacity_mut()[..size].chunks_mut(part));
        let mut samples = sample.chunks_mut(part);
        let parts = z.spare_capacity_mut()[..size].chunks_mut(part);
        let parts = parts
            .zip(x.chunks(PART * self.inputs))
            .map(|(z, x)| (x, z, to.as_mut().and_then(Iterator::next), samples.next()));
        let seen = each(parts, |(x, z, y, sample)| {
            let z = Matrix::rows(x, self.inputs).times_into(&weight, z);
            if let Some(sample) = sample {
                sample.copy_from_slice(&z[..sample.len()]);
                if let Some(bias) = bias {
                    T::add_to_rows(sample, bias);
                }
            }
            self.pass(look).forward_part(z, y, bias)
        });
        // SAFETY: each has room for `size` numbers, and the parts, which together are all of them, have
        // been written: z by the product, y by the pass.
        #[allow(unsafe_code)]
        unsafe {
            z.set_len(size);
            if let Some(y) = &mut y {
                y.set_len(size);
            }
        }
        let seen = seen.into_iter().fold(Seen::default(), merged);
        Forward { z, y, seen }
    }

    /// The gradients with respect to x, weight and bias, as far as they are needed, and what was seen of
    /// those behind and before φ. Sums over rows are cut in the same way for any number of threads.
    pub(super) fn backward_parts<T: Curved>(
        &self,
        [x, weight]: [&[T]; 2],
        d: &mut Gradient<'_, T>,
        needed: [bool; 3],
        look: [bool; 2],
    ) -> (Seen, [Option<Vec<T>>; 3]) {
        let (inputs, units) = (self.inputs, self.units);
        let weight = Matrix::rows(weight, units).transposed();
        let sums = (self.rows / (2 * PART)).min(SUMS);
        let rows = self.rows.div_ceil(sums).next_multiple_of(PART);
        let size = self.rows * inputs;
        let mut dx = needed[0].then(|| Vec::with_capacity(size));
        let mut to = dx
            .as_mut()
            .map(|dx| dx.spare_capacity_mut()[..size].chunks_mut(rows * inputs));
        let parts = d.cut(rows * units).into_iter().zip(x.chunks(rows * inputs));
        let parts = parts.map(|(d, x)| (d, x, to.as_mut().and_then(Iterator::next)));
        let pass = self.pass(look);
        let found = each(parts, |(mut d, x, dx)| {
            let mut seen = Seen::default();
            let mut db = needed[2].then(|| vec![T::default(); units]);
            let mut dw: Option<Vec<T>> = None;
            let mut dx = dx.map(|dx| dx.chunks_mut(PART * inputs));
            let parts = d.cut(PART * units).into_iter().zip(x.chunks(PART * inputs));
            for (mut d, x) in parts {
                seen = merged(seen, d.pass_part(pass, db.as_deref_mut()));
                let d = Matrix::rows(d.numbers(), units);
                if let Some(dx) = dx.as_mut().and_then(Iterator::next) {
                    d.times_into(&weight, dx);
                }
                if needed[1] {
                    let x = Matrix::rows(x, inputs).transposed();
                    match &mut dw {
                        None => dw = Some(x.times_alone(&d)),
                        Some(dw) => x.add_times(&d, dw),
                    }
                }
            }
            (seen, dw, db)
        });
        if let Some(dx) = &mut dx {
            // SAFETY: it has room for `size` numbers, and the products of the parts, which together are
            // all of them, have been written.
            #[allow(unsafe_code)]
            unsafe {
                dx.set_len(size);
            }
        }
        let mut seen = Seen::default();
        let (mut of_weight, mut of_bias) = (Vec::new(), Vec::new());
        for (part, dw, db) in found {
            seen = merged(seen, part);
            of_weight.extend(dw);
            of_bias.extend(db);
        }
        (seen, [dx, summed(of_weight), summed(of_bias)])
    }
}

/// The sum of all, in their order.
fn summed<T: Curved>(parts: Vec<Vec<T>>) -> Option<Vec<T>> {
    let mut parts = parts.into_iter();
    let mut sum = parts.next()?;
    let others: Vec<Vec<T>> = parts.collect();
    each(sum.chunks_mut(PIECE).enumerate(), |(i, sum)| {
        for other in &others {
            T::add_rows(&other[i * PIECE..][..sum.len()], sum);
        }
    });
    Some(sum)
}
