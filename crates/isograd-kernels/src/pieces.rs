//! How the work is cut: into pieces whose size depends on nothing but the sizes of the tensor, so that
//! results do not depend on the number of threads.

use crate::Moments;
use crate::threads::wake;
use rayon::prelude::*;

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

/// The moments of all pieces, in their order.
pub(crate) fn merged(parts: impl IntoIterator<Item = Moments>) -> Moments {
    let parts = parts.into_iter();
    parts.fold(Moments::default(), Moments::merged)
}
