//! Reading a grid file: every mistake with its place and what is accepted.

use super::change::{Change, Op, Origin, Place, Source, explain, shown};
use super::grid::{Axis, AxisValue, Best, Grid, Quick, Rule, Start};
use super::measure::Measure;
use super::target::{Goal, Target};
use super::value::{json, label};
use crate::describe::edit::{Step, steps};
use crate::describe::error::{ErrorKind, nearest};
use crate::describe::patch::{PatchAction, PatchOp};
use crate::describe::read::quoted;
use crate::describe::{DescribeError, Document};
use serde_json::Value as Json;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

type Result<T> = std::result::Result<T, DescribeError>;

/// Keys of a grid.
const KEYS: [&str; 12] = [
    "name",
    "base",
    "seeds",
    "axis",
    "when",
    "control",
    "target",
    "columns",
    "measure",
    "map",
    "quick",
    "description",
];
/// Tables and values of a description.
const DESCRIPTION: [&str; 5] = ["name", "seed", "data", "network", "train"];
/// Seeds and values at most, so that a slip of the pen is not a year of computing.
const MOST: usize = 1000;

/// A value with its address.
#[derive(Clone)]
struct At<'a> {
    value: &'a Spanned<DeValue<'a>>,
    address: Vec<Step>,
}

impl<'a> At<'a> {
    fn error(&self, kind: ErrorKind, message: impl std::fmt::Display) -> DescribeError {
        DescribeError::new(kind, message).at(&shown(&self.address), self.value.span())
    }

    fn wrong(&self, accepted: &str) -> DescribeError {
        let what = shown(self.address.last().map_or(&[], std::slice::from_ref));
        self.error(ErrorKind::WrongType, format!("`{what}` cannot be this"))
            .accepts(accepted)
    }

    fn text(&self, accepted: &str) -> Result<&'a str> {
        self.value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.wrong(accepted))
    }

    fn number(&self, accepted: &str) -> Result<f64> {
        match json(self.value.get_ref()) {
            Some(Json::Number(n)) => n.as_f64().ok_or_else(|| self.wrong(accepted)),
            _ => Err(self.wrong(accepted)),
        }
    }

    fn count(&self, accepted: &str) -> Result<u64> {
        match json(self.value.get_ref()) {
            Some(Json::Number(n)) => n.as_u64().ok_or_else(|| self.wrong(accepted)),
            _ => Err(self.wrong(accepted)),
        }
    }

    fn fields(&self, accepted: &str) -> Result<Vec<(&'a str, Self)>> {
        match self.value.get_ref() {
            DeValue::Table(table) => Ok(fields(table, &self.address)),
            _ => Err(self.wrong(accepted)),
        }
    }

    fn items(&self, accepted: &str) -> Result<Vec<Self>> {
        let DeValue::Array(items) = self.value.get_ref() else {
            return Err(self.wrong(accepted));
        };
        if items.is_empty() || items.len() > MOST {
            return Err(self
                .error(ErrorKind::OutOfRange, format!("a list of {}", items.len()))
                .accepts(format!("{accepted}, 1 to {MOST} of them")));
        }
        let at = |(i, value)| Self {
            value,
            address: [self.address.as_slice(), &[Step::Index(i)]].concat(),
        };
        Ok(items.iter().enumerate().map(at).collect())
    }
}

/// The entries of a table in the order of the text.
fn fields<'a>(table: &'a DeTable<'a>, address: &[Step]) -> Vec<(&'a str, At<'a>)> {
    let mut all: Vec<_> = table.iter().collect();
    all.sort_by_key(|(key, _)| key.span().start);
    let at = |(key, value): (&'a Spanned<std::borrow::Cow<'a, str>>, _)| {
        let key: &str = key.get_ref();
        let address = [address, &[Step::Key(key.to_owned())]].concat();
        (key, At { value, address })
    };
    all.into_iter().map(at).collect()
}

