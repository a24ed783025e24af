//! The passes of a normalisation over rows: one forward, one backward.

use super::Rows;
use crate::Moments;
use crate::norm::number::Number;
use crate::norm::shown::Shown;
use crate::pieces::{BLOCK, PIECE, each, made, multiple};
use burn::tensor::Shape;

impl Rows {
    /// Units of all the rows of an example.
    pub(super) fn all_units(&self) -> usize {
        self.groups * self.units()
    }

    /// Rows of a block and of a piece.
    fn cut(&self) -> [usize; 2] {
        let block = multiple(self.elements, BLOCK);
        let piece = multiple(block, PIECE.max(32 * self.all_units()));
        [block / self.elements, piece / self.elements]
    }

    /// The output; mean (or 0) and 1/√(variance + ε) of every row.
    pub(super) fn forward<T: Number>(
        &self,
        x: &[T],
        maps: [&[T]; 2],
        shape: &Shape,
        shown: Shown<'_>,
    ) -> (Vec<T>, Vec<T>) {
        let n = self.elements;
        let [block, piece] = self.cut();
        let (output, parts) = made(
            x.len(),
            [piece * n, block * n],
            |at, y, (statistics, seen): &mut (Vec<T>, Moments)| {
                let done = statistics.len();
                statistics.resize(done + 2 * (y.len() / n), T::default());
                let (x, of_block) = (&x[at..at + y.len()], &mut statistics[done..]);
                T::rows(x, *self, at / n, maps, y, of_block);
                *seen = seen.merged(shown.moments(y));
            },
        );
        let (statistics, parts): (Vec<Vec<T>>, Vec<Moments>) = parts.into_iter().unzip();
        let statistics = statistics.concat();
        shown.tell(shape, parts.into_iter(), &output);
        (output, statistics)
    }

    /// `d`, the gradient of the output, becomes that of the input; returned are those of γ and β.
    pub(super) fn backward<T: Number>(
        &self,
        x: &[T],
        gamma: &[T],
        statistics: &[T],
        d: &mut [T],
        shape: &Shape,
        shown: Shown<'_>,
    ) -> [Vec<T>; 2] {
        let (n, units) = (self.elements, self.all_units());
        if shown.values() {
            // They are about to be written over.
            shown.tell(shape, std::iter::once(T::sizes(d)), d);
        }
        let [block, piece] = self.cut();
        let pieces = d
            .chunks_mut(piece * n)
            .zip(x.chunks(piece * n))
            .zip(statistics.chunks(2 * piece));
        let parts = each(pieces.enumerate(), |(i, ((d, x), statistics))| {
            let mut sums = [vec![0.0; units], vec![0.0; units]];
            let mut of_block = [vec![T::default(); units], vec![T::default(); units]];
            let mut seen = Moments::default();
            let blocks = d
                .chunks_mut(block * n)
                .zip(x.chunks(block * n))
                .zip(statistics.chunks(2 * block));
            for (j, ((d, x), statistics)) in blocks.enumerate() {
                seen = seen.merged(shown.moments(d));
                let [to_gamma, to_beta] = &mut of_block;
                let first = i * piece + j * block;
                T::rows_gradient(d, x, *self, first, statistics, gamma, [to_gamma, to_beta]);
                // A block's sums are short; those of all blocks need more digits.
                for (sums, of_block) in sums.iter_mut().zip(&mut of_block) {
                    for (sum, term) in sums.iter_mut().zip(of_block) {
                        *sum += term.wide();
                        *term = T::default();
                    }
                }
            }
            (sums, seen)
        });
        if !shown.values() {
            shown.tell(shape, parts.iter().map(|(_, seen)| *seen), d);
        }
        let mut all = [vec![0.0; units], vec![0.0; units]];
        for (sums, _) in parts {
            for (all, sums) in all.iter_mut().zip(sums) {
                for (sum, term) in all.iter_mut().zip(sums) {
                    *sum += term;
                }
            }
        }
        all.map(|sums| sums.into_iter().map(T::of).collect())
    }
}
