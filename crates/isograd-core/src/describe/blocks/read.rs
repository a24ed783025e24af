//! Reading one block: a word, or a table with exactly one key that is a block's name.

use super::super::args::Args;
use super::super::error::{DescribeError, ErrorKind, nearest};
use super::super::kind::Kind;
use super::super::network::{Block, BlockKind};
use super::super::read::{Input, Result, joined, quoted};
use super::super::registry::Entry;
use super::super::weight::WeightForm;
use super::{entries, words};
use toml::de::{DeTable, DeValue};

/// How deep blocks may lie in blocks.
const MAX_DEPTH: usize = 32;

/// Reads a list of blocks, not empty.
pub(crate) fn read_layers(input: &Input<'_>) -> Result<Vec<Block>> {
    if input.path.matches('[').count() >= MAX_DEPTH {
        return Err(input.error(
            ErrorKind::TooLarge,
            format!("blocks lie more than {MAX_DEPTH} deep in each other"),
        ));
    }
    let items = input.items(Kind::Layers)?;
    if items.is_empty() {
        return Err(input
            .error(ErrorKind::OutOfRange, format!("`{}` is empty", input.key()))
            .accepts(Kind::Layers.words()));
    }
    items.iter().map(read_block).collect()
}

fn find(word: &str) -> Option<&'static Entry<BlockKind>> {
    entries().find(|entry| entry.info.name == word)
}

/// The block that other programs call `word`.
fn synonym(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase().replace(['-', ' '], "_");
    entries()
        .find(|entry| entry.info.aka.contains(&word.as_str()))
        .map(|entry| entry.info.name)
}

fn read_block(input: &Input<'_>) -> Result<Block> {
    match input.value {
        DeValue::String(word) => {
            let Some(entry) = find(word) else {
                return Err(input.unknown_word("block", word, words(), synonym(word)));
            };
            if !entry.info.may_be_bare() {
                let message = format!("the word \"{word}\" alone does not say enough");
                return Err(input
                    .error(ErrorKind::MissingKey, message)
                    .accepts(format!("a table such as {}", entry.info.example)));
            }
            let args = Args::new(
                format!("block `{}`", entry.info.name),
                &entry.info,
                input.clone(),
            );
            finish(entry, &args, input)
        }
        DeValue::Table(table) => read_table(table, input),
        _ => Err(input
            .refuse(ErrorKind::WrongType, Kind::Layers)
            .accepts("a block: a word such as \"relu\", or a table such as { dense = 64 }")),
    }
}

fn read_table(table: &DeTable<'_>, input: &Input<'_>) -> Result<Block> {
    let mut named = table
        .iter()
        .filter_map(|(key, value)| Some((key, find(key.get_ref())?, value)));
    let Some((key, entry, value)) = named.next() else {
        return Err(no_block(table, input));
    };
    if let Some((other, ..)) = named.next() {
        let message = format!(
            "a table names one block, this one names `{}` and `{}`",
            entry.info.name,
            other.get_ref()
        );
        return Err(DescribeError::new(ErrorKind::Conflict, message)
            .at(&input.path, other.span())
            .hint("write one table a block, in the order in which they compute"));
    }
    let what = format!("block `{}`", entry.info.name);
    let path = joined(&input.path, entry.info.name);
    let mut place = input.clone();
    place.span = key.span();
    let mut args = Args::new(what, &entry.info, place);
    let value = Input::new(value, path.clone());
    match (value.value, entry.info.main) {
        (DeValue::Table(options), _) => args.take(options, &path, &[])?,
        (DeValue::Boolean(true), _) if entry.info.may_be_bare() => {}
        (_, Some(main)) => args.give(main, value)?,
        (_, None) => {
            let accepted = format!(
                "true, or a table of options; or {} alone",
                entry.info.example
            );
            let error = value
                .refuse(ErrorKind::WrongType, Kind::Flag)
                .accepts(accepted);
            return Err(if entry.info.name == "linear" {
                error.hint(
                    "`linear` is the activation φ(x) = x; a layer of 64 units is { dense = 64 }",
                )
            } else {
                error
            });
        }
    }
    args.take(table, &input.path, &[entry.info.name])?;
    finish(entry, &args, input)
}

/// A table without a block's name.
fn no_block(table: &DeTable<'_>, input: &Input<'_>) -> DescribeError {
    // The word that was meant is most often the first key, or the value of `name` or `type`.
    for (key, value) in table {
        let key_word: &str = key.get_ref();
        if let Some(word) = synonym(key_word).or_else(|| nearest(key_word, words())) {
            return DescribeError::new(
                ErrorKind::UnknownWord,
                format!("unknown block {}", quoted(key_word)),
            )
            .at(&input.path, key.span())
            .near(Some(word))
            .accepts(super::super::kind::one_of(words()));
        }
        if let Some(word) = value.get_ref().as_str().filter(|word| find(word).is_some()) {
            return DescribeError::new(
                ErrorKind::MissingKey,
                format!("`{key_word} = \"{word}\"` does not name a block, its key does"),
            )
            .at(&input.path, key.span())
            .hint(format!(
                "write {}",
                find(word).map_or("", |entry| entry.info.example)
            ));
        }
    }
    let error = match table.iter().next() {
        Some((key, _)) => DescribeError::new(
            ErrorKind::UnknownWord,
            format!("unknown block {}", quoted(key.get_ref())),
        )
        .at(&input.path, key.span()),
        None => input.error(ErrorKind::MissingKey, "an empty table names no block"),
    };
    error.accepts(super::super::kind::one_of(words()))
}

/// Reads what every block may carry and the block's own fields.
fn finish(entry: &Entry<BlockKind>, args: &Args<'_>, input: &Input<'_>) -> Result<Block> {
    let kind = (entry.build)(args).map_err(|e| e.at(&input.path, input.span.clone()))?;
    let has = |field: &str| entry.info.common.iter().any(|f| f.name == field);
    let number = |field: &str| {
        if has(field) {
            args.number(field)
        } else {
            Ok(0.0)
        }
    };
    let init = |field: &str| {
        if has(field) {
            args.maybe_init(field)
        } else {
            Ok(None)
        }
    };
    let name = if has("name") {
        args.maybe("name", read_name)?
    } else {
        None
    };
    Ok(Block {
        name,
        frozen: has("frozen") && args.flag("frozen")?,
        init: init("init")?,
        bias_init: init("bias_init")?,
        l1: number("l1")?,
        l2: number("l2")?,
        weight: if has("weight") {
            match args.word("weight")? {
                "normalised" => WeightForm::Normalised,
                "standardised" => WeightForm::Standardised,
                "scaled" => WeightForm::Scaled,
                _ => WeightForm::Plain,
            }
        } else {
            WeightForm::Plain
        },
        kind,
        path: input.path.clone(),
        span: input.span.clone(),
    })
}

/// A user's name: it becomes a part of parameter paths, so it has no dots, and it cannot be one
/// that unnamed blocks get.
fn read_name(input: &Input<'_>) -> Result<String> {
    let name = input.text(Kind::Name)?;
    if name.is_empty()
        || !name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    {
        return Err(input.refuse(ErrorKind::OutOfRange, Kind::Name));
    }
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    // `conv2d` is a word that ends in a letter, so the number of `conv2d3` is cut off cleanly.
    if stem.len() < name.len() && find(stem).is_some() {
        let message = format!("the name {name:?} clashes with those that unnamed blocks get");
        return Err(input.error(ErrorKind::Conflict, message).hint(format!(
            "unnamed blocks are called {stem}1, {stem}2 and so on; choose another name"
        )));
    }
    Ok(name.to_owned())
}