fn unknown(at: &At<'_>, what: &str, key: &str, known: &[&str]) -> DescribeError {
    at.error(
        ErrorKind::UnknownKey,
        format!("unknown {what} {}", quoted(key)),
    )
    .accepts(known.join(", "))
    .near(nearest(key, known.iter().copied()))
}

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
            other => return Err(unknown(at, "key of a grid", other, &KEYS[..11])),
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

fn seeds(at: &At<'_>) -> Result<Vec<u64>> {
    let accepted = "a list of different integers of at least 0";
    let items = at.items(accepted)?;
    let seeds: Vec<u64> = items
        .iter()
        .map(|i| i.count(accepted))
        .collect::<Result<_>>()?;
    if let Some(i) = (1..seeds.len()).find(|&i| seeds[..i].contains(&seeds[i])) {
        return Err(items[i].error(
            ErrorKind::Conflict,
            format!("the seed {} is given twice", seeds[i]),
        ));
    }
    Ok(seeds)
}

fn measure(at: &At<'_>) -> Result<Measure> {
    let word = at.text("a word")?;
    Measure::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = Measure::ALL.iter().map(|m| m.word()).collect();
        unknown(at, "column", word, &known)
    })
}

fn target(at: &At<'_>) -> Result<Target> {
    const ACCEPTED: &str = "a number for the metric, or { metric = … }, { valid_loss = … } or { train_loss = … }, with `every`";
    let DeValue::Table(table) = at.value.get_ref() else {
        let goal = Goal::Metric(at.number(ACCEPTED)?);
        return Ok(Target { goal, every: None });
    };
    let (mut goal, mut every) = (None, None);
    for (key, field) in fields(table, &at.address) {
        let one = match key {
            "metric" => Goal::Metric(field.number("a number")?),
            "valid_loss" => Goal::ValidLoss(field.number("a number")?),
            "train_loss" => Goal::TrainLoss(field.number("a number")?),
            "every" => {
                every = Some(field.count("steps, 1 or more")?.max(1));
                continue;
            }
            other => {
                let known = ["metric", "valid_loss", "train_loss", "every"];
                return Err(unknown(&field, "key of the target", other, &known));
            }
        };
        if goal.replace(one).is_some() {
            return Err(field.error(ErrorKind::Conflict, "the target is given twice"));
        }
    }
    match goal {
        Some(goal) => Ok(Target { goal, every }),
        None => Err(at.wrong(ACCEPTED)),
    }
}

fn axis_named(at: &At<'_>, name: &str, axes: &[Axis]) -> Result<usize> {
    axes.iter().position(|a| a.name == name).ok_or_else(|| {
        let known: Vec<&str> = axes.iter().map(|a| a.name.as_str()).collect();
        unknown(at, "axis", name, &known)
    })
}

fn value_named(at: &At<'_>, axis: &Axis) -> Result<usize> {
    let given = label(at.value.get_ref()).ok_or_else(|| at.wrong("a value of the axis"))?;
    let number: Option<f64> = given.parse().ok();
    let same = |v: &AxisValue| v.label == given || (number.is_some() && v.number == number);
    axis.values.iter().position(same).ok_or_else(|| {
        let known: Vec<&str> = axis.values.iter().map(|v| v.label.as_str()).collect();
        unknown(
            at,
            &format!("value of the axis {}", axis.name),
            &given,
            &known,
        )
    })
}

/// One value, or a list of them.
fn values_named(at: &At<'_>, axis: &Axis) -> Result<Vec<usize>> {
    match at.value.get_ref() {
        DeValue::Array(_) => {
            let items = at.items("values of the axis")?;
            items.iter().map(|item| value_named(item, axis)).collect()
        }
        _ => Ok(vec![value_named(at, axis)?]),
    }
}

