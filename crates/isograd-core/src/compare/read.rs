//! Reading a grid file: every mistake with its place and what is accepted.

use super::at::{At, Result, fields, unknown};
use super::change::Change;
use super::changes::{Reader, op, set_paths};
use super::grid::{Axis, AxisValue, Best, Grid, Quick, Rule};
use super::settings::{control, map, measure, seeds, selection, target};
use super::value::label;
use crate::describe::DescribeError;
use crate::describe::error::ErrorKind;
use crate::describe::patch::PatchAction;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// Keys of a grid.
const KEYS: [&str; 11] = [
    "name", "base", "seeds", "axis", "when", "control", "target", "columns", "measure", "map",
    "quick",
];

impl Grid {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self> {
        let text = crate::describe::document::read_text(path)?;
        Self::parse(&text, path)
    }

    /// Reads a text; `file` is what errors say, and where relative paths begin.
    pub fn parse(text: &str, file: &Path) -> Result<Self> {
        read(text, file).map_err(|e| {
            if e.is_placed() {
                e
            } else {
                e.within(file, text)
            }
        })
    }
}

fn read(text: &str, file: &Path) -> Result<Grid> {
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(text.len()..text.len());
        DescribeError::new(
            ErrorKind::Syntax,
            format!("this is not TOML: {}", error.message()),
        )
        .at("", span)
    })?;
    let reader = Reader { text, file };
    let stem = file
        .file_stem()
        .map_or("grid".into(), |s| s.to_string_lossy());
    let mut grid = Grid {
        name: stem.into_owned(),
        file: file.to_owned(),
        text: text.to_owned(),
        base: None,
        seeds: vec![1, 2, 3],
        axes: Vec::new(),
        rules: Vec::new(),
        control: Vec::new(),
        target: None,
        columns: None,
        measure: None,
        map: None,
        quick: None,
    };
    let root = fields(table.get_ref(), &[]);
    // Axes first: what follows names them.
    for (key, at) in &root {
        match *key {
            "name" => at.text("a text")?.clone_into(&mut grid.name),
            "base" => grid.base = Some(reader.start(at)?),
            "seeds" => grid.seeds = seeds(at)?,
            "axis" => grid.axes = reader.axes(at)?,
            _ => {}
        }
    }
    for (key, at) in &root {
        match *key {
            "name" | "base" | "seeds" | "axis" => {}
            "when" => grid.rules = reader.rules(at, &grid.axes)?,
            "control" => grid.control = control(at, &grid.axes)?,
            "target" => grid.target = Some(target(at)?),
            "columns" => {
                let items = at.items("words of columns")?;
                grid.columns = Some(items.iter().map(measure).collect::<Result<_>>()?);
            }
            "measure" => grid.measure = Some(measure(at)?),
            "map" => grid.map = Some(map(at, &grid.axes)?),
            "quick" => grid.quick = Some(reader.quick(at, &grid.axes)?),
            other => return Err(unknown(at, "key of a grid", other, &KEYS)),
        }
    }
    check(&grid)?;
    Ok(grid)
}

/// What no single key says.
fn check(grid: &Grid) -> Result<()> {
    let missing = |message: &str| DescribeError::new(ErrorKind::MissingKey, message).at("", 0..0);
    if grid.axes.is_empty() {
        return Err(missing("a grid needs an axis").accepts("[axis.NAME] with `values`"));
    }
    if grid.shown().next().is_none() {
        return Err(
            missing("every axis is chosen from by `best`, so there is nothing to compare")
                .accepts("one axis without `best`"),
        );
    }
    let complete = |axis: &Axis| axis.values.iter().all(|v| v.change.description.is_some());
    if grid.base.is_none() && !grid.axes.iter().any(complete) {
        return Err(missing("there is no description to begin with").accepts(
            "base = \"FILE.toml\", a table [base], or `description` in each value of an axis",
        ));
    }
    Ok(())
}

