//! Changes of the TOML text that keep its comments and layout.

use super::error::{DescribeError, ErrorKind};
use super::patch::{Patch, PatchAction, PatchOp};
use super::{Document, blocks};
use serde_json::Value as Json;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

type Result<T> = std::result::Result<T, DescribeError>;

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

fn refuse(path: &str, message: impl std::fmt::Display) -> DescribeError {
    DescribeError::new(ErrorKind::Patch, format!("{message} (at `{path}`)"))
}

/// Steps of `network.layers[0].dense`.
pub(crate) fn steps(path: &str) -> Result<Vec<Step>> {
    let bad = || {
        refuse(path, "this is not a path")
            .accepts("keys with dots and positions in brackets, as in network.layers[0].dense")
    };
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        if key.is_empty()
            || !key
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        {
            return Err(bad());
        }
        steps.push(Step::Key(key.to_owned()));
        while !rest.is_empty() {
            let end = rest.find(']').ok_or_else(bad)?;
            let number = rest
                .get(1..end)
                .and_then(|n| n.parse().ok())
                .ok_or_else(bad)?;
            steps.push(Step::Index(number));
            rest = &rest[end + 1..];
            if !(rest.is_empty() || rest.starts_with('[')) {
                return Err(bad());
            }
        }
    }
    Ok(steps)
}

/// The text after one override `path=value`; a value that is not TOML is taken as a text.
pub(crate) fn overridden(text: &str, one: &str) -> Result<String> {
    let bad = || {
        DescribeError::new(ErrorKind::Patch, format!("the override {one:?} has no `=`"))
            .accepts("a path and a value, as in train.batch=64")
    };
    let (path, value) = one.split_once('=').ok_or_else(bad)?;
    let (path, value) = (path.trim(), value.trim());
    let value: Value = value.parse().unwrap_or_else(|_| Value::from(value));
    let mut document = open(text)?;
    set(&mut document, path, value)?;
    Ok(document.to_string())
}

fn open(text: &str) -> Result<DocumentMut> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let span = error.span().unwrap_or(0..0);
        DescribeError::new(
            ErrorKind::Syntax,
            format!("this is not TOML: {}", error.message()),
        )
        .at("", span)
    })
}

/// The text after a patch.
pub(crate) fn patched(text: &str, patch: &Patch) -> Result<String> {
    let mut document = open(text)?;
    for op in &patch.0 {
        apply(&mut document, op)?;
    }
    Ok(document.to_string())
}

/// Applies one entry of a patch.
pub(crate) fn apply(document: &mut DocumentMut, op: &PatchOp) -> Result<()> {
    match op.op {
        PatchAction::Set => set(document, &op.path, to_toml(&op.to, &op.path)?),
        PatchAction::Insert => insert(document, &op.path, to_toml(&op.to, &op.path)?),
        PatchAction::Delete => delete(document, &op.path),
    }
}