/// `{ axis = value, … }` or `{ axis = [values], … }`.
fn selection(at: &At<'_>, axes: &[Axis]) -> Result<Vec<(usize, Vec<usize>)>> {
    let fields = at.fields("{ AXIS = VALUE }")?;
    let mut all = Vec::new();
    for (name, field) in fields {
        let axis = axis_named(&field, name, axes)?;
        all.push((axis, values_named(&field, &axes[axis])?));
    }
    Ok(all)
}

/// `{ axis = value, … }`, or a value that only one axis has.
fn control(at: &At<'_>, axes: &[Axis]) -> Result<Vec<(usize, usize)>> {
    if let DeValue::Table(_) = at.value.get_ref() {
        let mut all = Vec::new();
        for (name, field) in at.fields("{ AXIS = VALUE }")? {
            let axis = axis_named(&field, name, axes)?;
            if axes[axis].best.is_some() {
                return Err(field
                    .error(
                        ErrorKind::Conflict,
                        "the control cannot be a value that `best` chooses",
                    )
                    .accepts("a value of an axis without `best`"));
            }
            all.push((axis, value_named(&field, &axes[axis])?));
        }
        return Ok(all);
    }
    let shown = || axes.iter().enumerate().filter(|(_, a)| a.best.is_none());
    let mut found = shown().filter_map(|(i, axis)| Some((i, value_named(at, axis).ok()?)));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(vec![one]),
        (Some(_), Some(_)) => Err(at
            .error(ErrorKind::Conflict, "several axes have this value")
            .accepts("{ AXIS = VALUE }")),
        _ => {
            let given = label(at.value.get_ref()).unwrap_or_default();
            let known: Vec<&str> = shown()
                .flat_map(|(_, a)| a.values.iter().map(|v| v.label.as_str()))
                .collect();
            Err(unknown(at, "value", &given, &known))
        }
    }
}

fn map(at: &At<'_>, axes: &[Axis]) -> Result<(usize, usize)> {
    let (mut x, mut y) = (None, None);
    for (key, field) in at.fields("{ x = AXIS, y = AXIS }")? {
        let slot = match key {
            "x" => &mut x,
            "y" => &mut y,
            other => return Err(unknown(&field, "key of the map", other, &["x", "y"])),
        };
        let axis = axis_named(&field, field.text("the name of an axis")?, axes)?;
        if axes[axis].best.is_some() {
            return Err(field.error(
                ErrorKind::Conflict,
                "the map cannot show an axis of which only the best value is shown",
            ));
        }
        *slot = Some(axis);
    }
    match (x, y) {
        (Some(x), Some(y)) if x != y => Ok((x, y)),
        _ => Err(at.wrong("{ x = AXIS, y = AXIS }, two different axes")),
    }
}

struct Reader<'a> {
    text: &'a str,
    file: &'a Path,
}

