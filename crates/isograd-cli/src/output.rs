//! Standard output: what a command was asked for, and nothing else.

use crate::args::{Format, Shared, When};
use crate::failure::Failure;
use isograd_core::report::Style;
use serde_json::Value;
use std::io::{ErrorKind, IsTerminal as _, Write as _};

/// Columns where nothing says how many there are.
const DEFAULT_COLUMNS: usize = 80;

/// How a command ends when it could run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// A finding that is refused, or nothing could be healed.
    Negative,
    /// Interrupted, after saving.
    Interrupted,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Negative => Self::from(1),
            Exit::Interrupted => Self::from(crate::interrupt::INTERRUPTED),
        }
    }
}

/// Where and how results are printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) style: Style,
}

impl Output {
    pub(crate) fn new(shared: &Shared) -> Self {
        let colour = match shared.colour {
            When::Always => true,
            When::Never => false,
            When::Auto => std::io::stdout().is_terminal() && colour_is_wanted(),
        };
        Self {
            format: shared.format,
            style: Style {
                colour,
                width: columns(),
                unicode: unicode_is_likely(),
            },
        }
    }

    /// True where people read.
    pub(crate) fn is_text(self) -> bool {
        self.format == Format::Text
    }

    /// Prints the text or the JSON, whichever is wanted.
    pub(crate) fn print(
        self,
        text: impl FnOnce(Style) -> String,
        json: impl FnOnce() -> Result<Value, serde_json::Error>,
    ) -> Result<(), Failure> {
        match self.format {
            // Only one command has the others, and prints them itself.
            Format::Text | Format::Csv | Format::Markdown => write(&text(self.style)),
            Format::Json => write(&format!("{:#}\n", json()?)),
        }
    }
}

/// Writes to standard output; a reader who has gone away is no error.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Failure::new(format!(
            "standard output cannot be written: {e}"
        ))),
        _ => Ok(()),
    }
}

/// Nothing in the environment speaks against colours.
pub(crate) fn colour_is_wanted() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The locale does not say that there is only ASCII.
pub(crate) fn unicode_is_likely() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    locale.is_none_or(|l| {
        let l = l.to_ascii_lowercase();
        l.contains("utf-8") || l.contains("utf8")
    })
}

/// Columns of the terminal, else of COLUMNS.
pub(crate) fn columns() -> usize {
    let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let told = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal
        .or_else(told)
        .filter(|n| *n > 0)
        .unwrap_or(DEFAULT_COLUMNS)
}
