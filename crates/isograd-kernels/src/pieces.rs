//! How the work is cut: into pieces whose size depends on nothing but the sizes of the tensor, so that
//! results do not depend on the number of threads.

use crate::Moments;
use crate::real::Real;
use crate::threads::wake;
use rayon::prelude::*;
use std::mem::MaybeUninit;

/// Numbers that a thread takes at a time; below that, threads cost more than they bring.
pub(crate) const PIECE: usize = 1 << 15;

/// Numbers that are read again while they are in the first cache.
pub(crate) const BLOCK: usize = 1 << 12;

/// The largest multiple of `of` up to `limit`, at least one `of`.
pub(crate) fn multiple(of: usize, limit: usize) -> usize {
    of * (limit / of).max(1)
}

/// What `f` makes of each piece, in order; one piece alone stays on this thread.
pub(crate) fn each<A: Send, R: Send>(
    mut pieces: impl Iterator<Item = A>,
    f: impl Fn(A) -> R + Sync + Send,
) -> Vec<R> {
    let Some(first) = pieces.next() else {
        return Vec::new();
    };
    let Some(second) = pieces.next() else {
        return vec![f(first)];
    };
    wake();
    let all: Vec<A> = [first, second].into_iter().chain(pieces).collect();
    all.into_par_iter().map(f).collect()
}

/// A vector of `count` numbers that `f` makes of zeros, given where they begin and what belongs to their
/// piece, a block of them after the other. The zeros are put there on the way: all of them at once would be
/// written by one thread and fetched again by the others.
#[allow(unsafe_code)]
pub(crate) fn made<T: Real, S: Default + Send>(
    count: usize,
    [piece, block]: [usize; 2],
    f: impl Fn(usize, &mut [T], &mut S) + Sync + Send,
) -> (Vec<T>, Vec<S>) {
    let mut values = Vec::with_capacity(count);
    let room = &mut values.spare_capacity_mut()[..count];
    let pieces = room.chunks_mut(piece.max(1)).enumerate();
    let states = each(pieces, |(i, room)| {
        let mut state = S::default();
        for (j, room) in room.chunks_mut(block.max(1)).enumerate() {
            room.fill(MaybeUninit::new(T::default()));
            // SAFETY: all of it has just been written.
            let zeros = unsafe { room.assume_init_mut() };
            f(i * piece + j * block, zeros, &mut state);
        }
        state
    });
    // SAFETY: every block of every piece has been written.
    unsafe { values.set_len(count) };
    (values, states)
}

/// The moments of all pieces, in their order.
pub(crate) fn merged(parts: impl IntoIterator<Item = Moments>) -> Moments {
    let parts = parts.into_iter();
    parts.fold(Moments::default(), Moments::merged)
}
