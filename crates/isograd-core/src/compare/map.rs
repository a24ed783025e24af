//! The trainability map: one number over two axes.

use super::measure::Measure;
use super::summary::{Row, Summary};

/// A measure over two axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Values of the axes that it does not show: (axis, label).
    pub at: Vec<(String, String)>,
    /// Name of the horizontal axis.
    pub x: String,
    /// Name of the vertical axis.
    pub y: String,
    /// Labels from left to right.
    pub columns: Vec<String>,
    /// Labels from top to bottom.
    pub rows: Vec<String>,
    /// What is shown.
    pub measure: Measure,
    /// Mean over the seeds by row and column; `None`: no such cell.
    pub values: Vec<Vec<Option<f64>>>,
}

/// The maps that the grid asks for: by itself where exactly two axes are shown and both are numbers.
/// `wanted`: of the first two shown axes otherwise.
pub(super) fn maps(summary: &Summary<'_>, wanted: bool) -> Vec<Map> {
    let grid = summary.grid;
    let shown: Vec<usize> = grid.shown().collect();
    let by_itself = shown.len() == 2 && shown.iter().all(|&a| grid.axes[a].is_numeric());
    let (x, y) = match (grid.map, &*shown) {
        (Some(axes), _) => axes,
        (None, &[first, second, ..]) if by_itself || wanted => (first, second),
        _ => return Vec::new(),
    };
    let at = |axis: usize| shown.iter().position(|&a| a == axis).unwrap_or_default();
    let (x, y) = (at(x), at(y));
    let rest = |row: &Row| -> Vec<(String, String)> {
        let names = shown.iter().zip(&row.labels).enumerate();
        names
            .filter(|(i, _)| *i != x && *i != y)
            .map(|(_, (&axis, label))| (grid.axes[axis].name.clone(), label.clone()))
            .collect()
    };
    let mut all: Vec<Map> = Vec::new();
    for row in &summary.rows {
        let place = rest(row);
        let i = all.iter().position(|m| m.at == place).unwrap_or_else(|| {
            all.push(Map {
                at: place,
                x: grid.axes[shown[x]].name.clone(),
                y: grid.axes[shown[y]].name.clone(),
                columns: labels(summary, x),
                rows: labels(summary, y),
                measure: summary.measure,
                values: Vec::new(),
            });
            all.len() - 1
        });
        let map = &mut all[i];
        if map.values.is_empty() {
            map.values = vec![vec![None; map.columns.len()]; map.rows.len()];
        }
        let column = map.columns.iter().position(|l| *l == row.labels[x]);
        let line = map.rows.iter().position(|l| *l == row.labels[y]);
        if let (Some(column), Some(line)) = (column, line) {
            map.values[line][column] = Some(row.mean(summary.measure).value);
        }
    }
    all
}

/// Labels of a shown axis that any row has, in the axis' order.
fn labels(summary: &Summary<'_>, position: usize) -> Vec<String> {
    let axis = summary.grid.shown().nth(position).unwrap_or_default();
    let values = summary.grid.axes[axis].values.iter();
    let there = |label: &String| summary.rows.iter().any(|r| r.labels[position] == *label);
    values.map(|v| v.label.clone()).filter(there).collect()
}
