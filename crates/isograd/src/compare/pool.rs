//! Many trainings, several at a time.

use super::run::run;
use crate::session::Prepared;
use crate::train::TrainError;
use isograd_core::compare::RunRecord;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// A training that is to be done.
#[derive(Clone, Debug)]
pub struct Job {
    /// The description with its data.
    pub prepared: Prepared,
    /// Seed of initialisation, order, dropout and augmentation.
    pub seed: u64,
    /// Steps between evaluations of the validation part; `None`: epochs.
    pub every: Option<u64>,
    /// What identifies it.
    pub key: String,
    /// Axis and value of its cell.
    pub cell: Vec<(String, String)>,
}

impl Job {
    /// How long it takes, in a unit of its own: to divide the time that is left.
    pub fn work(&self) -> f64 {
        let spec = &self.prepared.description.train;
        let parameters: u64 = self
            .prepared
            .plan
            .nodes
            .iter()
            .map(|n| n.op.parameters())
            .sum();
        // A step has a cost beside its arithmetic, which counts in small networks.
        let step =
            parameters as f64 * spec.batch as f64 + 1e5 * self.prepared.plan.nodes.len() as f64;
        self.prepared.planned_steps() as f64 * step
    }
}

/// What [`run_all`] tells.
#[derive(Debug)]
pub enum Moment {
    /// A run is this far: its number, and the share of its steps that is done.
    Going(usize, f64),
    /// A run has ended.
    Done(usize, Box<Result<RunRecord, TrainError>>),
    /// Time passes.
    Waiting,
}

/// Threads of a run could not be started.
#[derive(Debug, thiserror::Error)]
#[error("{threads} threads cannot be started: {source}")]
pub struct PoolError {
    threads: usize,
    source: rayon::ThreadPoolBuildError,
}

/// Does all jobs, `at_a_time` of them side by side, each on `threads` threads of its own, and tells
/// what happens on the caller's thread. When `tell` says false no further job is begun; those under
/// way are brought to their end.
pub fn run_all(
    jobs: &[Job],
    at_a_time: usize,
    threads: usize,
    mut tell: impl FnMut(Moment) -> bool,
) -> Result<(), PoolError> {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let (send, receive) = channel();
    let workers = at_a_time.clamp(1, jobs.len().max(1));
    let mut pools = Vec::new();
    for _ in 0..workers {
        let built = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pools.push(built.map_err(|source| PoolError { threads, source })?);
    }
    std::thread::scope(|scope| {
        for pool in &pools {
            let (send, next, stop) = (send.clone(), &next, &stop);
            scope.spawn(move || {
                let cpu = || {
                    let spent: Option<Vec<f64>> =
                        pool.broadcast(|_| thread_cpu()).into_iter().collect();
                    spent.map(|s| s.iter().sum::<f64>())
                };
                while !stop.load(Ordering::SeqCst) {
                    let i = next.fetch_add(1, Ordering::SeqCst);
                    let Some(job) = jobs.get(i) else { break };
                    let before = cpu();
                    let mut told = 0.0;
                    let done = pool.install(|| {
                        run(job, &mut |progress| {
                            let share = progress.step as f64 / progress.steps.max(1) as f64;
                            if share - told >= 0.01 {
                                told = share;
                                let _ = send.send(Moment::Going(i, share));
                            }
                        })
                    });
                    let spent = before.and_then(|before| Some(cpu()? - before));
                    let done = done.map(|record| match spent {
                        Some(cpu_seconds) => RunRecord {
                            cpu_seconds,
                            ..record
                        },
                        None => record,
                    });
                    if send.send(Moment::Done(i, Box::new(done))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        loop {
            let moment = match receive.recv_timeout(Duration::from_millis(200)) {
                Ok(moment) => moment,
                Err(RecvTimeoutError::Timeout) => Moment::Waiting,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if !tell(moment) {
                stop.store(true, Ordering::SeqCst);
            }
        }
    });
    Ok(())
}

/// CPU seconds of the thread that asks; `None` where the system does not say.
fn thread_cpu() -> Option<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}
