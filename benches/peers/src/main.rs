//! The half of `cargo xtask bench-peers` that is isograd: trains a description step by step, as it is
//! told on standard input, and says how long it took.
//!
//! - `isograd-peer dump DESCRIPTION FOLDER` writes the initial weights and the batches of an epoch
//! - `isograd-peer train DESCRIPTION none|default|every` says `{"losses": […], "seconds": …}` after the
//!   first step and after every further block of N steps; each line of standard input is an N, and its
//!   end is the end

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod dump;
mod pace;

use isograd::probe::Schedule;
use isograd::session::{Prepared, prepare};
use isograd::train::{TrainOptions, train};
use isograd_core::describe::Document;
use std::path::Path;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: isograd::Allocator = isograd::Allocator;

fn main() -> ExitCode {
    // As the command does.
    isograd::keep_freed_memory();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["dump", description, folder] => {
            read(description).and_then(|prepared| dump::write(&prepared, Path::new(folder)))
        }
        ["train", description, watch] => read(description).and_then(|p| run(&p, watch)),
        _ => Err("dump DESCRIPTION FOLDER, or train DESCRIPTION none|default|every".to_owned()),
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

fn run(prepared: &Prepared, watch: &str) -> Result<(), String> {
    let watch = match watch {
        "none" => Schedule::none(),
        "default" => Schedule::default(),
        "every" => Schedule::every_step(),
        other => return Err(format!("`{other}` is none of none, default, every")),
    };
    let options = TrainOptions {
        watch,
        ..TrainOptions::default()
    };
    train(prepared, &options, &mut pace::Pace::default()).map_err(|e| e.to_string())?;
    Ok(())
}
