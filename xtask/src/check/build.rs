//! Steps that are one call of cargo.

use super::Done;
use crate::{process, tally};

pub(super) fn fmt() -> Result<Done, String> {
    process::run(&mut process::cargo(&["fmt", "--all", "--check"]))
        .map_err(|e| format!("{e}\n  mend: cargo fmt --all"))?;
    passed("")
}

pub(super) fn lock() -> Result<Done, String> {
    let arguments = ["metadata", "--locked", "--format-version", "1"];
    process::output(&mut process::cargo(&arguments))
        .map_err(|e| format!("{e}\n  mend: cargo update --workspace, and commit Cargo.lock"))?;
    passed("")
}

pub(super) fn clippy() -> Result<Done, String> {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--keep-going",
        "--",
        "-D",
        "warnings",
    ];
    process::run(&mut process::cargo(&arguments))?;
    passed("")
}

pub(super) fn doc() -> Result<Done, String> {
    let mut command = process::cargo(&[
        "doc",
        "--workspace",
        "--no-deps",
        "--locked",
        "--keep-going",
    ]);
    process::run(command.env("RUSTDOCFLAGS", "-D warnings"))?;
    passed("")
}

/// The README's own test command; documentation examples are part of it.
pub(super) fn test() -> Result<Done, String> {
    let (good, tally) = tally::run(&mut process::cargo(&["test", "--workspace"]))?;
    if good {
        passed(&tally.to_string())
    } else {
        Err(format!("cargo test --workspace: {tally}"))
    }
}

/// Licences, bans and sources; advisories need the network and are left to a person
/// (`cargo deny check`).
pub(super) fn deny() -> Result<Done, String> {
    let version = process::output(&mut process::cargo(&["deny", "--version"]));
    let Ok(version) = version else {
        let how = "cargo-deny is not installed (cargo install cargo-deny --locked)";
        return Ok(Done::Skipped(how.into()));
    };
    let arguments = [
        "deny",
        "--offline",
        "--locked",
        "check",
        "licenses",
        "bans",
        "sources",
    ];
    process::run(&mut process::cargo(&arguments))?;
    passed(version.trim())
}

#[allow(clippy::unnecessary_wraps)] // every step ends this way
fn passed(note: &str) -> Result<Done, String> {
    Ok(Done::Passed(note.to_owned()))
}
