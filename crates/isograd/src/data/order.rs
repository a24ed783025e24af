//! Which rows, in which order: every choice is a function of the seed and the number of rows.

use isograd_core::random::{Purpose, Stream, stream};
use rand::RngExt as _;

/// The order of `n` training rows in an epoch: a permutation of 0‥n keyed by (seed, epoch).
pub fn order(seed: u64, epoch: u64, n: usize) -> Vec<u32> {
    permutation(&mut stream(seed, Purpose::Order, "", epoch), n)
}

/// The rows as they are in the file, for descriptions with `shuffle = false`.
pub fn in_order(n: usize) -> Vec<u32> {
    (0..n as u32).collect()
}

/// `count` distinct rows of `n` on which the probe measures (all of them if there are no more).
///
/// The rows for a smaller count are the first of those for a larger one.
pub fn probe_rows(seed: u64, n: usize, count: usize) -> Vec<u32> {
    let mut rows = permutation(&mut stream(seed, Purpose::Probe, "", 0), n);
    rows.truncate(count);
    rows
}

/// Draws `fraction` of `n` rows with the seed; returns those that stay and those taken, both in
/// ascending order.
///
/// The number taken is rounded to the nearest, but from two rows on both sides get at least one
/// (a fraction of 0 takes none). It depends on nothing but (`seed`, `path`, `fraction`, `n`).
pub fn split_rows(seed: u64, path: &str, fraction: f64, n: usize) -> (Vec<u32>, Vec<u32>) {
    let wanted = (fraction.clamp(0.0, 1.0) * n as f64).round() as usize;
    let taken = if n < 2 || fraction <= 0.0 {
        0
    } else {
        wanted.clamp(1, n - 1)
    };
    let mut rows = permutation(&mut stream(seed, Purpose::Split, path, 0), n);
    let mut stay = rows.split_off(taken);
    rows.sort_unstable();
    stay.sort_unstable();
    (stay, rows)
}

/// Fisher–Yates shuffle of 0‥n.
pub(super) fn permutation(random: &mut Stream, n: usize) -> Vec<u32> {
    let mut rows = in_order(n);
    for last in (1..n).rev() {
        rows.swap(last, random.random_range(0..=last));
    }
    rows
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_order_is_a_permutation(seed: u64, epoch: u64, n in 0usize..300) {
            let mut rows = order(seed, epoch, n);
            prop_assert_eq!(&rows, &order(seed, epoch, n));
            rows.sort_unstable();
            prop_assert_eq!(rows, in_order(n));
        }

        #[test]
        fn a_split_is_a_partition(seed: u64, fraction in 0.001f64..1.0, n in 0usize..300) {
            let (stay, taken) = split_rows(seed, "valid", fraction, n);
            prop_assert_eq!(&taken, &split_rows(seed, "valid", fraction, n).1);
            let mut all: Vec<u32> = stay.iter().chain(&taken).copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, in_order(n));
            prop_assert!(n < 2 || (!stay.is_empty() && !taken.is_empty()));
        }

        #[test]
        fn fewer_probe_rows_are_the_first_of_more(seed: u64, n in 0usize..300, few in 0usize..50) {
            let many = probe_rows(seed, n, 2 * few);
            prop_assert_eq!(&many[..few.min(n)], &probe_rows(seed, n, few)[..]);
        }
    }

    #[test]
    fn every_row_comes_first_equally_often() {
        // 10,000 epochs of 5 rows: each leads 2,000 times, standard deviation √(n p q) = 40.
        let mut leads = [0i32; 5];
        for epoch in 0..10_000 {
            leads[order(7, epoch, 5)[0] as usize] += 1;
        }
        assert!(
            leads.iter().all(|&n| (n - 2000).abs() < 5 * 40),
            "{leads:?}"
        );
    }

    #[test]
    fn orders_are_those_of_the_first_release() {
        // A changed order silently changes every seeded run.
        assert_eq!(order(1, 0, 8), [4, 6, 5, 1, 7, 0, 2, 3]);
    }
}
