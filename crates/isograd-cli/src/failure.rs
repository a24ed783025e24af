//! Why a command could not run, and how that is said.

use crate::output;
use isograd::data::DataError;
use isograd::session::PrepareError;
use isograd_core::describe::DescribeError;
use miette::{GraphicalReportHandler, GraphicalTheme};
use std::io::{IsTerminal as _, Write as _};

/// Exit code of a command that could not run.
pub(crate) const REFUSED: u8 = 2;

/// Why a command could not run.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The description, with a place in it.
    Description(Box<DescribeError>),
    /// Anything else.
    Other {
        /// What happened, and where.
        message: String,
        /// How to go on.
        hint: Option<String>,
    },
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Other {
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Other { message, .. } => Self::Other {
                message,
                hint: Some(hint.into()),
            },
            described @ Self::Description(_) => described,
        }
    }

    /// Says it on standard error: with the line drawn on a terminal, else as
    /// `file:line:column: message`.
    pub(crate) fn report(&self) {
        let terminal = std::io::stderr().is_terminal();
        let text = match self {
            Self::Description(error) if terminal => drawn(error),
            Self::Description(error) => error.plain(),
            Self::Other { message, hint } => {
                let hint = hint
                    .as_ref()
                    .map_or_else(String::new, |h| format!("\n  hint: {h}"));
                format!("error: {message}{hint}")
            }
        };
        // When standard error is closed there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
    }
}

/// The place in the description, drawn.
fn drawn(error: &DescribeError) -> String {
    let theme = match (output::colour_is_wanted(), output::unicode_is_likely()) {
        (true, true) => GraphicalTheme::unicode(),
        (false, true) => GraphicalTheme::unicode_nocolor(),
        _ => GraphicalTheme::none(),
    };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(output::columns());
    match handler.render_report(&mut text, error) {
        Ok(()) => text,
        Err(_) => error.plain(),
    }
}

impl From<DescribeError> for Failure {
    fn from(error: DescribeError) -> Self {
        Self::Description(Box::new(error))
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        let failure = Self::new(error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<PrepareError> for Failure {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Plan(error) => Self::Description(error),
            PrepareError::Data(error) => error.into(),
            other => Self::new(other.to_string()),
        }
    }
}

/// Errors whose message says everything.
macro_rules! plain {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.to_string())
            }
        }
    )*};
}

plain!(
    isograd::train::TrainError,
    isograd::compare::PoolError,
    isograd::store::StoreError,
    isograd_core::trace::TraceError,
    isograd_core::heal::HealError,
    serde_json::Error
);

impl From<isograd_core::trace::RunError> for Failure {
    fn from(error: isograd_core::trace::RunError) -> Self {
        let failure = Self::new(error.to_string());
        match error {
            isograd_core::trace::RunError::Taken(_) => {
                failure.hint("name another folder with --out, or leave --out away")
            }
            _ => failure,
        }
    }
}
