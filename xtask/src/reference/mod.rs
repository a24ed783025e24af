//! `cargo xtask reference`: the table of everything that is checked against a second source, and the
//! numbers of PyTorch that it is checked against.

mod remake;
mod table;

const USAGE: &str = "reference takes --format text, --format json, --remake or --write, or nothing";

/// `cargo xtask reference [--format text|json] [--remake] [--write]`
pub(crate) fn main(arguments: &[String]) -> Result<bool, String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] | ["--format", "text"] => table::main(table::Format::Text),
        ["--format", "json"] => table::main(table::Format::Json),
        ["--remake"] => remake::main(false),
        ["--write"] | ["--remake", "--write"] => remake::main(true),
        _ => Err(USAGE.into()),
    }
}
