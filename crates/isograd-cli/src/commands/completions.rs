//! `isograd completions`: for the shell.

use crate::args::{Cli, CompletionsArgs};
use crate::failure::Failure;
use crate::output::{self, Exit};
use clap::CommandFactory as _;

pub(super) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "isograd", &mut script);
    output::write(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
