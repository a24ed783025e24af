//! The subcommands, one file each.

mod compare;
mod completions;
mod doctor;
mod eval;
mod explain;
mod facts;
mod heal;
mod open;
mod predict;
mod train;

use crate::args::{Cli, Command, Format};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::{Exit, Output};

/// Runs what was asked for.
pub(crate) fn run(cli: &Cli) -> Result<Exit, Failure> {
    interrupt::listen();
    let comparison = matches!(cli.command, Command::Compare(_));
    if !comparison && matches!(cli.shared.format, Format::Csv | Format::Markdown) {
        return Err(
            Failure::new("--format csv and --format markdown are of `isograd compare`")
                .hint("this command has text and json"),
        );
    }
    let threads = cli.shared.threads.map(usize::from);
    isograd::start_threads(threads)
        .map_err(|e| Failure::new(format!("the threads cannot be started: {e}")))?;
    let output = Output::new(&cli.shared);
    let shared = &cli.shared;
    match &cli.command {
        Command::Doctor(args) => doctor::run(args, shared, output),
        Command::Heal(args) => heal::run(args, shared, output),
        Command::Train(args) => train::run(args, shared, output),
        Command::Eval(args) => eval::run(args, shared, output),
        Command::Compare(args) => compare::run(args, shared, output),
        Command::Predict(args) => predict::run(args, shared, output),
        Command::Explain(args) => explain::run(args, output),
        Command::Completions(args) => completions::run(args),
    }
}
