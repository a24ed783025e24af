//! What the runs of a grid come to: a row for each cell that is shown.

use super::cell::Cell;
use super::grid::{Best, Grid};
use super::map::{Map, maps};
use super::measure::Measure;
use super::record::RunRecord;
use super::statistics::{Mean, Paired, holm, mean, paired};
use std::collections::HashMap;

/// The runs of a cell, one a seed, in the order of the seeds.
#[derive(Clone, Debug)]
pub struct CellRuns {
    /// The cell.
    pub choice: Vec<usize>,
    /// Its runs.
    pub runs: Vec<RunRecord>,
}

impl CellRuns {
    /// The runs of a cell.
    pub fn new(cell: &Cell, runs: Vec<RunRecord>) -> Self {
        Self {
            choice: cell.choice.clone(),
            runs,
        }
    }
}

/// A row of the table: one cell, with the best of what is chosen from.
#[derive(Clone, Debug)]
pub struct Row {
    /// The cell that is shown, in [`Summary::cells`].
    pub cell: usize,
    /// Labels of the shown axes.
    pub labels: Vec<String>,
    /// Labels of the axes that the best value was chosen of.
    pub chosen: Vec<String>,
    /// Means over the seeds, in the order of [`Measure::ALL`].
    pub means: Vec<Mean>,
    /// It is a control.
    pub control: bool,
    /// The test against its control.
    pub test: Option<Paired>,
}

impl Row {
    /// Mean of a measure.
    pub fn mean(&self, measure: Measure) -> Mean {
        let at = Measure::ALL.iter().position(|m| *m == measure);
        self.means[at.unwrap_or_default()]
    }
}

/// Everything that is printed.
#[derive(Clone, Debug)]
pub struct Summary<'a> {
    /// The grid.
    pub grid: &'a Grid,
    /// It was the quick tier.
    pub quick: bool,
    /// Every cell with its runs, also those that were not chosen.
    pub cells: Vec<CellRuns>,
    /// What is shown.
    pub rows: Vec<Row>,
    /// Columns of the table.
    pub columns: Vec<Measure>,
    /// What is tested and drawn.
    pub measure: Measure,
    /// Word of the metric; several are joined by a comma.
    pub metric: String,
    /// Of the metric.
    pub larger_is_better: bool,
    /// Maps, one for each combination of the axes that they do not show.
    pub maps: Vec<Map>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// Sums up the runs of a grid. `map`: one is wanted although the grid does not ask for it.
pub fn summarise(grid: &Grid, quick: bool, cells: Vec<CellRuns>, map: bool) -> Summary<'_> {
    let runs = || cells.iter().flat_map(|c| &c.runs);
    let larger_is_better = runs().next().is_none_or(|r| r.larger_is_better);
    let mut metrics: Vec<String> = runs().map(|r| r.metric.clone()).collect();
    metrics.sort();
    metrics.dedup();
    let tested = runs().any(|r| r.test.is_some());
    let validated = runs().any(|r| r.valid.is_some());
    let held_out = match (tested, validated) {
        (true, _) => Measure::Test,
        (_, true) => Measure::Valid,
        _ => Measure::TrainLoss,
    };
    let measure = grid.measure.unwrap_or(held_out);
    let columns = grid.columns.clone().unwrap_or_else(|| {
        let mut columns = vec![held_out];
        columns.extend((held_out != Measure::TrainLoss).then_some(Measure::Gap));
        columns.extend((held_out != Measure::TrainLoss).then_some(Measure::TrainLoss));
        columns.extend(grid.target.map(|_| Measure::StepsToTarget));
        columns.extend(runs().any(RunRecord::diverged).then_some(Measure::Diverged));
        columns.push(Measure::Ratio);
        columns.push(Measure::Seconds);
        columns
    });
    let mut summary = Summary {
        grid,
        quick,
        rows: rows(grid, &cells),
        cells,
        columns,
        measure,
        metric: metrics.join(", "),
        larger_is_better,
        maps: Vec::new(),
        notes: Vec::new(),
    };
    test(&mut summary);
    notes(&mut summary, tested, metrics.len());
    summary.maps = maps(&summary, map);
    summary
}

/// The rows: cells with the same values on the shown axes are one row.
fn rows(grid: &Grid, cells: &[CellRuns]) -> Vec<Row> {
    let mut order: Vec<Vec<usize>> = Vec::new();
    let mut groups: HashMap<Vec<usize>, Vec<usize>> = HashMap::new();
    for (i, cell) in cells.iter().enumerate() {
        let shown: Vec<usize> = grid.shown().map(|axis| cell.choice[axis]).collect();
        let group = groups.entry(shown.clone()).or_default();
        if group.is_empty() {
            order.push(shown);
        }
        group.push(i);
    }
    let best = grid.tuned().find_map(|axis| grid.axes[axis].best);
    let row = |shown: &Vec<usize>| {
        let group = &groups[shown];
        // The first of several that are equally good.
        let mut cell = group[0];
        for &other in group {
            if goodness(&cells[other], best) > goodness(&cells[cell], best) {
                cell = other;
            }
        }
        let label = |axis: usize| {
            let value = cells[cell].choice[axis];
            grid.axes[axis].values[value].label.clone()
        };
        let means = Measure::ALL.iter().map(|&m| average(grid, m, &cells[cell]));
        Row {
            cell,
            labels: grid.shown().map(label).collect(),
            chosen: grid.tuned().map(label).collect(),
            means: means.collect(),
            control: false,
            test: None,
        }
    };
    order.iter().map(row).collect()
}

