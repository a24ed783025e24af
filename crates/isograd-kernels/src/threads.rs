//! The threads that share the work of a training.
//!
//! A step of a network has hundreds of operations of some tens of microseconds, and a thread that sleeps
//! needs about as long to wake up as it would have worked. So the thread that trains is one of those that
//! work, and the others wait for a while with open eyes before they sleep, as those of OpenMP do.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

/// What a thread waits for work before it sleeps: longer than what lies between two operations that are
/// shared, in which the others have nothing to do, and too short to be seen in what a machine uses.
const PATIENCE: Duration = Duration::from_micros(300);

/// Pauses of the processor from one look for work to the next.
const PAUSES: usize = 32;

/// Starts `threads` threads for the whole program, this one among them; `None`: as many as
/// `RAYON_NUM_THREADS` says or the machine has. To be called once, by the thread that trains.
///
/// # Errors
/// Where the threads cannot be started, or were already.
pub fn start(threads: Option<usize>) -> Result<(), rayon::ThreadPoolBuildError> {
    let mut builder = rayon::ThreadPoolBuilder::new().use_current_thread();
    if let Some(threads) = threads {
        builder = builder.num_threads(threads);
    }
    builder.build_global()
}

thread_local! {
    /// Those that help this thread, while it trains.
    static HELPERS: RefCell<Option<Arc<Helpers>>> = const { RefCell::new(None) };
}

/// The threads that help another one.
#[derive(Debug)]
struct Helpers {
    /// How many are awake, or will be.
    awake: AtomicUsize,
    wanted: usize,
    /// Whom they help.
    whom: usize,
}

/// As long as it lives, the other threads of the pool in which it was made stay awake between operations.
/// Without threads to spare for that, it does nothing.
#[derive(Debug)]
pub struct Awake {
    before: Option<Arc<Helpers>>,
}

impl Awake {
    /// For this thread.
    pub fn new() -> Self {
        let threads = rayon::current_num_threads();
        let processors = available_parallelism().map_or(1, usize::from);
        let helpers = rayon::current_thread_index()
            .filter(|_| (2..=processors).contains(&threads))
            .map(|whom| {
                Arc::new(Helpers {
                    awake: AtomicUsize::new(0),
                    wanted: threads - 1,
                    whom,
                })
            });
        Self {
            before: HELPERS.replace(helpers),
        }
    }
}

impl Default for Awake {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        HELPERS.set(self.before.take());
    }
}

/// Wakes those that sleep: to be called where work is about to be shared.
pub fn wake() {
    HELPERS.with_borrow(|helpers| {
        let Some(helpers) = helpers else { return };
        while helpers.awake.load(Ordering::Relaxed) < helpers.wanted {
            helpers.awake.fetch_add(1, Ordering::Relaxed);
            let helpers = Arc::clone(helpers);
            rayon::spawn(move || help(&helpers));
        }
    });
}

/// Works as long as there is something to do now and then.
fn help(helpers: &Helpers) {
    let mut since = Instant::now();
    // Who is helped meets this where it waits for others: it is to go on as soon as they are done.
    while rayon::current_thread_index() != Some(helpers.whom) {
        match rayon::yield_now() {
            Some(rayon::Yield::Executed) => since = Instant::now(),
            Some(rayon::Yield::Idle) if since.elapsed() < PATIENCE => {
                (0..PAUSES).for_each(|_| std::hint::spin_loop());
            }
            _ => break,
        }
    }
    helpers.awake.fetch_sub(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Awake, HELPERS, wake};
    use rayon::prelude::*;
    use std::sync::atomic::Ordering;
    use std::time::{Duration, Instant};

    fn awake() -> Option<usize> {
        HELPERS.with_borrow(|helpers| Some(helpers.as_ref()?.awake.load(Ordering::Relaxed)))
    }

    #[test]
    fn helpers_come_when_they_are_called_and_go_when_there_is_nothing_to_do() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
        pool.unwrap().install(|| {
            wake();
            assert_eq!(awake(), None);
            let inner = || {
                let _awake = Awake::new();
                // One processor has nobody to wake.
                let Some(none) = awake() else { return };
                assert_eq!(none, 0);
                for _ in 0..100 {
                    wake();
                    // This thread may have met its own call where it waited for the other.
                    assert!(awake().is_some_and(|awake| awake <= 1));
                    let sum: u64 = (0..10_000u64).into_par_iter().sum();
                    assert_eq!(sum, 49_995_000);
                }
                let begun = Instant::now();
                while awake() != Some(0) {
                    assert!(begun.elapsed() < Duration::from_mins(1), "it never sleeps");
                    rayon::yield_now();
                }
            };
            inner();
            assert_eq!(awake(), None);
        });
    }

    #[test]
    fn outside_of_a_pool_nobody_is_called() {
        let _awake = Awake::new();
        wake();
        assert_eq!(awake(), None);
    }
}
