//! Products on the grid, block by block of sums in registers.

use crate::fold::fold;
use crate::lanes::{Lanes, Wide, Work};

/// Weights that a block of sums reads before it is set aside: they and what they multiply stay in
/// the cache next to the processor.
const TERMS: usize = 256;

/// Positions that are multiplied with each other before the next: as many lines of them as a block
/// has stay in that cache.
const POSITIONS: usize = 512;

/// Filters of a block of sums, for so many filters: the fewest that are computed in vain.
pub(super) fn block(filters: usize) -> usize {
    if filters <= 4 {
        return 4;
    }
    // Of two that waste as little the larger block, which reads less.
    if filters.next_multiple_of(12) <= filters.next_multiple_of(8) {
        12
    } else {
        8
    }
}

/// Weights `[filters, terms]`, given one by one, as blocks `[block, term, filter of the block]`.
pub(super) fn packed<T: Wide>(
    filters: usize,
    terms: usize,
    weight: impl Fn(usize, usize) -> T,
) -> Vec<T> {
    let block = block(filters);
    let mut packed = vec![T::default(); filters.next_multiple_of(block) * terms];
    for (i, part) in packed.chunks_mut((block * terms).max(1)).enumerate() {
        for (term, part) in part.chunks_mut(block).enumerate() {
            for (j, to) in part.iter_mut().enumerate() {
                if i * block + j < filters {
                    *to = weight(i * block + j, term);
                }
            }
        }
    }
    packed
}

/// Runs the loop for blocks of so many filters by so many registers as a processor holds: one table, for
/// what one pass lays down another adds up.
macro_rules! by_block {
    ($work:ident, $X:ident) => {
        match ($X::MANY, $work.block) {
            (true, 4) => $work.blocks::<$X, 4, 6>(),
            (true, 8) => $work.blocks::<$X, 8, 3>(),
            (true, _) => $work.blocks::<$X, 12, 2>(),
            (false, _) => $work.blocks::<$X, 4, 3>(),
        }
    };
}

/// `sums[f, q]` = `start[f]` + Σ over terms t of `weights[f, t]` · `x[offsets[t] + q]`.
pub(super) struct Correlation<'a, T> {
    pub(super) x: &'a [T],
    pub(super) offsets: &'a [usize],
    /// As [`packed`] leaves them.
    pub(super) weights: &'a [T],
    /// One number a filter, whole blocks of them.
    pub(super) start: &'a [T],
    /// Filters of a block.
    pub(super) block: usize,
    /// How many q; those of a last block of registers that are more are computed too.
    pub(super) positions: usize,
    /// `[filters, room]`.
    pub(super) sums: &'a mut [T],
    /// Positions that there is room for.
    pub(super) room: usize,
}

impl<T: Wide> Work<T> for Correlation<'_, T> {
    #[inline(always)]
    fn run<X: Lanes<Number = T>>(mut self) {
        by_block!(self, X);
    }
}

impl<T: Wide> Correlation<'_, T> {
    #[inline(always)]
    fn blocks<X: Lanes<Number = T>, const F: usize, const V: usize>(&mut self) {
        let terms = self.offsets.len();
        for first in (0..terms.max(1)).step_by(TERMS) {
            let end = (first + TERMS).min(terms);
            for q in (0..self.positions).step_by(V * X::COUNT) {
                for filter in (0..self.start.len()).step_by(F) {
                    self.tile::<X, F, V>(first, end, filter, q);
                }
            }
        }
    }

    /// One block of sums, from one term to another.
    #[inline(always)]
    fn tile<X: Lanes<Number = T>, const F: usize, const V: usize>(
        &mut self,
        first: usize,
        end: usize,
        filter: usize,
        q: usize,
    ) {
        let mut sums = [[X::splat(T::default()); V]; F];
        for (f, sums) in sums.iter_mut().enumerate() {
            let line = &self.sums[(filter + f) * self.room + q..][..V * X::COUNT];
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = if first == 0 {
                    X::splat(self.start[filter + f])
                } else {
                    X::load(&line[v * X::COUNT..])
                };
            }
        }
        // A block of weights may be cut into narrower ones, where registers are few.
        let terms = self.offsets.len();
        let within = filter % self.block;
        let weights = &self.weights[(filter - within) * terms..][..self.block * terms];
        let weights = weights[first * self.block..end * self.block].chunks_exact(self.block);
        for (&offset, weights) in self.offsets[first..end].iter().zip(weights) {
            let x = &self.x[offset + q..][..V * X::COUNT];
            let mut lanes = [sums[0][0]; V];
            for (v, lanes) in lanes.iter_mut().enumerate() {
                *lanes = X::load(&x[v * X::COUNT..]);
            }
            let weights = &weights[within..within + F];
            for f in 0..F {
                let weight = X::splat(weights[f]);
                for v in 0..V {
                    sums[f][v] = lanes[v].times_plus(weight, sums[f][v]);
                }
            }
        }
        for (f, sums) in sums.iter().enumerate() {
            let line = &mut self.sums[(filter + f) * self.room + q..][..V * X::COUNT];
            for (v, sum) in sums.iter().enumerate() {
                sum.store(&mut line[v * X::COUNT..]);
            }
        }
    }
}

