//! Ctrl-C: the first one asks the work to stop after its step, the second one ends the program.

use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Exit code of a command that was interrupted (128 + SIGINT, as shells count).
pub(crate) const INTERRUPTED: u8 = 130;

/// Listens for Ctrl-C and for the signal that asks a program to end.
pub(crate) fn listen() {
    // Without a handler Ctrl-C ends the program at once, which loses no more than the last step.
    let _ = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::SeqCst) {
            end_now();
        }
    });
}

/// True once somebody asked.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

#[allow(clippy::exit, reason = "asked twice: the work does not stop by itself")]
fn end_now() -> ! {
    std::process::exit(i32::from(INTERRUPTED))
}
