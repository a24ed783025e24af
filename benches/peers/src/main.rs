//! The half of `cargo xtask bench-peers` that is isograd: trains a description step by step, as it is
//! told on standard input, and says how long it took.
//!
//! - `isograd-peer dump DESCRIPTION FOLDER` writes the initial weights and the batches of an epoch
//! - `isograd-peer train DESCRIPTION TRACE` says `{"losses": […], "seconds": …}` after the first step and
//!   after every further block of steps; each line of standard input is their number and what is watched
//!   (`none`, `default`, `rows`: everything but slopes and correlation, at every step, `every`: everything
//!   at every step), and its end is the end; the trace is written into a new folder

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod dump;
mod pace;

use isograd::probe::Schedule;
use isograd::session::{Prepared, prepare};
use isograd::train::{TrainOptions, train};
use isograd_core::describe::Document;
use pace::Pace;
use std::path::Path;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: isograd::Allocator = isograd::Allocator;

fn main() -> ExitCode {
    // As the command does.
    isograd::keep_freed_memory();
    if let Err(error) = isograd::start_threads(None) {
        eprintln!("isograd-peer: {error}");
        return ExitCode::from(2);
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["dump", description, folder] => {
            read(description).and_then(|prepared| dump::write(&prepared, Path::new(folder)))
        }
        ["train", description, trace] => read(description).and_then(|p| run(&p, Path::new(trace))),
        _ => Err("dump DESCRIPTION FOLDER, or train DESCRIPTION TRACE".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("isograd-peer: {message}");
            ExitCode::from(2)
        }
    }
}

fn read(description: &str) -> Result<Prepared, String> {
    let document = Document::load(Path::new(description), &[]).map_err(|e| e.to_string())?;
    prepare(&document, None).map_err(|e| e.to_string())
}

fn run(prepared: &Prepared, trace: &Path) -> Result<(), String> {
    let options = TrainOptions {
        // Probes at both ends are not steps.
        watch: Schedule::none(),
        ..TrainOptions::default()
    };
    let mut pace = Pace::new(trace.to_owned());
    train(prepared, &options, &mut pace).map_err(|e| e.to_string())?;
    pace.failure().map_or(Ok(()), Err)
}
