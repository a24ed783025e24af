//! Watches a training: writes the trace, tells how far it is, stops when asked.

use crate::failure::Failure;
use crate::interrupt;
use crate::output;
use crate::talk::Talk;
use isograd::train::{Observer, Progress};
use isograd_core::report::terminal::train_line;
use isograd_core::trace::{Record, Scribe, Site, TraceError, Validation};
use std::path::PathBuf;

/// An observer that keeps everything on disk.
pub(crate) struct Watch<'a> {
    trace: PathBuf,
    writer: Option<Scribe>,
    failure: Option<Failure>,
    talk: &'a mut Talk,
    /// Validations are printed as they come.
    lines: bool,
}

impl<'a> Watch<'a> {
    /// Writes into the folder `trace`; `lines`: prints each validation on standard output.
    pub(crate) fn new(trace: PathBuf, talk: &'a mut Talk, lines: bool) -> Self {
        Self {
            trace,
            writer: None,
            failure: None,
            talk,
            lines,
        }
    }

    /// Ends the trace; an error that happened on the way comes out here.
    pub(crate) fn close(mut self) -> Result<(), Failure> {
        self.talk.done();
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        match &mut self.writer {
            Some(writer) => Ok(writer.close_segment()?),
            None => Ok(()),
        }
    }

    fn keep(&mut self, write: impl FnOnce(&mut Scribe) -> Result<(), TraceError>) {
        if let (Some(writer), None) = (&mut self.writer, &self.failure)
            && let Err(error) = write(writer)
        {
            self.failure = Some(error.into());
        }
    }
}

impl Observer for Watch<'_> {
    fn sites(&mut self, sites: &[Site]) {
        match Scribe::create(&self.trace, sites) {
            Ok(writer) => self.writer = Some(writer),
            Err(error) => self.failure = Some(error.into()),
        }
    }

    fn record(&mut self, record: &Record) {
        self.keep(|w| w.write(record));
    }

    fn validation(&mut self, validation: &Validation) {
        self.keep(|w| w.validation(validation));
        if self.lines {
            let line = train_line(validation) + "\n";
            if let Err(failure) = self.talk.aside(|| output::write(&line)) {
                self.failure.get_or_insert(failure);
            }
        }
    }

    fn progress(&mut self, progress: &Progress) {
        self.talk.training(progress);
    }

    /// A disk that is full ends the training as Ctrl-C does: what is there is kept.
    fn stop(&mut self) -> bool {
        interrupt::asked() || self.failure.is_some()
    }
}
