//! The page of documentation about descriptions, made from the registry.

use super::grammar::{CLIP, DATA, NETWORK, PART, ROOT, TRAIN};
use super::kind::Kind;
use super::registry::{Default, Entry, Field, Info};
use super::{
    MAX_NODES, MAX_PARAMETERS, MAX_SIZE, augment, blocks, curriculum, init, loss, optimizer,
    schedule, source,
};
use std::fmt::Write as _;

/// A description that shows the most.
const EXAMPLE: &str = include_str!("page_example.toml");

/// The page: the grammar with an example for each word, in Markdown.
pub fn page() -> String {
    let mut page = String::new();
    let limits = format!(
        "Every number has a range, which an error names. A network may have {MAX_NODES} blocks when \
         everything is written out and {MAX_PARAMETERS} parameters; a size may be {MAX_SIZE}, and so \
         may the numbers of one example between two blocks; blocks may lie 32 deep in each other."
    );
    let intro = include_str!("page_intro.md").trim_end();
    let _ = writeln!(
        page,
        "{intro}\n\n```toml\n{}\n```\n\n{limits}\n",
        EXAMPLE.trim_end()
    );
    for (title, info) in [
        ("The whole file", &ROOT),
        ("`[data]`", &DATA),
        ("A part of the data", &PART),
        ("`[network]`", &NETWORK),
        ("`[train]`", &TRAIN),
        ("`clip`", &CLIP),
    ] {
        section(&mut page, title, info);
    }
    let _ = writeln!(
        page,
        "## Blocks\n\n{}\n",
        include_str!("page_blocks.md").trim_end()
    );
    for entry in blocks::entries() {
        one(&mut page, &entry.info);
    }
    words(
        &mut page,
        "Initialisations",
        "`init` and `bias_init`",
        init::ENTRIES,
    );
    words(&mut page, "Sources", "`data.source`", source::ENTRIES);
    words(
        &mut page,
        "Augmentations",
        "each element of `data.augment`",
        augment::ENTRIES,
    );
    words(&mut page, "Losses", "`train.loss`", loss::ENTRIES);
    words(
        &mut page,
        "Optimisers",
        "`train.optimizer`",
        optimizer::ENTRIES,
    );
    words(
        &mut page,
        "Schedules",
        "`train.schedule`",
        schedule::ENTRIES,
    );
    words(
        &mut page,
        "Curricula",
        "`train.curriculum`",
        curriculum::ENTRIES,
    );
    words(
        &mut page,
        "Difficulty",
        "`difficulty` of a curriculum",
        curriculum::DIFFICULTIES,
    );
    let trimmed = page.trim_end().len();
    page.truncate(trimmed);
    page.push('\n');
    page
}

/// Every registry with what is known of its words, by the key that takes them.
fn registries() -> Vec<(&'static str, Vec<&'static Info>)> {
    fn of<T>(entries: &'static [Entry<T>]) -> Vec<&'static Info> {
        entries.iter().map(|entry| &entry.info).collect()
    }
    vec![
        ("block", blocks::entries().map(|e| &e.info).collect()),
        ("init", of(init::ENTRIES)),
        ("source", of(source::ENTRIES)),
        ("augment", of(augment::ENTRIES)),
        ("loss", of(loss::ENTRIES)),
        ("optimizer", of(optimizer::ENTRIES)),
        ("schedule", of(schedule::ENTRIES)),
        ("curriculum", of(curriculum::ENTRIES)),
        ("difficulty", of(curriculum::DIFFICULTIES)),
    ]
}

/// Examples of all words with the key of `[data]`, `[network]` or `[train]` that takes them, for the
/// tests.
pub fn examples() -> Vec<(&'static str, &'static str)> {
    let of = |(key, infos): (_, Vec<&'static Info>)| {
        let pair = move |info: &'static Info| (key, info.example);
        infos.into_iter().map(pair)
    };
    registries().into_iter().flat_map(of).collect()
}

/// All words with the key of `[data]`, `[network]` or `[train]` that takes them, for the tests.
pub fn vocabulary() -> Vec<(&'static str, &'static str)> {
    let of = |(key, infos): (_, Vec<&'static Info>)| {
        let pair = move |info: &'static Info| (key, info.name);
        infos.into_iter().map(pair)
    };
    registries().into_iter().flat_map(of).collect()
}

fn section(page: &mut String, title: &str, info: &Info) {
    let _ = writeln!(page, "## {title}\n\n{}.\n", info.doc);
    table(page, info);
}

fn words<T>(page: &mut String, title: &str, place: &str, entries: &[Entry<T>]) {
    let _ = writeln!(page, "## {title}\n\nWords of {place}.\n");
    for entry in entries {
        one(page, &entry.info);
    }
}

fn one(page: &mut String, info: &Info) {
    let _ = writeln!(
        page,
        "### `{}`\n\n{}.\n\n```toml\n{}\n```\n",
        info.name, info.doc, info.example
    );
    if info.all_fields().next().is_some() {
        table(page, info);
    }
}

fn table(page: &mut String, info: &Info) {
    let _ = writeln!(
        page,
        "| key | value | default | meaning |\n| --- | --- | --- | --- |"
    );
    for field in info.all_fields() {
        row(page, info, field);
    }
    page.push('\n');
}

fn row(page: &mut String, info: &Info, field: &Field) {
    let default = match field.default {
        Default::Required => "needed".to_owned(),
        Default::Nothing => "–".to_owned(),
        Default::Is(text) => format!("`{text}`"),
    };
    let main = if info.main == Some(field.name) {
        ", what the block's key gives"
    } else {
        ""
    };
    let value = match field.kind {
        Kind::Init => "an initialisation".to_owned(),
        Kind::Word(words) => words
            .iter()
            .map(|(word, doc)| format!("`\"{word}\"`: {doc}"))
            .collect::<Vec<_>>()
            .join("; "),
        kind => kind.words(),
    };
    let _ = writeln!(
        page,
        "| `{}` | {} | {default} | {}{main} |",
        field.name,
        value.replace('|', "\\|"),
        field.doc.replace('|', "\\|")
    );
}
