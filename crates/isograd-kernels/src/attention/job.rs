//! The products of an attention, head by head, a block of steps at a time.

use crate::matrix::Matrix;
use crate::softmax::rows::{Number, Seen};
use crate::threads::wake;
use rayon::prelude::*;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// Steps whose scores are computed together: they stay in the cache, and of the scores that causal
/// attention hides, those behind the block are not computed.
const BLOCK: usize = 32;

/// Multiplications below which one thread does everything.
const GRAIN: usize = 1 << 17;

/// Where the numbers of queries, keys or values lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Numbers from step to step.
    pub(super) stride: usize,
    /// Where the first head begins in a step.
    pub(super) offset: usize,
}

/// The sizes of an attention.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) batch: usize,
    pub(super) steps: usize,
    /// Steps that are looked at.
    pub(super) keys: usize,
    pub(super) heads: usize,
    /// Features of one head.
    pub(super) width: usize,
    pub(super) causal: bool,
    pub(super) query: Place,
    pub(super) key: Place,
    pub(super) value: Place,
}

/// What an attention reads.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a, T> {
    pub(super) queries: &'a [T],
    /// Keys and values; of self-attention the same as `queries`.
    pub(super) memory: &'a [T],
    /// What the weights are multiplied by, `[batch, heads, steps, keys]`.
    pub(super) mask: Option<&'a [T]>,
}

/// A tensor of which every head writes its own columns, from whatever thread.
#[derive(Clone, Copy)]
struct Shared<'a, T> {
    start: *mut T,
    length: usize,
    borrowed: PhantomData<&'a mut [T]>,
}

// SAFETY: no thread reads or writes but through `put`, whose callers keep to their own columns.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for Shared<'_, T> {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl<T: Send> Send for Shared<'_, T> {}

impl<'a, T: Number> Shared<'a, T> {
    /// A tensor of so many numbers, which need not be there yet.
    fn new(tensor: &'a mut Vec<T>, length: usize) -> Self {
        tensor.reserve_exact(length.saturating_sub(tensor.len()));
        Self {
            start: tensor.as_mut_ptr(),
            length,
            borrowed: PhantomData,
        }
    }

    /// Writes a · b from `at` on, rows `stride` apart, or adds it to what is there.
    ///
    /// # Safety
    ///
    /// Nobody else may write these elements meanwhile, and what is added to must have been written.
    #[allow(unsafe_code)]
    unsafe fn put(self, at: usize, stride: usize, a: Matrix<'_, T>, b: Matrix<'_, T>, add: bool) {
        if a.rows == 0 || b.columns == 0 {
            return;
        }
        let end = at + (a.rows - 1) * stride + b.columns;
        assert!(
            end <= self.length,
            "the product ends at {end} of {}",
            self.length
        );
        // SAFETY: all elements lie in the room of the tensor, as just checked; the caller has them alone.
        unsafe { a.times_to(&b, self.start.add(at), stride, add) }
    }
}

impl Job {
    fn scores(&self) -> usize {
        self.steps * self.keys
    }

    fn scale<T: Number>(&self) -> T {
        T::of((self.width as f64).sqrt().recip())
    }

    /// Where a head begins.
    fn start(&self, head: usize, place: Place, length: usize) -> usize {
        let (example, head) = (head / self.heads, head % self.heads);
        example * length * place.stride + place.offset + head * self.width
    }