impl Reader<'_> {
    fn axes(&self, at: &At<'_>) -> Result<Vec<Axis>> {
        let mut axes = Vec::new();
        for (name, axis) in at.fields("tables [axis.NAME]")? {
            axes.push(self.axis(name, &axis)?);
        }
        Ok(axes)
    }

    fn axis(&self, name: &str, at: &At<'_>) -> Result<Axis> {
        let (mut paths, mut values, mut best) = (Vec::new(), None, None);
        for (key, field) in at.fields("a table with `values`")? {
            match key {
                "set" => paths = set_paths(&field)?,
                "values" => values = Some(field),
                "best" => {
                    let word = field.text("\"metric\" or \"loss\"")?;
                    best = Some(match word {
                        "metric" => Best::Metric,
                        "loss" => Best::Loss,
                        other => return Err(unknown(&field, "word", other, &["metric", "loss"])),
                    });
                }
                other => {
                    return Err(unknown(
                        &field,
                        "key of an axis",
                        other,
                        &["set", "values", "best"],
                    ));
                }
            }
        }
        let Some(values) = values else {
            return Err(at
                .error(
                    ErrorKind::MissingKey,
                    format!("the axis {name} needs `values`"),
                )
                .accepts("a list, or a table of named values"));
        };
        let mut axis = Axis {
            name: name.to_owned(),
            values: Vec::new(),
            best,
        };
        for (label, value) in values_of(&values, &paths)? {
            if axis.values.iter().any(|v| v.label == label) {
                let twice = format!("the axis {name} has the value {label} twice");
                return Err(value.error(ErrorKind::Conflict, twice));
            }
            let change = if paths.is_empty() {
                self.change(&value, &[])?.0
            } else {
                let op = |path: &String| op(&value, PatchAction::Set, path.clone());
                let ops = paths.iter().map(op).collect::<Result<_>>()?;
                Change {
                    description: None,
                    ops,
                }
            };
            let number = label.parse().ok().filter(|n: &f64| n.is_finite());
            axis.values.push(AxisValue {
                label,
                number,
                change,
            });
        }
        if axis.values.is_empty() {
            return Err(values.error(
                ErrorKind::OutOfRange,
                format!("the axis {name} has no values"),
            ));
        }
        Ok(axis)
    }

    fn rules(&self, at: &At<'_>, axes: &[Axis]) -> Result<Vec<Rule>> {
        let mut rules = Vec::new();
        for item in at.items("tables [[when]]")? {
            let (change, own) = self.change(&item, &["is", "skip"])?;
            let mut rule = Rule {
                is: Vec::new(),
                change: Some(change),
            };
            for (key, field) in own {
                match (key, field.value.get_ref()) {
                    ("is", _) => rule.is = selection(&field, axes)?,
                    (_, DeValue::Boolean(skip)) => rule.change = rule.change.filter(|_| !skip),
                    _ => return Err(field.wrong("true")),
                }
            }
            if rule.is.is_empty() {
                return Err(item
                    .error(ErrorKind::MissingKey, "[[when]] needs `is`")
                    .accepts("is = { AXIS = VALUE }"));
            }
            rules.push(rule);
        }
        Ok(rules)
    }

    fn quick(&self, at: &At<'_>, axes: &[Axis]) -> Result<Quick> {
        let (change, own) = self.change(at, &["seeds", "only"])?;
        let mut quick = Quick {
            change,
            ..Quick::default()
        };
        for (key, field) in own {
            match key {
                "seeds" => quick.seeds = Some(seeds(&field)?),
                _ => quick.only = selection(&field, axes)?,
            }
        }
        Ok(quick)
    }
}

/// Labels and values of an axis; `paths`: what each value is written to.
fn values_of<'a>(at: &At<'a>, paths: &[String]) -> Result<Vec<(String, At<'a>)>> {
    let DeValue::Array(_) = at.value.get_ref() else {
        let named = at.fields("a list, or a table of named values")?;
        return Ok(named.into_iter().map(|(k, v)| (k.to_owned(), v)).collect());
    };
    if paths.is_empty() {
        return Err(at
            .error(
                ErrorKind::MissingKey,
                "a list of values needs `set`, the path that gets them",
            )
            .accepts("set = \"network.layers[0].repeat\", or a table of named values"));
    }
    let named = |item: At<'a>| match label(item.value.get_ref()) {
        Some(label) => Ok((label, item)),
        None => Err(item
            .error(
                ErrorKind::WrongType,
                "a value in a list must be a number, a text or a flag",
            )
            .accepts("for others a table of named values")),
    };
    at.items("values")?.into_iter().map(named).collect()
}
