//! A writer of traces that does not keep the training waiting.

use super::{TraceError, TraceWriter};
use crate::trace::record::{Record, Site, Validation};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// Records that may wait for a slow disk; then the training waits too.
const WAITING: usize = 4;

/// Writes a trace from a thread of its own, with a [`TraceWriter`].
///
/// An error of the system comes back from the next call, and only once; what is handed over after it is
/// dropped. Dropping the scribe closes the trace.
#[derive(Debug)]
pub struct Scribe {
    to: Option<SyncSender<Page>>,
    thread: Option<JoinHandle<Result<(), TraceError>>>,
}

enum Page {
    Record(Record),
    Validation(Validation),
    /// Everything before it is to be handed to the system, and this told.
    Flush(SyncSender<()>),
    /// The segment ends here.
    Close(SyncSender<()>),
}

impl Scribe {
    /// Begins a trace in the folder `dir`, as [`TraceWriter::create`].
    pub fn create(dir: &Path, sites: &[Site]) -> Result<Self, TraceError> {
        let mut writer = TraceWriter::create(dir, sites)?;
        let (to, from) = sync_channel(WAITING);
        let write = move || {
            for page in from {
                match page {
                    Page::Record(record) => writer.write(&record)?,
                    Page::Validation(validation) => writer.validation(&validation)?,
                    Page::Flush(done) => {
                        writer.flush()?;
                        let _ = done.send(());
                    }
                    Page::Close(done) => {
                        writer.close_segment()?;
                        let _ = done.send(());
                    }
                }
            }
            writer.close_segment()
        };
        let thread = thread::Builder::new()
            .name("trace".to_owned())
            .spawn(write)
            .map_err(TraceError::io(dir, "cannot start the thread that writes"))?;
        Ok(Self {
            to: Some(to),
            thread: Some(thread),
        })
    }

    /// Hands a record over; it is written soon.
    pub fn write(&mut self, record: &Record) -> Result<(), TraceError> {
        self.hand(Page::Record(record.clone()))
    }

    /// Hands a validation over.
    pub fn validation(&mut self, validation: &Validation) -> Result<(), TraceError> {
        self.hand(Page::Validation(*validation))
    }

    /// Waits until everything so far has been handed to the system.
    pub fn flush(&mut self) -> Result<(), TraceError> {
        self.wait(Page::Flush)
    }

    /// The same, and ends the segment, at a checkpoint or at the end.
    pub fn close_segment(&mut self) -> Result<(), TraceError> {
        self.wait(Page::Close)
    }

    fn wait(&mut self, page: fn(SyncSender<()>) -> Page) -> Result<(), TraceError> {
        let (done, told) = sync_channel(1);
        self.hand(page(done))?;
        match told.recv() {
            Ok(()) => Ok(()),
            Err(_) => self.end(),
        }
    }

    fn hand(&mut self, page: Page) -> Result<(), TraceError> {
        match &self.to {
            Some(to) if to.send(page).is_err() => self.end(),
            _ => Ok(()),
        }
    }

    /// Ends the thread; what went wrong there.
    fn end(&mut self) -> Result<(), TraceError> {
        self.to = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Ok(()),
        }
    }
}

impl Drop for Scribe {
    /// An error here was met by nobody who could still act on it.
    fn drop(&mut self) {
        self.to = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
