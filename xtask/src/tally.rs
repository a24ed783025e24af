//! The closing line of a test run: `N passed, N failed, N skipped`, summed over all test programs.

use crate::{process, repository};
use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// Tests counted over all test programs of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Tally {
    /// Adds what a line `test result: ok. 3 passed; 0 failed; 1 ignored; …` says.
    fn add(&mut self, line: &str) {
        let Some(counts) = line.trim().strip_prefix("test result: ") else {
            return;
        };
        // "ok. 3 passed" becomes "3 passed".
        let counts = counts.split_once(". ").map_or(counts, |(_, rest)| rest);
        for count in counts.split("; ") {
            let mut words = count.split(' ');
            let number = words
                .next()
                .and_then(|n| n.parse::<u64>().ok())
                .unwrap_or(0);
            match words.next() {
                Some("passed") => self.passed += number,
                Some("failed") => self.failed += number,
                Some("ignored") => self.skipped += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Runs a test command, passing its output on, and counts.
pub(crate) fn run(command: &mut Command) -> Result<(bool, Tally), String> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("{}: {e}", process::shown(command)))?;
    let mut tally = Tally::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(|e| format!("{}: {e}", process::shown(command)))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            tally.add(&line);
        }
    }
    let status = child
        .wait()
        .map_err(|e| format!("{}: {e}", process::shown(command)))?;
    // A run in which no test ran proves nothing.
    Ok((
        status.success() && tally.failed == 0 && tally.passed > 0,
        tally,
    ))
}

/// `cargo xtask tally COMMAND…`
pub(crate) fn main(arguments: &[String]) -> Result<bool, String> {
    let [program, rest @ ..] = arguments else {
        return Err("tally needs the test command, as in: cargo xtask tally cargo test".into());
    };
    let mut command = Command::new(program);
    command.args(rest).current_dir(repository::root());
    let (passed, tally) = run(&mut command)?;
    println!("{tally}");
    Ok(passed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Tally, run};
    use std::process::Command;

    #[test]
    fn counts_are_summed_over_test_programs() {
        let mut tally = Tally::default();
        for line in [
            "running 4 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.00s",
            "test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            "test tests::says_that_9_passed ... ok",
        ] {
            tally.add(line);
        }
        assert_eq!(tally.to_string(), "8 passed, 2 failed, 1 skipped");
    }

    #[test]
    fn a_run_is_good_only_if_the_command_succeeds_and_something_ran() {
        struct Case {
            script: &'static str,
            good: bool,
        }
        for case in [
            Case {
                script: "echo 'test result: ok. 1 passed; 0 failed; 0 ignored'",
                good: true,
            },
            Case {
                script: "echo 'test result: ok. 1 passed; 0 failed; 0 ignored'; exit 3",
                good: false,
            },
            Case {
                script: "echo 'test result: FAILED. 1 passed; 1 failed; 0 ignored'",
                good: false,
            },
            Case {
                script: "true",
                good: false,
            },
        ] {
            let (good, _) = run(Command::new("sh").args(["-c", case.script])).unwrap();
            assert_eq!(good, case.good, "{}", case.script);
        }
    }
}
