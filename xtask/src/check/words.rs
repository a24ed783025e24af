//! Words that have no place in the repository: paths of somebody's machine, and `unsafe` outside
//! the crate that is reviewed for it.

use super::Done;
use crate::repository::{self, File};

/// The one folder whose code may be unsafe.
const UNSAFE_HOME: &str = "crates/isograd-kernels/";

/// Beginnings of absolute paths that exist on one machine only. In pieces, so that this file does
/// not name what it forbids.
fn machine_paths() -> Vec<String> {
    let mut paths: Vec<String> = ["home", "root", "Users", "work"]
        .iter()
        .map(|folder| format!("/{folder}/"))
        .collect();
    paths.push(format!("C:\\{}\\", "Users"));
    paths
}

pub(super) fn check() -> Result<Done, String> {
    let files = repository::files()?;
    let paths = machine_paths();
    let found: Vec<String> = files
        .iter()
        .flat_map(|file| machine_lines(file, &paths))
        .collect();
    report(&found, "lines name a path of a machine", files.len())
}

fn machine_lines(file: &File, paths: &[String]) -> Vec<String> {
    located(file, |line| {
        paths.iter().any(|path| {
            line.match_indices(path.as_str()).any(|(at, _)| {
                // `crates/home/x` and `~/home/x` are not absolute.
                !line[..at].ends_with(|c: char| c.is_alphanumeric() || "~._-}*".contains(c))
            })
        })
    })
}

pub(super) fn check_unsafe() -> Result<Done, String> {
    let files: Vec<File> = repository::files()?
        .into_iter()
        .filter(File::is_rust)
        .collect();
    let found: Vec<String> = files.iter().flat_map(unsafe_lines).collect();
    report(
        &found,
        &format!("lines of unsafe code outside {UNSAFE_HOME}"),
        files.len(),
    )
}

fn unsafe_lines(file: &File) -> Vec<String> {
    if file.path.starts_with(UNSAFE_HOME) {
        return Vec::new();
    }
    let keyword = concat!("un", "safe");
    let allowed = format!("allow({keyword}_code)");
    let starts = ["{", "fn ", "impl ", "extern ", "trait "].map(|next| format!("{keyword} {next}"));
    located(file, |line| {
        let code = line.split("//").next().unwrap_or_default();
        code.contains(&allowed) || starts.iter().any(|start| code.contains(start.as_str()))
    })
}

/// `path:line: text` of every line that the predicate picks.
fn located(file: &File, picks: impl Fn(&str) -> bool) -> Vec<String> {
    let lines = file.text().unwrap_or_default().lines().enumerate();
    lines
        .filter(|(_, line)| picks(line))
        .map(|(i, line)| {
            let text: String = line.trim().chars().take(100).collect();
            format!("{}:{}: {text}", file.path, i + 1)
        })
        .collect()
}

fn report(found: &[String], what: &str, looked_at: usize) -> Result<Done, String> {
    if found.is_empty() {
        Ok(Done::Passed(format!("{looked_at} files")))
    } else {
        Err(format!("{} {what}\n  {}", found.len(), found.join("\n  ")))
    }
}

#[cfg(test)]
mod tests {
    use super::{machine_lines, machine_paths, unsafe_lines};
    use crate::repository::File;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.into(),
            bytes: text.as_bytes().to_vec(),
        }
    }

    #[test]
    fn absolute_paths_of_a_machine_are_found_and_others_are_not() {
        struct Case {
            text: &'static str,
            found: bool,
        }
        // `|` stands for the slash at the beginning of an absolute path.
        for case in [
            Case {
                text: "see |home/someone/x",
                found: true,
            },
            Case {
                text: "\"|root/.cache\"",
                found: true,
            },
            Case {
                text: "|Users/someone/x",
                found: true,
            },
            Case {
                text: "|usr/bin/env",
                found: false,
            },
            Case {
                text: "crates/home/src",
                found: false,
            },
            Case {
                text: "~/home/data",
                found: false,
            },
            Case {
                text: "https://example.org/home/page",
                found: false,
            },
        ] {
            let text = case.text.replace('|', "/");
            let found = !machine_lines(&file("a.md", &text), &machine_paths()).is_empty();
            assert_eq!(found, case.found, "{}", case.text);
        }
    }

    #[test]
    fn unsafe_code_is_found_outside_its_home_only() {
        let keyword = concat!("un", "safe");
        let block = format!("let x = {keyword} {{ y() }};");
        assert_eq!(
            unsafe_lines(&file("crates/isograd/src/a.rs", &block)).len(),
            1
        );
        assert!(unsafe_lines(&file("crates/isograd-kernels/src/a.rs", &block)).is_empty());
        let comment = format!("// {keyword} {{ }} is for the kernels");
        assert!(unsafe_lines(&file("crates/isograd/src/a.rs", &comment)).is_empty());
        let allow = format!("#![allow({keyword}_code)]");
        assert_eq!(unsafe_lines(&file("xtask/src/a.rs", &allow)).len(), 1);
    }
}
