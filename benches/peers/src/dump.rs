//! Weights and batches in files that NumPy reads.

use burn::module::{Module as _, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use isograd::data::Targets;
use isograd::nn::Build;
use isograd::session::Prepared;
use serde_json::{Value, json};
use std::path::Path;

/// Writes `weights.bin`, `inputs.bin`, `targets.bin` (32-bit floats, little-endian; classes as floats
/// too) and `index.json`, which says what is where. Rows are in the order of training.
pub(crate) fn write(prepared: &Prepared, folder: &Path) -> Result<(), String> {
    let network = Build::new(prepared.description.seed, Device::flex()).network(&prepared.plan);
    let mut weights = Weights::default();
    network.visit(&mut weights);
    let rows = prepared.data.order(prepared.description.seed, 0);
    let batch = prepared.data.train.batch(&rows);
    let (targets, each): (Vec<f32>, usize) = match &batch.targets {
        Targets::Index(classes) => (classes.iter().map(|&c| c as f32).collect(), 1),
        Targets::Steps { classes, steps } => (classes.iter().map(|&c| c as f32).collect(), *steps),
        Targets::Real { values, width } => (values.clone(), *width),
    };
    let index = json!({
        "parameters": weights.list,
        "examples": rows.len(),
        "batch": prepared.description.train.batch,
        "elements": prepared.data.train.elements,
        "targets": each,
    });
    let files = [
        ("weights.bin", bytes(&weights.values)),
        ("inputs.bin", bytes(&batch.inputs)),
        ("targets.bin", bytes(&targets)),
        ("index.json", format!("{index:#}\n").into_bytes()),
    ];
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

#[derive(Default)]
struct Weights {
    path: Vec<String>,
    list: Vec<Value>,
    values: Vec<f32>,
}

impl ModuleVisitor for Weights {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let data = param.val().into_data();
        self.list.push(json!({
            "name": self.path.join("."),
            "shape": param.dims().as_slice(),
        }));
        self.values.extend(data.iter::<f32>());
    }
}
