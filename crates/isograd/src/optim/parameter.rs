//! What clipping and optimisers need to know of a parameter beside its values.

use isograd_core::describe::{Node, Op, Plan};

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

/// Which parameters of a network are in its first and its last layer. Embeddings, positions and
/// learned queries are first wherever they stand, and where there are embeddings nothing else is.
#[derive(Clone, Debug, Default)]
pub struct Places {
    first: Vec<String>,
    last: Option<String>,
}

impl Places {
    /// Those of a plan.
    pub fn of(plan: &Plan) -> Self {
        let prefix = |name: &str| format!("{name}.");
        let tables = |node: &&Node| {
            matches!(
                node.op,
                Op::Embedding { .. } | Op::Positions { .. } | Op::Queries { .. }
            )
        };
        let mut first: Vec<String> = plan
            .nodes
            .iter()
            .filter(tables)
            .map(|node| prefix(&node.name))
            .collect();
        let embedded = plan
            .nodes
            .iter()
            .any(|node| matches!(node.op, Op::Embedding { .. }));
        if !embedded {
            first.extend(plan.layers.first().map(|layer| prefix(&layer.name)));
        }
        Self {
            first,
            last: plan.layers.last().map(|layer| prefix(&layer.name)),
        }
    }

    /// A parameter of the network.
    pub fn parameter(&self, path: String, dims: Vec<usize>) -> Parameter {
        let of = |prefix: &String| path.starts_with(prefix);
        let place = if self.last.as_ref().is_some_and(of) {
            Place::Last
        } else if self.first.iter().any(of) {
            Place::First
        } else {
            Place::Hidden
        };
        Parameter { path, dims, place }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Place, Places};
    use isograd_core::describe::{DataShape, Document, Shape, Task};
    use std::path::Path;

    fn places(layers: &str, input: Shape) -> Vec<(String, Place)> {
        let text = format!(
            "[data]\nsource = \"blobs\"\n[network]\nlayers = [{layers}]\n[train]\nloss = \"mse\"\n\
             optimizer = \"muon\"\n"
        );
        let data = DataShape {
            input,
            task: Task::Classification { classes: 3 },
            examples: 9,
        };
        let plan = Document::parse(&text, Path::new("a.toml"))
            .unwrap()
            .plan(&data)
            .unwrap();
        let places = Places::of(&plan);
        let of = |name: &str| places.parameter(format!("{name}.weight"), vec![4, 4]).place;
        plan.layers
            .iter()
            .map(|l| (l.name.clone(), of(&l.name)))
            .collect()
    }

    #[test]
    fn the_first_and_the_last_layer_are_found() {
        let flat = Shape::Flat(4);
        let deep = "{ repeat = 12, layers = [{ dense = 4 }, \"relu\"] }, { dense = 3 }";
        let found = places(deep, flat);
        assert_eq!(found.len(), 13);
        for (i, (name, place)) in found.iter().enumerate() {
            let expected = match i {
                0 => Place::First,
                12 => Place::Last,
                _ => Place::Hidden,
            };
            assert_eq!(*place, expected, "{name}");
        }
        assert_eq!(places("{ dense = 3 }", flat)[0].1, Place::Last);
    }
}
