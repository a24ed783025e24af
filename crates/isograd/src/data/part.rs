//! Rows ready for training: scaled inputs and targets.

use super::order::split_rows;

/// Targets of rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// A class number an example.
    Index(Vec<u32>),
    /// Real numbers (also several 0 or 1), `width` an example.
    Real {
        /// Examples × width.
        values: Vec<f32>,
        /// Numbers an example.
        width: usize,
    },
    /// A class number at each of `steps` steps of an example.
    Steps {
        /// Examples × steps.
        classes: Vec<u32>,
        /// Steps of an example.
        steps: usize,
    },
}

impl Targets {
    /// Number of examples.
    pub fn len(&self) -> usize {
        match self {
            Self::Index(classes) => classes.len(),
            Self::Real { values, width } => values.len() / width.max(&1),
            Self::Steps { classes, steps } => classes.len() / steps.max(&1),
        }
    }

    /// True without examples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The targets of these rows, in this order.
    ///
    /// # Panics
    /// If a row is not there.
    #[must_use]
    pub fn subset(&self, rows: &[u32]) -> Self {
        match self {
            Self::Index(classes) => {
                Self::Index(rows.iter().map(|&row| classes[row as usize]).collect())
            }
            Self::Real { values, width } => Self::Real {
                values: gather(values, rows, *width),
                width: *width,
            },
            Self::Steps { classes, steps } => Self::Steps {
                classes: gather(classes, rows, *steps),
                steps: *steps,
            },
        }
    }
}

/// What is known of rows beside inputs and targets; each list is empty where nothing is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The difficulty that a file gives.
    pub scores: Vec<f32>,
    /// The level of its noise, or the length of its sequence, where the source draws one for each.
    pub drawn: Vec<f32>,
    /// The label was replaced.
    pub wrong: Vec<bool>,
}

impl Facts {
    /// Those of these rows, in this order.
    ///
    /// # Panics
    /// If a row is not there.
    #[must_use]
    pub fn subset(&self, rows: &[u32]) -> Self {
        fn of<T: Copy>(all: &[T], rows: &[u32]) -> Vec<T> {
            if all.is_empty() {
                return Vec::new();
            }
            rows.iter().map(|&row| all[row as usize]).collect()
        }
        Self {
            scores: of(&self.scores, rows),
            drawn: of(&self.drawn, rows),
            wrong: of(&self.wrong, rows),
        }
    }
}

/// Rows of inputs with their targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Examples × elements, scaled; images channels first (channels × height × width).
    pub inputs: Vec<f32>,
    /// Numbers an example.
    pub elements: usize,
    /// One target or row of targets an example.
    pub targets: Targets,
    /// What else is known of them.
    pub facts: Facts,
}

impl Part {
    /// Number of examples.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// True without examples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The inputs of one example.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.inputs[row * self.elements..][..self.elements]
    }

    /// These rows, in this order.
    ///
    /// # Panics
    /// If a row is not there.
    #[must_use]
    pub fn subset(&self, rows: &[u32]) -> Self {
        Self {
            inputs: gather(&self.inputs, rows, self.elements),
            elements: self.elements,
            targets: self.targets.subset(rows),
            facts: self.facts.subset(rows),
        }
    }

    /// Draws `fraction` of the rows with the stream (`seed`, split, `path`); returns what stays and
    /// what was taken. Rules: [`split_rows`].
    pub fn split(&self, fraction: f64, seed: u64, path: &str) -> (Self, Self) {
        let (stay, taken) = split_rows(seed, path, fraction, self.len());
        (self.subset(&stay), self.subset(&taken))
    }

    /// The rows with these numbers as a batch, without augmentation.
    ///
    /// # Panics
    /// If a row is not there.
    pub fn batch(&self, rows: &[u32]) -> Batch {
        Batch {
            inputs: gather(&self.inputs, rows, self.elements),
            targets: self.targets.subset(rows),
            rows: rows.to_vec(),
        }
    }
}

/// What one step is computed on.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Examples × elements.
    pub inputs: Vec<f32>,
    /// Their targets.
    pub targets: Targets,
    /// Their row numbers in the part.
    pub rows: Vec<u32>,
}

impl Batch {
    /// Number of examples.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True without examples.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn gather<T: Copy>(values: &[T], rows: &[u32], width: usize) -> Vec<T> {
    let mut gathered = Vec::with_capacity(rows.len() * width);
    for &row in rows {
        gathered.extend_from_slice(&values[row as usize * width..][..width]);
    }
    gathered
}
