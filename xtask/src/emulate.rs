//! `cargo xtask emulate`: the tests of the kernels on processors that this machine is not, and under a
//! checker of memory.

use crate::process;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// Fewer random cases: an emulated processor is fifty times slower.
const CASES: (&str, &str) = ("PROPTEST_CASES", "8");

/// What the tests are run under, what that shows, and a test that it cannot run.
const UNDER: &[(&str, &[&str], &str, Option<&str>)] = &[
    (
        "qemu-x86_64",
        &["-cpu", "Nehalem"],
        "a processor of 2008: SSE4.2, no AVX",
        None,
    ),
    (
        "qemu-x86_64",
        &[
            "-cpu",
            "Haswell,-pcid,-x2apic,-tsc-deadline,-hle,-rtm,-invpcid",
        ],
        "a processor of 2013: AVX2, no AVX-512",
        None,
    ),
    (
        "valgrind",
        &["--error-exitcode=9", "--leak-check=no", "--quiet"],
        "reads and writes beside the memory that is theirs",
        // Its allocator is its own.
        Some("what_is_freed_is_not_fetched_again"),
    ),
];

/// Runs the kernels' tests under each; true where all pass.
pub(crate) fn main(arguments: &[String]) -> Result<bool, String> {
    if let [other, ..] = arguments {
        return Err(format!("emulate takes no `{other}`"));
    }
    let tests = tests()?;
    let mut good = true;
    for (program, options, what, without) in UNDER {
        println!("{program} {}: {what}", options.join(" "));
        let mut command = Command::new(program);
        command
            .args(*options)
            .arg(&tests)
            .args(["--test-threads", "2", "--quiet"])
            .args(without.iter().flat_map(|test| ["--skip", test]))
            .env(CASES.0, CASES.1);
        if let Err(message) = process::run(&mut command) {
            eprintln!("{message}");
            good = false;
        }
    }
    Ok(good)
}

/// The built tests of the kernels.
fn tests() -> Result<PathBuf, String> {
    let built = process::output(&mut process::cargo(&[
        "test",
        "--workspace",
        "--lib",
        "--no-run",
        "--message-format=json",
    ]))?;
    built
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "isograd_kernels")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| "cargo built no tests of isograd-kernels".to_owned())
}
