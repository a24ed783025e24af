//! Cells: every combination of values, as a description.

use super::change::{Op, Origin, Source, explain};
use super::grid::{Grid, Start};
use crate::describe::edit::patched;
use crate::describe::error::ErrorKind;
use crate::describe::patch::Patch;
use crate::describe::{DescribeError, Document};

/// Cells and runs at most.
const MOST: usize = 100_000;

/// One combination of values.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The value of each axis.
    pub choice: Vec<usize>,
    /// Its description.
    pub document: Document,
    start: Start,
    ops: Vec<Op>,
}

impl Cell {
    /// What was changed, in order.
    pub fn patch(&self) -> Patch {
        Patch(self.ops.iter().map(|op| op.patch.clone()).collect())
    }
}

impl Grid {
    /// Axis and value of a choice.
    pub fn labels(&self, choice: &[usize]) -> Vec<(String, String)> {
        let pair = |(axis, &value): (&super::grid::Axis, &usize)| {
            (axis.name.clone(), axis.values[value].label.clone())
        };
        self.axes.iter().zip(choice).map(pair).collect()
    }

    /// `depth = 50, activation = relu`.
    pub fn call(&self, choice: &[usize]) -> String {
        let labels = self.labels(choice);
        let words: Vec<String> = labels.iter().map(|(a, v)| format!("{a} = {v}")).collect();
        words.join(", ")
    }

    /// Every cell of a tier, the first axis varying slowest. A change that does not fit comes out
    /// here, with its place in the grid.
    pub fn cells(&self, quick: bool) -> Result<Vec<Cell>, DescribeError> {
        let all: usize = self
            .axes
            .iter()
            .map(|a| a.values.len())
            .try_fold(1usize, usize::checked_mul)
            .unwrap_or(usize::MAX);
        if all.saturating_mul(self.seeds(quick).len()) > MOST {
            return Err(DescribeError::new(
                ErrorKind::TooLarge,
                format!(
                    "{all} cells and {} seeds are too many runs",
                    self.seeds(quick).len()
                ),
            )
            .accepts(format!("at most {MOST} runs"))
            .within(&self.file, &self.text));
        }
        let mut choice = vec![0; self.axes.len()];
        let mut cells = Vec::new();
        for n in 0..all {
            let mut rest = n;
            for (i, axis) in self.axes.iter().enumerate().rev() {
                choice[i] = rest % axis.values.len();
                rest /= axis.values.len();
            }
            if self.kept(&choice, quick) {
                cells.push(self.cell(&choice, quick)?);
            }
        }
        if cells.is_empty() {
            return Err(DescribeError::new(ErrorKind::Conflict, "no cell is left")
                .at("", 0..0)
                .within(&self.file, &self.text));
        }
        Ok(cells)
    }

    fn kept(&self, choice: &[usize], quick: bool) -> bool {
        let skipped = |r: &super::grid::Rule| r.change.is_none() && holds(&r.is, choice);
        let only = self
            .quick
            .as_ref()
            .filter(|_| quick)
            .is_none_or(|q| holds(&q.only, choice));
        only && !self.rules.iter().any(skipped)
    }

    fn cell(&self, choice: &[usize], quick: bool) -> Result<Cell, DescribeError> {
        let values = self
            .axes
            .iter()
            .zip(choice)
            .map(|(axis, &v)| &axis.values[v].change);
        let rules = self.rules.iter().filter(|r| holds(&r.is, choice));
        let tier = self.quick.iter().filter(|_| quick).map(|q| &q.change);
        let changes = values
            .chain(rules.filter_map(|r| r.change.as_ref()))
            .chain(tier);
        let (mut start, mut ops) = (self.base.as_ref(), Vec::new());
        for change in changes {
            start = change.description.as_ref().or(start);
            ops.extend(change.ops.iter().cloned());
        }
        let Some(start) = start else {
            return Err(DescribeError::new(
                ErrorKind::MissingKey,
                format!("there is no description for {}", self.call(choice)),
            )
            .at("", 0..0)
            .accepts("`base`, or `description` in a value")
            .within(&self.file, &self.text));
        };
        let mut text = start.document.text.clone();
        for op in &ops {
            text = patched(&text, &Patch(vec![op.patch.clone()])).map_err(|e| {
                let place = super::change::shown(&op.place.address);
                e.moved(&place, op.place.span.clone())
                    .hint(format!("in the cell {}", self.call(choice)))
                    .within(&self.file, &self.text)
            })?;
        }
        let mut cell = Cell {
            choice: choice.to_vec(),
            document: start.document.clone(),
            start: start.clone(),
            ops,
        };
        let document = Document::parse(&text, &start.document.file);
        cell.document = document.map_err(|e| self.place(&cell, e))?;
        Ok(cell)
    }

    /// A mistake in a cell's description, said at its place in the grid.
    pub fn place(&self, cell: &Cell, error: DescribeError) -> DescribeError {
        let source = Source {
            file: &self.file,
            text: &self.text,
        };
        let (inline, document) = (cell.start.inline, &cell.start.document);
        let own = Source {
            file: &document.file,
            text: &document.text,
        };
        let origin = Origin {
            source: if inline { source } else { own },
            inline,
        };
        explain(error, source, &origin, &cell.ops, &self.call(&cell.choice))
    }
}

fn holds(is: &[(usize, Vec<usize>)], choice: &[usize]) -> bool {
    is.iter()
        .all(|(axis, values)| values.contains(&choice[*axis]))
}
