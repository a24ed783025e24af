//! Steps when it is told to.

use isograd::probe::Schedule;
use isograd::train::{Observer, Progress};
use isograd_core::trace::{Record, Scribe, Site};
use std::io::BufRead as _;
use std::path::PathBuf;
use std::time::Instant;

/// Lets a training run for a block of steps under a schedule, writes its trace as the command does, says
/// how long it took, and waits for the next.
pub(crate) struct Pace {
    folder: PathBuf,
    trace: Option<Scribe>,
    watch: Schedule,
    /// Steps of this block still to do; the first, which makes buffers, is a block of its own.
    left: u64,
    begun: Instant,
    losses: Vec<f64>,
    failure: Option<String>,
    ended: bool,
}

impl Pace {
    /// Writes the trace into this folder, which does not exist yet.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            trace: None,
            watch: Schedule::every_step(),
            left: 1,
            begun: Instant::now(),
            losses: Vec::new(),
            failure: None,
            ended: false,
        }
    }

    /// What went wrong with the trace.
    pub(crate) fn failure(self) -> Option<String> {
        self.failure
    }

    /// Reads the next block: steps and a schedule.
    fn listen(&mut self) {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        let mut words = line.split_whitespace();
        let steps = words.next().and_then(|word| word.parse().ok());
        let watch = words.next().and_then(schedule);
        match (read, steps, watch) {
            (Ok(_), Some(steps), Some(watch)) if steps > 0 => {
                (self.left, self.watch) = (steps, watch);
            }
            _ => self.ended = true,
        }
    }
}

fn schedule(word: &str) -> Option<Schedule> {
    match word {
        "none" => Some(Schedule::none()),
        "default" => Some(Schedule::default()),
        "rows" => Some(Schedule {
            units: u64::MAX,
            ..Schedule::every_step()
        }),
        "every" => Some(Schedule::every_step()),
        _ => None,
    }
}

impl Observer for Pace {
    fn sites(&mut self, sites: &[Site]) {
        match Scribe::create(&self.folder, sites) {
            Ok(trace) => self.trace = Some(trace),
            Err(error) => self.failure = Some(error.to_string()),
        }
    }

    fn record(&mut self, record: &Record) {
        if let Some(trace) = &mut self.trace
            && let Err(error) = trace.write(record)
        {
            self.failure = Some(error.to_string());
        }
    }

    fn progress(&mut self, progress: &Progress) {
        self.losses.push(progress.loss);
        self.left = self.left.saturating_sub(1);
        if self.left > 0 {
            return;
        }
        let seconds = self.begun.elapsed().as_secs_f64();
        let losses = std::mem::take(&mut self.losses);
        println!(
            "{}",
            serde_json::json!({ "losses": losses, "seconds": seconds })
        );
        self.listen();
        self.begun = Instant::now();
    }

    fn watch(&mut self) -> Option<Schedule> {
        Some(self.watch)
    }

    fn stop(&mut self) -> bool {
        self.ended || self.failure.is_some()
    }
}
