//! Single values of a description from text, for programs that have no description: what stands
//! behind `init =`, `optimizer =`, `loss =`, `clip =` or in `[data]`.

use super::data::DataSpec;
use super::error::{DescribeError, ErrorKind};
use super::kind::Kind;
use super::network::Init;
use super::read::{Input, Result, named};
use super::train::{ClipSpec, LossSpec, OptimizerSpec};
use super::{init, loss, optimizer, tables};
use std::path::Path;
use std::str::FromStr;
use toml::de::DeValue;

/// Reads one value; a bare word needs no quotes.
fn value<T>(text: &str, key: &str, read: impl FnOnce(&Input<'_>) -> Result<T>) -> Result<T> {
    let word = text.trim();
    let bare = !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let text = if bare {
        format!("\"{word}\"")
    } else {
        text.to_owned()
    };
    let place = |error: DescribeError| error.within(Path::new(key), &text);
    let parsed = DeValue::parse(&text).map_err(|e| {
        place(DescribeError::new(ErrorKind::Syntax, e.message()).at(key, e.span().unwrap_or(0..0)))
    })?;
    read(&Input::new(&parsed, key.to_owned())).map_err(place)
}

impl FromStr for Init {
    type Err = DescribeError;

    /// ```
    /// use isograd_core::describe::network::Init;
    ///
    /// let init: Init = r#"{ name = "he_normal", gain = 0.5 }"#.parse()?;
    /// assert_eq!(init, Init::HeNormal { gain: 0.5, truncated: false });
    /// assert!("xavier".parse::<Init>().is_err_and(|e| e.nearest() == Some("glorot_uniform")));
    /// # Ok::<(), isograd_core::describe::DescribeError>(())
    /// ```
    fn from_str(text: &str) -> Result<Self> {
        value(text, "init", |input| {
            named(input, "initialisation", Kind::Init, init::ENTRIES)
        })
    }
}

impl FromStr for OptimizerSpec {
    type Err = DescribeError;

    /// ```
    /// use isograd_core::describe::train::OptimizerSpec;
    ///
    /// let spec: OptimizerSpec = r#"{ name = "adamw", lr = 3e-4 }"#.parse()?;
    /// assert_eq!(spec.lr, 3e-4);
    /// # Ok::<(), isograd_core::describe::DescribeError>(())
    /// ```
    fn from_str(text: &str) -> Result<Self> {
        value(text, "optimizer", |input| {
            named(input, "optimizer", Kind::Optimizer, optimizer::ENTRIES)
        })
    }
}

impl FromStr for LossSpec {
    type Err = DescribeError;

    fn from_str(text: &str) -> Result<Self> {
        value(text, "loss", |input| {
            named(input, "loss", Kind::Loss, loss::ENTRIES)
        })
    }
}

impl FromStr for ClipSpec {
    type Err = DescribeError;

    /// ```
    /// use isograd_core::describe::train::ClipSpec;
    ///
    /// let clip: ClipSpec = "{ global_norm = 1.0 }".parse()?;
    /// assert_eq!(clip.global_norm, Some(1.0));
    /// # Ok::<(), isograd_core::describe::DescribeError>(())
    /// ```
    fn from_str(text: &str) -> Result<Self> {
        value(text, "clip", tables::read_clip)
    }
}

impl FromStr for DataSpec {
    type Err = DescribeError;

    /// The `[data]` table, or the source alone.
    ///
    /// ```
    /// use isograd_core::describe::DataSpec;
    ///
    /// let spec: DataSpec = "spirals".parse()?;
    /// assert_eq!(spec, r#"{ source = "spirals" }"#.parse()?);
    /// # Ok::<(), isograd_core::describe::DescribeError>(())
    /// ```
    fn from_str(text: &str) -> Result<Self> {
        let text = if text.trim_start().starts_with('{') {
            text.to_owned()
        } else {
            format!("{{ source = \"{}\" }}", text.trim())
        };
        value(&text, "data", tables::read_data)
    }
}
