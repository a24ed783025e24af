//! A description together with its text.

use super::error::{DescribeError, ErrorKind};
use super::read::Input;
use super::{DataShape, Description, Plan, plan, tables};
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// A description, the TOML text that says it, and the file that it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The text, with everything that was overridden or patched.
    pub text: String,
    /// The file, as it was given; files of the description are relative to its folder.
    pub file: PathBuf,
    /// What the text says.
    pub description: Description,
}

impl Document {
    /// Reads a file and applies overrides such as `train.batch=64` to it, in order.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, DescribeError> {
        let mut text = read_text(path)?;
        for one in overrides {
            text = super::edit::overridden(&text, one).map_err(|e| e.within(path, &text))?;
        }
        Self::parse(&text, path)
    }

    /// Reads a text; `file` is what errors say, and where relative paths begin.
    pub fn parse(text: &str, file: &Path) -> Result<Self, DescribeError> {
        let name = file
            .file_stem()
            .map_or("description".into(), |stem| stem.to_string_lossy());
        let description = parse(text, &name).map_err(|e| e.within(file, text))?;
        Ok(Self {
            text: text.to_owned(),
            file: file.to_owned(),
            description,
        })
    }

    /// The network written out for these data; see [`plan()`].
    pub fn plan(&self, data: &DataShape) -> Result<Plan, DescribeError> {
        plan(&self.description, data).map_err(|e| e.within(&self.file, &self.text))
    }
}

pub(crate) fn read_text(path: &Path) -> Result<String, DescribeError> {
    let bytes = std::fs::read(path).map_err(|error| {
        let (message, hint) = if path.is_dir() {
            (
                "this is a folder, not a description".to_owned(),
                "name the TOML file in it",
            )
        } else if error.kind() == std::io::ErrorKind::NotFound {
            (
                "there is no such file".to_owned(),
                "give the path of a description, a TOML file",
            )
        } else {
            (
                format!("the file cannot be read: {error}"),
                "look at its permissions",
            )
        };
        DescribeError::new(ErrorKind::File, message)
            .hint(hint)
            .in_file(path)
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        DescribeError::new(ErrorKind::Encoding, "the file is not UTF-8 text")
            .at("", at..at + '\u{fffd}'.len_utf8())
            .hint("save it as UTF-8")
            .within(path, &text)
    })
}

fn parse(text: &str, name: &str) -> Result<Description, DescribeError> {
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(text.len()..text.len());
        let message = match (error.message(), text.get(span.clone())) {
            ("duplicate key", Some(key)) => format!("the key `{key}` is given twice"),
            (message, _) => format!("this is not TOML: {message}"),
        };
        DescribeError::new(ErrorKind::Syntax, message).at("", span)
    })?;
    let value = DeValue::Table(table.into_inner());
    let root = Input {
        value: &value,
        span: 0..0,
        path: String::new(),
    };
    let description = tables::read(&root, name)?;
    super::expand::check_size(&description.network)?;
    Ok(description)
}
