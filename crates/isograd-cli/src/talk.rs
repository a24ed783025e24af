//! Standard error: what is going on while it takes time.

use indicatif::{ProgressBar, ProgressStyle};
use isograd::train::Progress;
use isograd_core::report::terminal::{figure, seconds};
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Time between two lines where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Tells how far the work is: a bar on a terminal, else a line now and then.
#[derive(Debug)]
pub(crate) struct Talk {
    bar: Option<ProgressBar>,
    last: Instant,
}

impl Talk {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let template = "{prefix} {wide_bar} {pos}/{len}  {msg}";
            let bar = ProgressBar::no_length();
            match ProgressStyle::with_template(template) {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        Self {
            bar,
            last: Instant::now(),
        }
    }

    /// A training goes on.
    pub(crate) fn training(&mut self, progress: &Progress) {
        let left = progress.remaining().map_or_else(|| "?".into(), seconds);
        let loss = figure(progress.loss);
        if let Some(bar) = &self.bar {
            bar.set_length(progress.steps);
            bar.set_position(progress.step);
            bar.set_prefix("training");
            bar.set_message(format!("loss {loss}, about {left} left"));
        } else if self.last.elapsed() >= BETWEEN_LINES {
            let (step, steps) = (progress.step, progress.steps);
            self.say(&format!(
                "step {step} of {steps}, loss {loss}, about {left} left"
            ));
        }
    }

    /// Trials go on: `spent` of `budget` full trainings.
    pub(crate) fn trial(&mut self, what: &str, spent: f64, budget: f64) {
        if let Some(bar) = &self.bar {
            // In hundredths, as a bar counts in whole numbers.
            bar.set_style(
                ProgressStyle::with_template("{prefix} {wide_bar} {msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.set_length((100.0 * budget) as u64);
            bar.set_position((100.0 * spent) as u64);
            bar.set_prefix("trials");
            bar.set_message(what.to_owned());
        } else if self.last.elapsed() >= BETWEEN_LINES {
            self.say(&format!("{what} ({spent:.1} of {budget:.0} trainings)"));
        }
    }

    /// Runs go on: `done` of `all`, this share of the work.
    pub(crate) fn runs(&mut self, done: usize, all: usize, share: f64, left: Option<f64>) {
        let left = left.map_or_else(|| "?".into(), seconds);
        if let Some(bar) = &self.bar {
            // In thousandths, as a bar counts in whole numbers.
            bar.set_style(
                ProgressStyle::with_template("{prefix} {wide_bar} {msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.set_length(1000);
            bar.set_position((1000.0 * share) as u64);
            bar.set_prefix("runs");
            bar.set_message(format!("{done} of {all}, about {left} left"));
        } else if self.last.elapsed() >= BETWEEN_LINES {
            self.say(&format!("{done} of {all} runs, about {left} left"));
        }
    }

    /// A line, now.
    pub(crate) fn say(&mut self, line: &str) {
        self.last = Instant::now();
        // Nobody listens where standard error is closed.
        self.aside(|| {
            let _ = writeln!(std::io::stderr(), "{line}");
        });
    }

    /// Does something that prints while the bar is out of the way.
    pub(crate) fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the bar away.
    pub(crate) fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
