//! No Rust file above the limit: one concept, one file.

use super::Done;
use crate::repository::{self, File};
use std::fmt::Write as _;

/// Lines of a Rust file, tests included. Most files hold 60 to 200; the files that this limit keeps
/// from growing are those nobody reads to the end any more.
const LIMIT: usize = 500;

pub(super) fn check() -> Result<Done, String> {
    judge(&repository::files()?)
}

fn judge(files: &[File]) -> Result<Done, String> {
    let mut counted: Vec<(usize, &str)> = files
        .iter()
        .filter(|f| f.is_rust())
        .map(|f| (f.bytes.split(|&b| b == b'\n').count() - 1, f.path.as_str()))
        .collect();
    counted.sort_by(|a, b| b.cmp(a));
    let over = counted.iter().filter(|(lines, _)| *lines > LIMIT).count();
    if over > 0 {
        let mut message = format!("{over} Rust files have more than {LIMIT} lines");
        for (lines, path) in &counted[..over] {
            let _ = write!(message, "\n{lines:>6}  {path}");
        }
        return Err(message);
    }
    let longest = counted
        .first()
        .map_or(String::new(), |(l, p)| format!(", longest {l}: {p}"));
    Ok(Done::Passed(format!(
        "{} Rust files{longest}",
        counted.len()
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{LIMIT, judge};
    use crate::repository::File;

    #[test]
    fn only_rust_files_above_the_limit_are_named() {
        let file = |path: &str, lines| File {
            path: path.into(),
            bytes: b"x\n".repeat(lines),
        };
        let files = [
            file("a.rs", LIMIT),
            file("b.json", 10 * LIMIT),
            file("c.rs", LIMIT + 1),
        ];
        let message = judge(&files).err().unwrap();
        assert!(
            message.contains("c.rs") && !message.contains("a.rs"),
            "{message}"
        );
        assert!(judge(&files[..2]).is_ok());
    }
}