impl Reader<'_> {
    /// A description: a file relative to the grid, or a table.
    fn start(&self, at: &At<'_>) -> Result<Start> {
        match at.value.get_ref() {
            DeValue::String(file) => {
                let folder = self.file.parent().unwrap_or(Path::new(""));
                let document = Document::load(&folder.join(file.as_ref()), &[]);
                // A file that is not there is the grid's mistake, one that is wrong its own.
                let document = document.map_err(|e| match e.kind() {
                    ErrorKind::File => e
                        .moved(&shown(&at.address), at.value.span())
                        .within(self.file, self.text),
                    _ => e,
                })?;
                Ok(Start {
                    document,
                    inline: false,
                })
            }
            DeValue::Table(_) => {
                let text = super::value::table_text(self.text, "base")
                    .ok_or_else(|| at.wrong("a description"))?;
                let document = Document::parse(&text, self.file).map_err(|e| {
                    let source = Source {
                        file: self.file,
                        text: self.text,
                    };
                    let origin = Origin {
                        source,
                        inline: true,
                    };
                    explain(e, source, &origin, &[], "")
                })?;
                Ok(Start {
                    document,
                    inline: true,
                })
            }
            _ => Err(at.wrong("the file of a description, or a description as a table")),
        }
    }

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
        for (label, value) in self.values(&values, &paths)? {
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

    fn values<'a>(&self, at: &At<'a>, paths: &[String]) -> Result<Vec<(String, At<'a>)>> {
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

    /// Overrides, with `description`, `delete` and `insert`; `own` are keys that the caller reads.
    fn change<'a>(&self, at: &At<'a>, own: &[&str]) -> Result<(Change, Vec<(&'a str, At<'a>)>)> {
        let mut change = Change::default();
        let mut others = Vec::new();
        for (key, field) in at.fields("a table of paths and values")? {
            match key {
                key if own.contains(&key) => others.push((key, field)),
                "description" => change.description = Some(self.start(&field)?),
                "delete" => {
                    for path in set_paths(&field)? {
                        change.ops.push(op(&field, PatchAction::Delete, path)?);
                    }
                }
                "insert" => {
                    for (path, value) in field.fields("a table of paths and values")? {
                        change
                            .ops
                            .push(op(&value, PatchAction::Insert, path.to_owned())?);
                    }
                }
                _ => self.overrides(key, &field, &mut change.ops, own)?,
            }
        }
        Ok((change, others))
    }

    /// One override; `train.optimizer.lr = 0.1` without quotes is the same as with them.
    fn overrides(&self, path: &str, at: &At<'_>, ops: &mut Vec<Op>, own: &[&str]) -> Result<()> {
        let first = path.split(['.', '[']).next().unwrap_or_default();
        if !DESCRIPTION.contains(&first) {
            let known: Vec<&str> = ["description", "delete", "insert"]
                .iter()
                .chain(own)
                .chain(&DESCRIPTION)
                .copied()
                .collect();
            return Err(unknown(at, "key", path, &known));
        }
        if let DeValue::Table(table) = at.value.get_ref()
            && self.is_dotted(table)
        {
            for (key, field) in fields(table, &at.address) {
                self.overrides(&format!("{path}.{key}"), &field, ops, own)?;
            }
            return Ok(());
        }
        ops.push(op(at, PatchAction::Set, path.to_owned())?);
        Ok(())
    }

    /// The table was made by dots in a key: each of its keys stands behind a dot.
    fn is_dotted(&self, table: &DeTable<'_>) -> bool {
        !table.is_empty()
            && table.keys().all(|key| {
                let before = self.text.get(..key.span().start).unwrap_or_default();
                before.trim_end().ends_with('.')
            })
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

/// A path or a list of them.
fn set_paths(at: &At<'_>) -> Result<Vec<String>> {
    const ACCEPTED: &str = "a path such as \"train.optimizer.lr\", or a list of them";
    let one = |at: &At<'_>| {
        let path = at.text(ACCEPTED)?;
        checked(at, path)?;
        Ok(path.to_owned())
    };
    match at.value.get_ref() {
        DeValue::Array(_) => at.items(ACCEPTED)?.iter().map(one).collect(),
        _ => Ok(vec![one(at)?]),
    }
}

/// The path can be one of a description.
fn checked(at: &At<'_>, path: &str) -> Result<()> {
    let place = |e: DescribeError| e.at(&shown(&at.address), at.value.span());
    match steps(path).map_err(place)?.first() {
        Some(Step::Key(key)) if DESCRIPTION.contains(&key.as_str()) => Ok(()),
        _ => Err(unknown(at, "path of a description", path, &DESCRIPTION)),
    }
}

fn op(at: &At<'_>, action: PatchAction, path: String) -> Result<Op> {
    checked(at, &path)?;
    let to = match action {
        PatchAction::Delete => Json::Null,
        _ => json(at.value.get_ref())
            .ok_or_else(|| at.wrong("a finite number, a text, a flag, a list or a table"))?,
    };
    Ok(Op {
        patch: PatchOp {
            op: action,
            path,
            from: Json::Null,
            to,
        },
        place: Place {
            address: at.address.clone(),
            span: at.value.span(),
        },
    })
}