    /// Steps `range` of a head.
    fn part<'a, T: Number>(
        &self,
        values: &'a [T],
        start: usize,
        place: Place,
        [first, end]: [usize; 2],
    ) -> Matrix<'a, T> {
        Matrix {
            values: &values[(start + first * place.stride).min(values.len())..],
            rows: end - first,
            columns: self.width,
            row_stride: place.stride,
            column_stride: 1,
        }
    }

    /// The blocks of steps: first, end, and how many keys they see.
    fn blocks(self) -> impl DoubleEndedIterator<Item = [usize; 3]> {
        (0..self.steps).step_by(BLOCK).map(move |first| {
            let end = self.steps.min(first + BLOCK);
            let seen = if self.causal {
                self.keys.min(end)
            } else {
                self.keys
            };
            [first, end, seen]
        })
    }

    /// Whether one thread should do everything.
    fn is_small(&self) -> bool {
        self.batch * self.heads * self.scores() * self.width < GRAIN
    }

    /// softmax(Q Kᵀ/√d) V, `[batch, steps, features]`, and the weights,
    /// `[batch, heads, steps, keys]`.
    #[allow(unsafe_code)]
    pub(super) fn forward<T: Number>(&self, inputs: Inputs<'_, T>) -> (Vec<T>, Vec<T>) {
        let out = Place {
            stride: self.heads * self.width,
            offset: 0,
        };
        let sizes = [
            self.batch * self.steps * out.stride,
            self.batch * self.heads * self.scores(),
        ];
        if self.scores() == 0 {
            return (vec![T::ZERO; sizes[0]], Vec::new());
        }
        let (mut y, mut all) = (Vec::new(), Vec::with_capacity(sizes[1]));
        let to = Shared::new(&mut y, sizes[0]);
        let one = |room: &mut Vec<T>, (head, weights): (usize, &mut [MaybeUninit<T>])| {
            // Of a causal attention not all of it is written.
            weights.fill(MaybeUninit::new(T::ZERO));
            // SAFETY: it has just been written.
            let weights = unsafe { weights.assume_init_mut() };
            let query = self.start(head, self.query, self.steps);
            let key = self.start(head, self.key, self.keys);
            let value = self.start(head, self.value, self.keys);
            let y = self.start(head, out, self.steps);
            let mask = self.mask(inputs.mask, head);
            for [first, end, seen] in self.blocks() {
                let queries = self.part(inputs.queries, query, self.query, [first, end]);
                let keys = self.part(inputs.memory, key, self.key, [0, seen]);
                let values = self.part(inputs.memory, value, self.value, [0, seen]);
                let block = &mut weights[first * self.keys..end * self.keys];
                // SAFETY: the block holds the product, and it is borrowed mutably.
                unsafe {
                    queries.times_to(&keys.transposed(), block.as_mut_ptr(), self.keys, false);
                }
                T::softmax_rows(block, self.seen(first, seen), self.scale());
                let block = masked(room, block, mask, first * self.keys);
                let block = Matrix {
                    values: block,
                    rows: end - first,
                    columns: seen,
                    row_stride: self.keys,
                    column_stride: 1,
                };
                let at = y + first * out.stride;
                // SAFETY: these columns of these steps are this head's alone.
                unsafe { to.put(at, out.stride, block, values, false) };
            }
        };
        let heads = &mut all.spare_capacity_mut()[..sizes[1]];
        if self.is_small() {
            let mut room = Vec::new();
            let heads = heads.chunks_mut(self.scores()).enumerate();
            heads.for_each(|head| one(&mut room, head));
        } else {
            wake();
            let heads = heads.par_chunks_mut(self.scores()).enumerate();
            heads.for_each_init(Vec::new, one);
        }
        // SAFETY: both have the room. Every head has written its weights and its columns of every step,
        // and the heads are all columns.
        unsafe {
            y.set_len(sizes[0]);
            all.set_len(sizes[1]);
        }
        (y, all)
    }

    /// Which weights of a block are not 0.
    fn seen(&self, first: usize, most: usize) -> Seen {
        Seen {
            stride: self.keys,
            first: if self.causal { first + 1 } else { most },
            more: usize::from(self.causal),
            most,
        }
    }

    fn mask<'a, T>(&self, mask: Option<&'a [T]>, head: usize) -> Option<&'a [T]> {
        mask.map(|mask| &mask[head * self.scores()..][..self.scores()])
    }

    /// The gradients with respect to what was read, `queries` and `memory`; of self-attention the
    /// second is empty.
    #[allow(unsafe_code)]
    pub(super) fn backward<T: Number>(
        &self,
        inputs: Inputs<'_, T>,
        weights: &[T],
        dy: &[T],
        alone: bool,
    ) -> (Vec<T>, Vec<T>) {
        let out = Place {
            stride: self.heads * self.width,
            offset: 0,
        };
        let sizes = [
            inputs.queries.len(),
            if alone { 0 } else { inputs.memory.len() },
        ];
        if self.scores() == 0 {
            return sizes.map(|size| vec![T::ZERO; size]).into();
        }
        let (mut d_queries, mut d_memory) = (Vec::new(), Vec::new());
        let to_queries = Shared::new(&mut d_queries, sizes[0]);
        let to_memory = if alone {
            to_queries
        } else {
            if self.causal && self.keys > self.steps {
                // Nobody sees the last ones.
                d_memory.resize(sizes[1], T::ZERO);
            }
            Shared::new(&mut d_memory, sizes[1])
        };
        let one = |(slopes, room): &mut (Vec<T>, Vec<T>), (head, weights): (usize, &[T])| {
            let query = self.start(head, self.query, self.steps);
            let key = self.start(head, self.key, self.keys);
            let value = self.start(head, self.value, self.keys);
            let y = self.start(head, out, self.steps);
            let mask = self.mask(inputs.mask, head);
            // The last block sees all keys: it writes what the others add to.
            for [first, end, seen] in self.blocks().rev() {
                let queries = self.part(inputs.queries, query, self.query, [first, end]);
                let keys = self.part(inputs.memory, key, self.key, [0, seen]);
                let values = self.part(inputs.memory, value, self.value, [0, seen]);
                let dy = self.part(dy, y, out, [first, end]);
                let block = &weights[first * self.keys..end * self.keys];
                let rows = end - first;
                slopes.resize(rows * seen, T::ZERO);
                // SAFETY: `slopes` has room for the product and is borrowed mutably.
                unsafe {
                    dy.times_to(&values.transposed(), slopes.as_mut_ptr(), seen, false);
                }
                if let Some(mask) = mask {
                    let mask = mask[first * self.keys..].chunks(self.keys);
                    for (slopes, mask) in slopes.chunks_mut(seen).zip(mask) {
                        times(slopes, mask);
                    }
                }
                T::softmax_rows_backward(block, slopes, self.seen(first, seen), self.scale());
                let block = masked(room, block, mask, first * self.keys);
                let block = Matrix {
                    values: block,
                    rows,
                    columns: seen,
                    row_stride: self.keys,
                    column_stride: 1,
                };
                let slopes = Matrix::rows(slopes, seen);
                let at = query + first * self.query.stride;
                let more = end < self.steps;
                // SAFETY: these columns of queries, keys and values are this head's alone, and of keys and
                // values the last block has written all.
                unsafe {
                    to_queries.put(at, self.query.stride, slopes, keys, false);
                    to_memory.put(key, self.key.stride, slopes.transposed(), queries, more);
                    to_memory.put(value, self.value.stride, block.transposed(), dy, more);
                }
            }
        };
        if self.is_small() {
            let mut room = Default::default();
            let heads = weights.chunks(self.scores()).enumerate();
            heads.for_each(|head| one(&mut room, head));
        } else {
            wake();
            let heads = weights.par_chunks(self.scores()).enumerate();
            heads.for_each_init(Default::default, one);
        }
        // SAFETY: both have the room. Every head has written its columns of every step, as queries, keys and
        // values, and the heads are all columns.
        unsafe {
            d_queries.set_len(sizes[0]);
            d_memory.set_len(sizes[1]);
        }
        (d_queries, d_memory)
    }
}

/// The weights times their mask, if there is one; `first` is where they begin in it.
fn masked<'a, T: Number>(
    room: &'a mut Vec<T>,
    weights: &'a [T],
    mask: Option<&[T]>,
    first: usize,
) -> &'a [T] {
    let Some(mask) = mask else {
        return weights;
    };
    room.clear();
    room.extend(weights.iter().zip(&mask[first..]).map(|(&w, &m)| w * m));
    room
}

fn times<T: Number>(values: &mut [T], factors: &[T]) {
    for (value, &factor) in values.iter_mut().zip(factors) {
        *value = *value * factor;
    }
}
