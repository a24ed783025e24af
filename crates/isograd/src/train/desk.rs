//! Where what steps showed becomes rows, beside the training.

use crate::probe::{Measured, Reader, Recorder, WeightRow, WeightSites};
use isograd_core::trace::Record;
use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, channel, sync_channel};
use std::thread::{self, JoinHandle};

/// Measured steps that may wait; then the training does.
const WAITING: usize = 1;

/// What one measured step showed.
pub(super) struct Sheet {
    /// Without rows.
    pub(super) record: Record,
    pub(super) measured: Measured,
    /// Of parameters, by position.
    pub(super) weights: Vec<(usize, WeightRow)>,
}

/// Makes rows on a thread of its own, and gives records back in the order in which they came in.
pub(super) struct Desk {
    maker: Maker,
    /// Records that are not out yet; `None` is with the thread.
    open: VecDeque<Option<Record>>,
}

enum Maker {
    /// Nothing was measured yet.
    Idle(Work),
    /// The system has no more threads.
    Here(Work),
    Thread {
        to: SyncSender<Sheet>,
        from: Receiver<Record>,
        handle: JoinHandle<()>,
    },
    /// The thread has ended.
    Gone,
}

/// What makes rows.
#[derive(Clone)]
struct Work {
    recorder: Arc<Recorder>,
    reader: Reader,
    weights: Arc<WeightSites>,
}

impl Desk {
    pub(super) fn new(recorder: Arc<Recorder>, weights: Arc<WeightSites>) -> Self {
        let reader = Reader::of(&recorder);
        Self {
            maker: Maker::Idle(Work {
                recorder,
                reader,
                weights,
            }),
            open: VecDeque::new(),
        }
    }

    /// A record that is whole.
    pub(super) fn enter(&mut self, record: Record) {
        self.open.push_back(Some(record));
    }

    /// One whose rows are to be made.
    pub(super) fn measured(&mut self, sheet: Sheet) {
        if let Maker::Idle(work) = &self.maker {
            self.maker = work.start();
        }
        match &mut self.maker {
            Maker::Thread { to, .. } => match to.send(sheet) {
                Ok(()) => self.open.push_back(None),
                Err(_) => self.ended(),
            },
            Maker::Idle(work) | Maker::Here(work) => {
                let record = work.record(sheet);
                self.open.push_back(Some(record));
            }
            Maker::Gone => {}
        }
    }

    /// The next record in order; `None` where there is none, or it is still under way and is not to be
    /// waited for.
    pub(super) fn next(&mut self, wait: bool) -> Option<Record> {
        if let (Some(first @ None), Maker::Thread { from, .. }) =
            (self.open.front_mut(), &self.maker)
        {
            let made = if wait {
                from.recv().map_err(|_| TryRecvError::Disconnected)
            } else {
                from.try_recv()
            };
            match made {
                Ok(record) => *first = Some(record),
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) => self.ended(),
            }
        }
        self.open.pop_front().flatten()
    }

    /// The thread has ended by itself: with a panic, which goes on here.
    fn ended(&mut self) {
        if let Maker::Thread { handle, .. } = mem::replace(&mut self.maker, Maker::Gone)
            && let Err(panic) = handle.join()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Work {
    fn start(&self) -> Maker {
        let (to, sheets) = sync_channel(WAITING);
        let (made, from) = channel();
        let mut own = self.clone();
        let work = move || {
            for sheet in sheets {
                // Nobody waits for it where the training has ended.
                if made.send(own.record(sheet)).is_err() {
                    return;
                }
            }
        };
        match thread::Builder::new().name("rows".to_owned()).spawn(work) {
            Ok(handle) => Maker::Thread { to, from, handle },
            Err(_) => Maker::Here(self.clone()),
        }
    }

    fn record(&mut self, mut sheet: Sheet) -> Record {
        let mut rows = self.reader.rows(&mut sheet.measured);
        self.recorder.give_back(sheet.measured);
        self.weights.fill(&sheet.weights, &mut rows);
        Record {
            rows: Arc::new(rows),
            ..sheet.record
        }
    }
}