/// How good a cell is where one is chosen: larger is better, a run that failed is the worst.
fn goodness(cell: &CellRuns, best: Option<Best>) -> f64 {
    let one = |run: &RunRecord| {
        let value = match (best, run.valid) {
            (Some(Best::Metric), Some(valid)) if run.larger_is_better => valid.metric,
            (Some(Best::Metric), Some(valid)) => -valid.metric,
            _ => -run.train_loss,
        };
        if value.is_nan() {
            f64::NEG_INFINITY
        } else {
            value
        }
    };
    cell.runs.iter().map(one).sum::<f64>() / cell.runs.len() as f64
}

fn average(grid: &Grid, measure: Measure, cell: &CellRuns) -> Mean {
    let values = cell
        .runs
        .iter()
        .filter_map(|run| measure.of(run, grid.target));
    if measure.is_ratio() {
        let logs: Vec<f64> = values.map(f64::ln).collect();
        let found = mean(&logs);
        // The interval is a factor then, which no column shows.
        return Mean {
            value: found.value.exp(),
            half: None,
            count: found.count,
        };
    }
    mean(&values.collect::<Vec<f64>>())
}

/// Tests every row against the control that has the same values on all other axes.
fn test(summary: &mut Summary<'_>) {
    let grid = summary.grid;
    if grid.control.is_empty() {
        return;
    }
    let shown = |cell: usize| -> Vec<usize> {
        grid.shown()
            .map(|a| summary.cells[cell].choice[a])
            .collect()
    };
    let by_labels: HashMap<Vec<usize>, usize> = summary
        .rows
        .iter()
        .enumerate()
        .map(|(i, row)| (shown(row.cell), i))
        .collect();
    let mut tests = vec![(false, None); summary.rows.len()];
    for (i, row) in summary.rows.iter().enumerate() {
        let mut choice = summary.cells[row.cell].choice.clone();
        for &(axis, value) in &grid.control {
            choice[axis] = value;
        }
        let wanted: Vec<usize> = grid.shown().map(|a| choice[a]).collect();
        let Some(&control) = by_labels.get(&wanted) else {
            continue;
        };
        tests[i].0 = control == i;
        if control != i {
            let control = &summary.cells[summary.rows[control].cell];
            tests[i].1 = against(summary, control, &summary.cells[row.cell]);
        }
    }
    let p: Vec<f64> = tests.iter().filter_map(|(_, t)| t.map(|t| t.p)).collect();
    let mut corrected = holm(&p).into_iter();
    for (row, (control, test)) in summary.rows.iter_mut().zip(tests) {
        row.control = control;
        row.test = test.map(|t: Paired| Paired {
            holm: corrected.next().unwrap_or(t.p),
            ..t
        });
    }
}

/// The runs of both with the same seed.
fn against(summary: &Summary<'_>, control: &CellRuns, cell: &CellRuns) -> Option<Paired> {
    let value = |run: &RunRecord| {
        let value = summary.measure.of(run, summary.grid.target)?;
        // Ratios are compared as logarithms.
        Some(if summary.measure.is_ratio() {
            value.ln()
        } else {
            value
        })
    };
    let pairs: Vec<(f64, f64)> = cell
        .runs
        .iter()
        .filter_map(|run| {
            let other = control.runs.iter().find(|r| r.seed == run.seed)?;
            Some((value(other)?, value(run)?))
        })
        .collect();
    paired(&pairs)
}

fn notes(summary: &mut Summary<'_>, tested: bool, metrics: usize) {
    let grid = summary.grid;
    let mut notes = Vec::new();
    if metrics > 1 {
        notes.push("the cells have different metrics: their figures cannot be compared".to_owned());
    }
    let by_metric = grid
        .tuned()
        .any(|a| grid.axes[a].best == Some(Best::Metric));
    if by_metric && !tested {
        notes.push("chosen and reported on the same validation rows, which flatters: there is no test part".to_owned());
    }
    for (position, axis) in grid.tuned().enumerate() {
        let values = &grid.axes[axis].values;
        if values.len() < 3 || !grid.axes[axis].is_numeric() {
            continue;
        }
        let number = |label: &String| label.parse::<f64>().unwrap_or(f64::NAN);
        let all = || values.iter().filter_map(|v| v.number);
        let (low, high) = (
            all().fold(f64::INFINITY, f64::min),
            all().fold(f64::NEG_INFINITY, f64::max),
        );
        let edge = summary.rows.iter().filter(|row| {
            let chosen = number(&row.chosen[position]);
            chosen == low || chosen == high
        });
        let count = edge.count();
        if count > 0 {
            let (name, of) = (&grid.axes[axis].name, summary.rows.len());
            notes.push(format!(
                "in {count} of {of} cells the best {name} is the smallest or the largest that was tried"
            ));
        }
    }
    let several = summary.grid.seeds(summary.quick).len() > 1;
    if !several {
        notes.push("one seed: no interval and no test".to_owned());
    }
    summary.notes = notes;
}
