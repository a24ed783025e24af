//! One command for every gate: `cargo xtask check`, and the makers of committed numbers.

// This program is all talk: it prints for a person and ends with an exit code.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod check;
mod emulate;
mod peers;
mod process;
mod python;
mod reference;
mod repository;
mod tally;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  check [STEP…] [--without STEP…] [--fail-fast] [--list]
        every gate, cheapest first; with names, only those steps
  tally COMMAND…
        runs a test command and ends with one line: N passed, N failed, N skipped
  reference [--format text|json]
        checks everything against its second source and prints the table
  reference --remake [--write]
        makes the numbers of crates/isograd/tests/reference with PyTorch and compares them
        with the committed ones; --write replaces those
  emulate
        runs the tests of the kernels on older processors (qemu-user) and under valgrind
  bench-peers [NETWORK…] [--format text|json|markdown] [--rounds N] [--pairs N] [--threads N] [--alone]
        times training steps of eight networks beside PyTorch, in turn, watched and not; --alone
        leaves out torch.compile and the monitors
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    let outcome = match arguments.first().map(String::as_str) {
        Some("check") => check::main(rest),
        Some("tally") => tally::main(rest),
        Some("reference") => reference::main(rest),
        Some("emulate") => emulate::main(rest),
        Some("bench-peers") => peers::main(rest),
        Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("{}", message.trim_end());
            ExitCode::from(2)
        }
    }
}