/// JSON as TOML, in one line.
fn to_toml(json: &Json, path: &str) -> Result<Value> {
    Ok(match json {
        Json::Null => return Err(refuse(path, "a patch cannot set nothing, use delete")),
        Json::Bool(flag) => Value::from(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Value::from(integer),
            (None, Some(float)) => Value::from(float),
            (None, None) => return Err(refuse(path, format!("the number {number} does not fit"))),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => {
            let items: Result<Vec<Value>> = items.iter().map(|item| to_toml(item, path)).collect();
            Value::Array(items?.into_iter().collect::<Array>())
        }
        Json::Object(fields) => {
            let mut table = InlineTable::new();
            for (key, value) in fields {
                table.insert(key, to_toml(value, path)?);
            }
            Value::InlineTable(table)
        }
    })
}

/// TOML as JSON; dates become texts.
fn to_json(item: &Item) -> Option<Json> {
    fn from_value(value: &Value) -> Json {
        match value {
            Value::String(text) => Json::from(text.value().as_str()),
            Value::Integer(number) => Json::from(*number.value()),
            Value::Float(number) => Json::from(*number.value()),
            Value::Boolean(flag) => Json::from(*flag.value()),
            Value::Datetime(date) => Json::from(date.value().to_string()),
            Value::Array(items) => items.iter().map(from_value).collect(),
            Value::InlineTable(fields) => fields
                .iter()
                .map(|(k, v)| (k.to_owned(), from_value(v)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
    fn table(table: &Table) -> Json {
        table
            .iter()
            .filter_map(|(k, v)| Some((k.to_owned(), to_json(v)?)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
    Some(match item {
        Item::None => return None,
        Item::Value(v) => from_value(v),
        Item::Table(t) => table(t),
        Item::ArrayOfTables(tables) => tables.iter().map(table).collect(),
    })
}

/// What is at `path`, as JSON.
pub(crate) fn value_at(document: &DocumentMut, path: &str) -> Option<Json> {
    /// The place that was reached: an item, or a value or table in a list.
    enum At<'a> {
        Item(&'a Item),
        Value(&'a Value),
        Table(&'a dyn TableLike),
    }
    let mut at = At::Item(document.as_item());
    for step in steps(path).ok()? {
        at = match step {
            Step::Key(key) => {
                let table = match at {
                    At::Item(item) => item.as_table_like()?,
                    At::Value(value) => value.as_inline_table()?,
                    At::Table(table) => table,
                };
                At::Item(table.get(&key)?)
            }
            Step::Index(i) => match at {
                At::Item(Item::ArrayOfTables(tables)) => At::Table(tables.get(i)?),
                At::Item(item) => At::Value(item.as_array()?.get(i)?),
                At::Value(value) => At::Value(value.as_array()?.get(i)?),
                At::Table(_) => return None,
            },
        };
    }
    match at {
        At::Item(item) => to_json(item),
        At::Value(value) => to_json(&Item::Value(value.clone())),
        At::Table(table) => to_json(&Item::Value(Value::InlineTable(inline(table)))),
    }
}

fn inline(table: &dyn TableLike) -> InlineTable {
    let mut result = InlineTable::new();
    for (key, item) in table.iter() {
        if let Ok(value) = item.clone().into_value() {
            result.insert(key, value);
        }
    }
    result
}

/// A place in the document that can be changed.
enum Place<'a> {
    Item(&'a mut Item),
    Value(&'a mut Value),
    Table(&'a mut Table),
}

impl<'a> Place<'a> {
    /// The table here; a bare word becomes the table that means the same.
    fn table(self, path: &str, bare: Bare) -> Result<&'a mut dyn TableLike> {
        match self {
            Place::Table(table) => Ok(table),
            Place::Item(item) => {
                if let Item::Value(value) = item {
                    bare.widen(value);
                }
                if item.is_none() {
                    *item = Item::Value(Value::InlineTable(InlineTable::new()));
                }
                item.as_table_like_mut()
                    .ok_or_else(|| refuse(path, "there is no table here"))
            }
            Place::Value(value) => {
                bare.widen(value);
                let table = value.as_inline_table_mut();
                table
                    .map(|t| t as &mut dyn TableLike)
                    .ok_or_else(|| refuse(path, "there is no table here"))
            }
        }
    }

    fn list(self, path: &str) -> Result<&'a mut Array> {
        let none = || refuse(path, "there is no list here");
        match self {
            Place::Item(item) => {
                if let Item::ArrayOfTables(tables) = item {
                    // `[[network.layers]]` and a list of inline tables say the same; only the
                    // latter can hold bare words.
                    let values = tables.iter().map(|table| Value::InlineTable(inline(table)));
                    *item = Item::Value(Value::Array(values.collect()));
                }
                item.as_array_mut().ok_or_else(none)
            }
            Place::Value(value) => value.as_array_mut().ok_or_else(none),
            Place::Table(_) => Err(none()),
        }
    }
}

/// What a bare word stands for where it is.
#[derive(Clone, Copy)]
enum Bare {
    /// A block: `"relu"` is `{ relu = true }`.
    Block,
    /// The value of this key: `"adam"` is `{ name = "adam" }`, `"a.csv"` is `{ file = "a.csv" }`.
    Key(&'static str),
}

impl Bare {
    /// What a word at the end of `steps` stands for; `files`: the parts of the data are files.
    fn at(steps: &[Step], files: bool) -> Self {
        if matches!(steps.last(), Some(Step::Index(_))) && is_block(steps) {
            return Self::Block;
        }
        match steps {
            [Step::Key(data), Step::Key(part)]
                if data == "data" && ["train", "valid", "test"].contains(&part.as_str()) =>
            {
                Self::Key(if files { "file" } else { "split" })
            }
            _ => Self::Key("name"),
        }
    }

    /// Turns a bare word into the table that means the same.
    fn widen(self, value: &mut Value) {
        let Some(word) = value.as_str().map(str::to_owned) else {
            return;
        };
        let mut table = InlineTable::new();
        match self {
            Self::Block => table.insert(&word, Value::from(true)),
            Self::Key(key) => table.insert(key, Value::from(word)),
        };
        let decor = value.decor().clone();
        *value = Value::InlineTable(table);
        *value.decor_mut() = decor;
    }
}

/// True where the source of the data is a file format.
fn has_files(document: &DocumentMut) -> bool {
    let source = value_at(document, "data.source");
    let word = source
        .as_ref()
        .and_then(|s| s.get("name").unwrap_or(s).as_str());
    word.is_some_and(|word| ["csv", "idx", "cifar", "npy", "text"].contains(&word))
}

/// Goes to the place that `steps` lead to; missing tables on the way are made.
fn go<'a>(document: &'a mut DocumentMut, all: &[Step]) -> Result<Place<'a>> {
    let files = has_files(document);
    let mut place = Place::Item(document.as_item_mut());
    let mut path = String::new();
    for (i, step) in all.iter().enumerate() {
        match step {
            Step::Key(key) => {
                let table = place.table(&path, Bare::at(&all[..i], files))?;
                path = super::read::joined(&path, key);
                place = Place::Item(table.entry(key).or_insert(Item::None));
            }
            Step::Index(i) => {
                let missing = refuse(&path, format!("the list has no element {i}"));
                path = format!("{path}[{i}]");
                place = match place {
                    Place::Item(item) if item.is_array_of_tables() => {
                        let table = item
                            .as_array_of_tables_mut()
                            .and_then(|list| list.get_mut(*i));
                        Place::Table(table.ok_or(missing)?)
                    }
                    other => Place::Value(other.list(&path)?.get_mut(*i).ok_or(missing)?),
                };
            }
        }
    }
    Ok(place)
}

fn set(document: &mut DocumentMut, path: &str, mut value: Value) -> Result<()> {
    let all = steps(path)?;
    let Some((last, before)) = all.split_last() else {
        return Err(refuse(path, "empty path"));
    };
    match last {
        Step::Key(key) => {
            let bare = Bare::at(before, has_files(document));
            let parent = go(document, before)?;
            let parent_path = path.rsplit_once('.').map_or("", |(parent, _)| parent);
            let table = parent.table(parent_path, bare)?;
            match table.get_mut(key) {
                Some(Item::Value(old)) => {
                    *value.decor_mut() = old.decor().clone();
                    *old = value;
                }
                Some(other) => *other = Item::Value(value),
                None => {
                    table.insert(key, Item::Value(value));
                }
            }
        }
        Step::Index(i) => {
            let list = go(document, before)?.list(path)?;
            let length = list.len();
            let old = list
                .get_mut(*i)
                .ok_or_else(|| refuse(path, format!("the list has only {length} elements")))?;
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
    }
    Ok(())
}

/// True where the last list on the way is one of blocks.
fn is_block(steps: &[Step]) -> bool {
    steps
        .iter()
        .rev()
        .find_map(|step| match step {
            Step::Key(key) => Some(key == "layers" || blocks::words().any(|word| word == key)),
            Step::Index(_) => None,
        })
        .unwrap_or(false)
}

fn insert(document: &mut DocumentMut, path: &str, mut value: Value) -> Result<()> {
    let all = steps(path)?;
    let Some((Step::Index(i), before)) = all.split_last() else {
        return Err(refuse(path, "only an element of a list can be inserted"));
    };
    let list = go(document, before)?.list(path)?;
    if *i > list.len() {
        return Err(refuse(
            path,
            format!("the list has only {} elements", list.len()),
        ));
    }
    // The new element is laid out as its neighbour, without the neighbour's comment.
    let neighbour = if *i < list.len() {
        list.get(*i)
    } else {
        list.get(i.saturating_sub(1))
    };
    let prefix = neighbour
        .and_then(|v| v.decor().prefix())
        .and_then(|raw| raw.as_str())
        .map_or(" ", |text| text.rfind('\n').map_or(" ", |at| &text[at..]))
        .to_owned();
    let first = *i == 0;
    value
        .decor_mut()
        .set_prefix(if first && !prefix.contains('\n') {
            ""
        } else {
            prefix.as_str()
        });
    if first && let Some(next) = list.get_mut(0) {
        let bare = next
            .decor()
            .prefix()
            .and_then(|raw| raw.as_str())
            .is_some_and(str::is_empty);
        if bare {
            next.decor_mut().set_prefix(" ");
        }
    }
    list.insert_formatted(*i, value);
    Ok(())
}

fn delete(document: &mut DocumentMut, path: &str) -> Result<()> {
    let all = steps(path)?;
    let Some((last, before)) = all.split_last() else {
        return Err(refuse(path, "empty path"));
    };
    let absent = || refuse(path, "there is nothing to delete");
    match last {
        Step::Key(key) => {
            let parent_path = path.rsplit_once('.').map_or("", |(parent, _)| parent);
            let bare = Bare::at(before, has_files(document));
            let table = go(document, before)?.table(parent_path, bare)?;
            table.remove(key).map(drop).ok_or_else(absent)
        }
        Step::Index(i) => {
            let list = go(document, before)?.list(path)?;
            if *i >= list.len() {
                return Err(absent());
            }
            list.remove(*i);
            Ok(())
        }
    }
}

impl Document {
    /// The document with one override, `train.batch=64`, as the command's `--set` takes them.
    pub fn with_override(&self, one: &str) -> Result<Self> {
        let text = overridden(&self.text, one).map_err(|e| e.within(&self.file, &self.text))?;
        Self::parse(&text, &self.file)
    }

    /// The document with a patch; comments and layout of what is not touched stay as they are.
    /// `from` of an entry is for people: it is not compared with what is there.
    pub fn with_patch(&self, patch: &Patch) -> Result<Self> {
        let text = patched(&self.text, patch).map_err(|e| e.within(&self.file, &self.text))?;
        Self::parse(&text, &self.file)
    }

    /// What the text says at `path` (`train.optimizer.lr`), as JSON; `None` where it says nothing,
    /// also where a default holds.
    pub fn value_at(&self, path: &str) -> Option<Json> {
        value_at(&open(&self.text).ok()?, path)
    }
}
