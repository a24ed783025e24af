//! Which columns of a table are inputs, categories and targets.

use std::path::Path;

use csv::ByteRecord;
use isograd_core::describe::data::CsvOptions;

use super::super::error::{DataError, DataErrorKind, Position, count, excerpt};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Numbers.
    Number,
    /// Categories.
    Category,
}

/// A column that is used.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    /// Name in the header, or the number.
    pub(crate) name: String,
    /// Position in the line.
    pub(crate) at: usize,
    pub(crate) role: Role,
}

/// The columns of a table, as the training file has them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    pub(crate) inputs: Vec<Column>,
    pub(crate) targets: Vec<Column>,
    /// Targets are words; `None` while unknown.
    pub(crate) target_words: Option<bool>,
    /// Columns of the line, used or not.
    columns: usize,
    header: bool,
}

/// How columns are found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Columns<'a> {
    /// From the options and the file.
    Find,
    /// As in the training file.
    Like(&'a Layout),
    /// Every column is a target, unless some are called `y`, `y0` ….
    Targets,
}

impl Layout {
    /// Finds the columns.
    pub(crate) fn new(
        path: &Path,
        options: &CsvOptions,
        columns: Columns,
        first: &ByteRecord,
        header: bool,
    ) -> Result<Self, DataError> {
        let names: Vec<String> = first
            .iter()
            .enumerate()
            .map(|(at, cell)| {
                if header && !cell.is_empty() {
                    String::from_utf8_lossy(cell).into_owned()
                } else {
                    at.to_string()
                }
            })
            .collect();
        let found = match columns {
            Columns::Like(like) => like.matched(&names, header),
            Columns::Find => Self::from_options(options, &names, header, false),
            Columns::Targets => Self::from_options(options, &names, header, true),
        };
        found.map_err(|error| {
            let error = error.file(path);
            if header {
                error.at(Position::Line(1))
            } else {
                error
            }
        })
    }

    fn from_options(
        options: &CsvOptions,
        names: &[String],
        header: bool,
        all: bool,
    ) -> Result<Self, DataError> {
        let find = |wanted: &[String], what: &str| -> Result<Vec<usize>, DataError> {
            wanted
                .iter()
                .map(|name| find(names, header, name, what))
                .collect()
        };
        let mut targets = find(&options.target, "target")?;
        if targets.is_empty() {
            targets = match named_targets(names) {
                named if !named.is_empty() => named,
                _ if all => (0..names.len()).collect(),
                _ => vec![names.len() - 1],
            };
        }
        let categorical = find(&options.categorical, "categorical")?;
        let drop = find(&options.drop, "drop")?;
        let column = |at: usize| Column {
            name: names[at].clone(),
            at,
            role: if categorical.contains(&at) {
                Role::Category
            } else {
                Role::Number
            },
        };
        let targets: Vec<Column> = targets.into_iter().map(column).collect();
        let inputs = (0..names.len())
            .filter(|at| !drop.contains(at) && targets.iter().all(|target| target.at != *at))
            .map(column)
            .collect();
        Ok(Self {
            inputs,
            target_words: targets
                .iter()
                .any(|target| target.role == Role::Category)
                .then_some(true),
            targets,
            columns: names.len(),
            header,
        })
    }

    /// The same columns in another file: by name where both have names, else by position.
    fn matched(&self, names: &[String], header: bool) -> Result<Self, DataError> {
        if !(self.header && header) {
            if names.len() != self.columns {
                return Err(DataError::new(
                    DataErrorKind::Mismatch,
                    format!(
                        "there are {} here, {} in the training file",
                        count(names.len(), "column"),
                        self.columns
                    ),
                ));
            }
            return Ok(self.clone());
        }
        let place = |column: &Column| {
            let at = find(names, true, &column.name, "column of the training file");
            at.map(|at| Column {
                at,
                ..column.clone()
            })
        };
        Ok(Self {
            inputs: self.inputs.iter().map(place).collect::<Result<_, _>>()?,
            targets: self.targets.iter().map(place).collect::<Result<_, _>>()?,
            columns: names.len(),
            ..self.clone()
        })
    }
}

/// Position of the column with this name, or with this number (from 0; negative from the end).
fn find(names: &[String], header: bool, wanted: &str, what: &str) -> Result<usize, DataError> {
    if let Some(at) = names.iter().position(|name| name == wanted) {
        return Ok(at);
    }
    if let Ok(number) = wanted.parse::<i64>() {
        let at = if number < 0 {
            number + names.len() as i64
        } else {
            number
        };
        if let Some(at) = usize::try_from(at).ok().filter(|&at| at < names.len()) {
            return Ok(at);
        }
    }
    let error = DataError::new(
        DataErrorKind::Description,
        format!("there is no column `{}` ({what})", excerpt(wanted)),
    );
    let range = format!(
        "columns are counted from 0 to {} (-1 is the last)",
        names.len() - 1
    );
    if !header {
        return Err(error.help(range));
    }
    let nearest = names
        .iter()
        .map(|name| (strsim::jaro_winkler(name, wanted), name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    Err(match nearest {
        Some((likeness, name)) if likeness > 0.7 => {
            error.help(format!("the nearest name is `{}`; {range}", excerpt(name)))
        }
        _ => {
            let some: Vec<String> = names.iter().take(8).map(|name| excerpt(name)).collect();
            error.help(format!("the names begin with {}; {range}", some.join(", ")))
        }
    })
}

/// Every column called `y`, `y0`, `y1` ….
fn named_targets(names: &[String]) -> Vec<usize> {
    let is_target = |name: &String| {
        name.strip_prefix('y')
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    (0..names.len())
        .filter(|&at| is_target(&names[at]))
        .collect()
}