/// `weights[f, t]` += Σ over positions q of `y[f, q]` · `x[offsets[t] + q]`, some positions at a time.
pub(super) struct Slopes<'a, T> {
    pub(super) x: &'a [T],
    pub(super) offsets: &'a [usize],
    /// `[filters, plane]`, whole blocks of filters, zeros where there is nothing.
    pub(super) y: &'a [T],
    /// Where the positions of y begin in a plane.
    pub(super) margin: usize,
    pub(super) plane: usize,
    /// Filters of a block.
    pub(super) block: usize,
    pub(super) positions: usize,
    /// Whether nothing was summed before.
    pub(super) first: bool,
    /// Whether nothing will be summed behind: the lanes are added up.
    pub(super) last: bool,
    /// Sums lane by lane, as many as [`lane_sums`] says, from one time to the next.
    pub(super) sums: &'a mut [T],
    /// `[filters, terms]`.
    pub(super) weights: &'a mut [T],
}

/// Largest number of terms in a block of [`Slopes`].
const WIDEST: usize = 6;
/// Largest number of lanes.
const LANES: usize = 16;

/// Room for the partial sums of a weight gradient: those of one block where all is done in one go.
pub(super) fn lane_sums(filters: usize, terms: usize, in_one: bool) -> usize {
    let [filters, terms] = if in_one { [1, 1] } else { [filters, terms] };
    filters.next_multiple_of(block(filters)) * terms.next_multiple_of(WIDEST) * LANES
}

impl<T: Wide> Work<T> for Slopes<'_, T> {
    #[inline(always)]
    fn run<X: Lanes<Number = T>>(mut self) {
        by_block!(self, X);
    }
}

/// What a tile of [`Slopes`] is of.
#[derive(Clone, Copy)]
struct Tile {
    filter: usize,
    term: usize,
    /// Positions: the first, and how many.
    first: usize,
    count: usize,
    /// Where its sums are.
    place: usize,
    fresh: bool,
    done: bool,
}

impl<T: Wide> Slopes<'_, T> {
    /// Whether the sums over so many positions are done block by block, where they are all.
    pub(super) fn in_one(positions: usize) -> bool {
        positions.next_multiple_of(LANES) <= POSITIONS
    }

    #[inline(always)]
    fn blocks<X: Lanes<Number = T>, const F: usize, const V: usize>(&mut self) {
        let filters = self.y.len() / self.plane;
        let terms = self.offsets.len();
        let end = self.positions.next_multiple_of(X::COUNT);
        for first in (0..end).step_by(POSITIONS) {
            let count = POSITIONS.min(end - first);
            let mut tile = Tile {
                filter: 0,
                term: 0,
                first,
                count,
                place: 0,
                fresh: self.first && first == 0,
                done: self.last && first + count == end,
            };
            for filter in (0..filters).step_by(F) {
                for term in (0..terms).step_by(V) {
                    (tile.filter, tile.term) = (filter, term);
                    self.tile::<X, F, V>(tile);
                    // What is fresh and done was kept for nobody.
                    if !(tile.fresh && tile.done) {
                        tile.place += F * V * X::COUNT;
                    }
                }
            }
        }
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    fn tile<X: Lanes<Number = T>, const F: usize, const V: usize>(&mut self, tile: Tile) {
        // Sums leave their registers and come back with places that are known here: an array whose
        // places are counted out at run time would be kept in memory, through the loop too.
        let mut sums = [[X::splat(T::default()); V]; F];
        if !tile.fresh {
            let room = &self.sums[tile.place..][..F * V * X::COUNT];
            for f in 0..F {
                for v in 0..V {
                    sums[f][v] = X::load(&room[(f * V + v) * X::COUNT..]);
                }
            }
        }
        // Terms after the last are the last once more; nobody reads their sums.
        let last = self.offsets.len() - 1;
        let x: [&[T]; V] = std::array::from_fn(|v| {
            let offset = self.offsets[(tile.term + v).min(last)];
            &self.x[offset + tile.first..][..tile.count]
        });
        let y: [&[T]; F] = std::array::from_fn(|f| {
            let line = (tile.filter + f) * self.plane + self.margin;
            &self.y[line + tile.first..][..tile.count]
        });
        for q in (0..tile.count).step_by(X::COUNT) {
            let part = q..q + X::COUNT;
            let mut lanes = [sums[0][0]; V];
            for (lanes, x) in lanes.iter_mut().zip(x) {
                // SAFETY: all lines have `count` numbers, which is whole registers.
                *lanes = X::load(unsafe { x.get_unchecked(part.clone()) });
            }
            for f in 0..F {
                // SAFETY: as above.
                let y = X::load(unsafe { y[f].get_unchecked(part.clone()) });
                for v in 0..V {
                    sums[f][v] = lanes[v].times_plus(y, sums[f][v]);
                }
            }
        }
        let room = &mut self.sums[tile.place..][..F * V * X::COUNT];
        for f in 0..F {
            for v in 0..V {
                sums[f][v].store(&mut room[(f * V + v) * X::COUNT..]);
            }
        }
        if !tile.done {
            return;
        }
        let terms = self.offsets.len();
        let lines = self.weights.chunks_exact_mut(terms).skip(tile.filter);
        for (line, sums) in lines.zip(room.chunks_exact(V * X::COUNT)) {
            let sums = sums.chunks_exact(X::COUNT);
            for (weight, sum) in line[tile.term..].iter_mut().zip(sums) {
                *weight += total(X::load(sum));
            }
        }
    }
}

/// Sum of the lanes.
#[inline(always)]
fn total<X: Lanes>(lanes: X) -> X::Number {
    let mut sums = [X::Number::default(); LANES];
    lanes.store(&mut sums);
    fold(sums)
}
