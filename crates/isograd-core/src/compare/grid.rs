//! The grid: what is compared.

use super::change::Change;
use super::measure::Measure;
use super::target::Target;
use crate::describe::Document;
use std::path::PathBuf;

/// A grid file, read.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Its name; default the file's stem.
    pub name: String,
    /// The file, as it was given; files it names are relative to its folder.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// What the axes change; `None`: every value of an axis brings its own description.
    pub base: Option<Start>,
    /// Seeds of initialisation, order, dropout and augmentation: one run each.
    pub seeds: Vec<u64>,
    /// What varies.
    pub axes: Vec<Axis>,
    /// Changes of some cells only, and cells that are left out.
    pub rules: Vec<Rule>,
    /// Value of some axes that the others are tested against: (axis, value).
    pub control: Vec<(usize, usize)>,
    /// What steps and seconds are counted to.
    pub target: Option<Target>,
    /// Columns of the table; `None`: what there is to say.
    pub columns: Option<Vec<Measure>>,
    /// What is tested and drawn; `None`: the metric on the test part, else on validation.
    pub measure: Option<Measure>,
    /// Axes of the map: x and y.
    pub map: Option<(usize, usize)>,
    /// What the quick tier does differently.
    pub quick: Option<Quick>,
}

/// A description that cells begin with.
#[derive(Clone, Debug)]
pub struct Start {
    /// The description.
    pub document: Document,
    /// It stands in the grid file itself.
    pub inline: bool,
}

/// What varies along one direction.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Its name.
    pub name: String,
    /// Its values, in the order of the file.
    pub values: Vec<AxisValue>,
    /// Only the best of its values is shown for each cell.
    pub best: Option<Best>,
}

/// By what the best value is chosen: the mean over the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Best {
    /// The metric on the validation part.
    Metric,
    /// The training loss.
    Loss,
}

/// One value of an axis.
#[derive(Clone, Debug)]
pub struct AxisValue {
    /// How it is called.
    pub label: String,
    /// The label as a number, where it is one.
    pub number: Option<f64>,
    /// What it does to the description.
    pub change: Change,
}

/// A change of the cells in which all of these axes have these values.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Axis and accepted values.
    pub is: Vec<(usize, Vec<usize>)>,
    /// What is changed; `None`: the cell is left out.
    pub change: Option<Change>,
}

/// The quick tier.
#[derive(Clone, Debug, Default)]
pub struct Quick {
    /// Seeds; `None`: the grid's.
    pub seeds: Option<Vec<u64>>,
    /// Axis and the values that are kept.
    pub only: Vec<(usize, Vec<usize>)>,
    /// What is changed in every cell, after everything else.
    pub change: Change,
}

impl Axis {
    /// All values are numbers.
    pub fn is_numeric(&self) -> bool {
        self.values.iter().all(|v| v.number.is_some())
    }
}

impl Grid {
    /// The seeds of a tier.
    pub fn seeds(&self, quick: bool) -> &[u64] {
        let own = self.quick.as_ref().filter(|_| quick);
        own.and_then(|q| q.seeds.as_deref()).unwrap_or(&self.seeds)
    }

    /// Axes of which every value is shown.
    pub fn shown(&self) -> impl Iterator<Item = usize> + Clone + '_ {
        (0..self.axes.len()).filter(|&i| self.axes[i].best.is_none())
    }

    /// Axes of which the best value is shown.
    pub fn tuned(&self) -> impl Iterator<Item = usize> + Clone + '_ {
        (0..self.axes.len()).filter(|&i| self.axes[i].best.is_some())
    }
}
