//! Reading the settings of a grid that name its axes, columns and seeds.

use super::at::{At, Result, fields, unknown};
use super::grid::{Axis, AxisValue};
use super::measure::Measure;
use super::target::{Goal, Target};
use super::value::label;
use crate::describe::error::ErrorKind;
use toml::de::DeValue;

pub(super) fn seeds(at: &At<'_>) -> Result<Vec<u64>> {
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

pub(super) fn measure(at: &At<'_>) -> Result<Measure> {
    let word = at.text("a word")?;
    Measure::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = Measure::ALL.iter().map(|m| m.word()).collect();
        unknown(at, "column", word, &known)
    })
}

pub(super) fn target(at: &At<'_>) -> Result<Target> {
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

pub(super) fn axis_named(at: &At<'_>, name: &str, axes: &[Axis]) -> Result<usize> {
    axes.iter().position(|a| a.name == name).ok_or_else(|| {
        let known: Vec<&str> = axes.iter().map(|a| a.name.as_str()).collect();
        unknown(at, "axis", name, &known)
    })
}

pub(super) fn value_named(at: &At<'_>, axis: &Axis) -> Result<usize> {
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
pub(super) fn values_named(at: &At<'_>, axis: &Axis) -> Result<Vec<usize>> {
    match at.value.get_ref() {
        DeValue::Array(_) => {
            let items = at.items("values of the axis")?;
            items.iter().map(|item| value_named(item, axis)).collect()
        }
        _ => Ok(vec![value_named(at, axis)?]),
    }
}

/// `{ axis = value, … }` or `{ axis = [values], … }`.
pub(super) fn selection(at: &At<'_>, axes: &[Axis]) -> Result<Vec<(usize, Vec<usize>)>> {
    let fields = at.fields("{ AXIS = VALUE }")?;
    let mut all = Vec::new();
    for (name, field) in fields {
        let axis = axis_named(&field, name, axes)?;
        all.push((axis, values_named(&field, &axes[axis])?));
    }
    Ok(all)
}

/// `{ axis = value, … }`, or a value that only one axis has.
pub(super) fn control(at: &At<'_>, axes: &[Axis]) -> Result<Vec<(usize, usize)>> {
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

pub(super) fn map(at: &At<'_>, axes: &[Axis]) -> Result<(usize, usize)> {
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
