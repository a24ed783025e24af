//! The command `isograd`.

mod args;
mod commands;
mod failure;
mod interrupt;
mod output;
mod talk;
mod watch;

use args::Cli;
use clap::Parser as _;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: isograd::Allocator = isograd::Allocator;

fn main() -> ExitCode {
    isograd::keep_freed_memory();
    // Wrong arguments, --help and --version end here, with clap's own messages and codes (2, 0, 0).
    let cli = Cli::parse();
    match commands::run(&cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.report();
            ExitCode::from(failure::REFUSED)
        }
    }
}
