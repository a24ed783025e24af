//! First values of recurrent blocks.

use super::closed_form::Pair;
use super::distribution::Law;
use super::item::{Bound, Item, Reading};
use burn::module::{Module as _, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Tensor};
use isograd::nn::Build;
use isograd_core::describe::{DataShape, Document, Shape, Task};
use std::path::Path;

/// Numbers of a step of the input.
const INPUTS: usize = 48;
/// Numbers of a state.
pub(crate) const UNITS: usize = 400;

/// A parameter of a block (TOML, of [`UNITS`] units), the columns of one gate, through a function,
/// against its distribution.
pub(crate) fn drawn(
    name: &str,
    block: &'static str,
    parameter: &'static str,
    gate: usize,
    through: fn(f64) -> f64,
    law: Law,
) -> Item {
    Item {
        family: "recurrent",
        name: name.to_owned(),
        source: "exact distribution".to_owned(),
        bound: Bound {
            single: 1.0,
            double: 1.0,
        },
        describes: block.to_owned(),
        check: Box::new(move || {
            let values = gate_of(block, parameter, gate)?;
            let mut values: Vec<f64> = values.into_iter().map(through).collect();
            Ok(vec![Reading {
                at: format!("{} values of {parameter}", values.len()),
                precision: "f64",
                error: law.test(&mut values),
            }])
        }),
    }
}

/// The columns of one gate.
fn gate_of(block: &str, parameter: &str, gate: usize) -> Result<Vec<f64>, String> {
    let (values, columns) = values(block, parameter)?;
    let rows = values.chunks_exact(columns);
    Ok(rows
        .flat_map(|row| row[gate * UNITS..][..UNITS].to_vec())
        .collect())
}

/// The values of a parameter of a block, and how many columns it has.
fn values(block: &str, parameter: &str) -> Result<(Vec<f64>, usize), String> {
    let text = format!(
        "[data]\nsource = \"adding\"\n[network]\nlayers = [{block}]\n[train]\nloss = \"mse\"\noptimizer = \"sgd\"\n"
    );
    let document = Document::parse(&text, Path::new("case.toml")).map_err(|e| e.to_string())?;
    let shape = DataShape {
        input: Shape::Sequence {
            steps: 2,
            features: INPUTS,
        },
        task: Task::Regression { targets: 1 },
        examples: 1,
    };
    let plan = document.plan(&shape).map_err(|e| e.to_string())?;
    let build = Build {
        dtype: DType::F64,
        ..Build::new(3, Device::flex())
    };
    let mut one = One {
        wanted: parameter,
        path: Vec::new(),
        found: None,
    };
    build.network(&plan).visit(&mut one);
    one.found
        .ok_or_else(|| format!("{block} has no {parameter}"))
}

/// One parameter of a module, by the end of its path.
struct One<'a> {
    wanted: &'a str,
    path: Vec<String>,
    found: Option<(Vec<f64>, usize)>,
}

impl ModuleVisitor for One<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.path.last().is_some_and(|name| name == self.wanted) {
            let columns = param.val().dims()[D - 1];
            let values = param.val().into_data().iter::<f64>().collect();
            self.found = Some((values, columns));
        }
    }
}

/// Without a word about it, each gate's matrix between states is orthogonal: one row of WᵀW of each
/// gate.
pub(crate) fn orthogonal_gates() -> Pair {
    let mut got = Vec::new();
    let mut wanted = Vec::new();
    for gate in 0..3 {
        let w = gate_of("{ gru = 400 }", "recurrent_weight", gate).unwrap();
        let at = 17 + gate;
        let column = |j: usize| (0..UNITS).map(move |i| i * UNITS + j);
        for j in 0..UNITS {
            got.push(column(at).zip(column(j)).map(|(a, b)| w[a] * w[b]).sum());
            wanted.push(f64::from(u8::from(j == at)));
        }
    }
    (got, wanted)
}

/// The forget gate starts at its bias, the others at 0, in both directions.
pub(crate) fn forget_bias() -> Pair {
    let block = "{ lstm = 400, forget_bias = 1.5, bidirectional = true }";
    let one = [0.0, 1.5, 0.0, 0.0].map(|value| [value; UNITS]).concat();
    (
        values(block, "input_bias").unwrap().0,
        [one.clone(), one].concat(),
    )
}

/// Without a word about it the forget gate starts at 1.
pub(crate) fn default_bias() -> Pair {
    let one = [0.0, 1.0, 0.0, 0.0].map(|value| [value; UNITS]).concat();
    (values("{ lstm = 400 }", "input_bias").unwrap().0, one)
}

/// The input gate starts where the forget gate does, with the other sign.
pub(crate) fn input_gate() -> Pair {
    let of = |gate| gate_of("{ lstm = 400, chrono = 300 }", "input_bias", gate).unwrap();
    (of(0), of(1).into_iter().map(|b| -b).collect())
}
