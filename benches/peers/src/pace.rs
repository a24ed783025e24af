//! Steps when it is told to.

use isograd::train::{Observer, Progress};
use std::io::BufRead as _;
use std::time::Instant;

/// Lets a training run for a block of steps, says how long it took, and waits for the next.
pub(crate) struct Pace {
    /// Steps of this block still to do; the first, which makes buffers, is a block of its own.
    left: u64,
    begun: Instant,
    losses: Vec<f64>,
    ended: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            left: 1,
            begun: Instant::now(),
            losses: Vec::new(),
            ended: false,
        }
    }
}

impl Observer for Pace {
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
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        match line.trim().parse() {
            Ok(steps) if read.is_ok() && steps > 0 => self.left = steps,
            _ => self.ended = true,
        }
        self.begun = Instant::now();
    }

    fn stop(&mut self) -> bool {
        self.ended
    }
}
