//! What clipping and optimisers need to know of a parameter beside its values.

use isograd_core::describe::Plan;

/// Where in the network a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the layer that sees the inputs.
    First,
    /// Between.
    Hidden,
    /// In the layer that gives the outputs (also where it is the only one).
    Last,
}

/// A parameter without its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Names it, and keys the state of the optimiser.
    pub path: String,
    /// Its shape before it was flattened. Matrices are inputs × outputs (Burn), kernels of three and
    /// more dimensions filters × the rest.
    pub dims: Vec<usize>,
    /// Where it is.
    pub place: Place,
}

impl Parameter {
    /// A hidden parameter.
    pub fn new(path: impl Into<String>, dims: impl Into<Vec<usize>>) -> Self {
        Self {
            path: path.into(),
            dims: dims.into(),
            place: Place::Hidden,
        }
    }

    /// More than one dimension: dense weights and kernels.
    pub fn is_matrix(&self) -> bool {
        self.dims.len() > 1
    }

    /// A matrix or kernel between two hidden layers.
    pub(super) fn is_hidden_matrix(&self) -> bool {
        self.is_matrix() && self.place == Place::Hidden
    }

    /// Rows and columns when it is laid out as a matrix: all but the first dimension are columns.
    pub(super) fn rows_columns(&self) -> [usize; 2] {
        let rows = self.dims.first().copied().unwrap_or(1);
        [rows, self.dims.iter().skip(1).product()]
    }

    /// True where units are columns (matrices), false where they are rows (kernels).
    pub(super) fn units_are_columns(&self) -> bool {
        self.dims.len() == 2
    }

    /// Outputs and inputs of the map that it is.
    pub(super) fn outputs_inputs(&self) -> [usize; 2] {
        let [rows, columns] = self.rows_columns();
        if self.units_are_columns() {
            [columns, rows]
        } else {
            [rows, columns]
        }
    }
}

/// Which parameters of a network are in its first and its last layer.
#[derive(Clone, Debug, Default)]
pub struct Places {
    first: String,
    last: String,
}

impl Places {
    /// Those of a plan.
    pub fn of(plan: &Plan) -> Self {
        let prefix = |layer: Option<&isograd_core::describe::plan::Layer>| {
            layer.map_or_else(String::new, |layer| format!("{}.", layer.name))
        };
        Self {
            first: prefix(plan.layers.first()),
            last: prefix(plan.layers.last()),
        }
    }

    /// A parameter of the network.
    pub fn parameter(&self, path: String, dims: Vec<usize>) -> Parameter {
        let of = |prefix: &str| !prefix.is_empty() && path.starts_with(prefix);
        let place = match (of(&self.last), of(&self.first)) {
            (true, _) => Place::Last,
            (false, true) => Place::First,
            (false, false) => Place::Hidden,
        };
        Parameter { path, dims, place }
    }
}
