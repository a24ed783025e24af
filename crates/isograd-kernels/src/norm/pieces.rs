//! How the work is cut: into pieces whose size depends on nothing but the sizes of the tensor, so that
//! results do not depend on the number of threads.

use rayon::prelude::*;

/// Numbers that a thread takes at a time; below that, threads cost more than they bring.
pub(super) const PIECE: usize = 1 << 15;

/// Numbers that are read again while they are in the first cache.
pub(super) const BLOCK: usize = 1 << 12;

/// The largest multiple of `of` up to `limit`, at least one `of`.
pub(super) fn multiple(of: usize, limit: usize) -> usize {
    of * (limit / of).max(1)
}

/// What `f` makes of each piece, in order; one piece alone stays on this thread.
pub(super) fn each<A: Send, R: Send>(
    pieces: impl Iterator<Item = A>,
    f: impl Fn(A) -> R + Sync + Send,
) -> Vec<R> {
    let mut pieces: Vec<A> = pieces.collect();
    match pieces.len() {
        0 => Vec::new(),
        1 => pieces.drain(..).map(f).collect(),
        _ => pieces.into_par_iter().map(f).collect(),
    }
}
