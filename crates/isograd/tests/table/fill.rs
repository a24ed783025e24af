//! Parameters of a case put into a network by their paths, and its gradients taken out again.
//!
//! A parameter `dense1.weight` of a module is the one of that name in the case; where there is none,
//! PyTorch's name of it (`weight` for the scale `gamma` of a normalisation, `bias` for its `beta`).
//! PyTorch's weight matrices of a dense layer are outputs × inputs, ours inputs × outputs: they are
//! transposed, unless the case has `"layout": "isograd"` (then all is in our layout) or its
//! `"transposed"` says with a list which matrices are.

use super::case::{numbers, shape};
use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Where a walk through a module is.
#[derive(Default)]
pub(crate) struct Path {
    names: Vec<String>,
    containers: Vec<String>,
}

impl Path {
    pub(crate) fn enter(&mut self, name: &str, container: &str) {
        self.names.push(name.to_owned());
        self.containers.push(container.to_owned());
    }

    pub(crate) fn exit(&mut self) {
        self.names.pop();
        self.containers.pop();
    }

    pub(crate) fn name(&self) -> String {
        self.names.join(".")
    }

    /// True in a field of our dense layer.
    fn in_dense(&self) -> bool {
        self.containers.last().is_some_and(|c| c == "Struct:Dense")
    }

    /// The key of this parameter in one of the objects of a case.
    fn key(&self, there: &Value) -> Option<String> {
        let name = self.name();
        let (around, own) = name.rsplit_once('.').unwrap_or(("", &name));
        let alias = match own {
            "gamma" => "weight",
            "beta" => "bias",
            other => other,
        };
        [name.clone(), format!("{around}.{alias}")]
            .into_iter()
            .find(|key| there.get(key).is_some())
    }

    fn transposed(&self, case: &Value, key: &str, rank: usize) -> bool {
        match case["transposed"].as_array() {
            Some(listed) => listed.iter().any(|name| name == key),
            None => rank == 2 && case["layout"] != "isograd" && self.in_dense(),
        }
    }
}

/// Puts the parameters and buffers of a case into a module.
pub(crate) struct Fill<'a> {
    case: &'a Value,
    device: &'a Device,
    dtype: DType,
    path: Path,
    used: BTreeSet<String>,
    problems: Vec<String>,
}

impl<'a> Fill<'a> {
    pub(crate) fn new(case: &'a Value, device: &'a Device, dtype: DType) -> Self {
        Self {
            case,
            device,
            dtype,
            path: Path::default(),
            used: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    /// Everything that had no partner on either side.
    pub(crate) fn finish(mut self) -> Result<(), String> {
        for table in ["parameters", "buffers"] {
            for key in self.case[table]
                .as_object()
                .into_iter()
                .flat_map(|o| o.keys())
            {
                if !self.used.contains(key) {
                    self.problems.push(format!("{key} is not in the network"));
                }
            }
        }
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(self.problems.join("; "))
        }
    }
}

impl ModuleMapper for Fill<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let found = ["parameters", "buffers"]
            .into_iter()
            .find_map(|table| Some((table, self.path.key(&self.case[table])?)));
        let Some((table, key)) = found else {
            self.problems
                .push(format!("{} is not in the case", self.path.name()));
            return param;
        };
        let tensor = &self.case[table][&key];
        let (values, given) = (numbers(tensor), shape(tensor));
        self.used.insert(key.clone());
        let wanted = param.val().dims();
        let turned = self.path.transposed(self.case, &key, D);
        let fits = if turned {
            given.iter().rev().eq(wanted.iter())
        } else {
            // Layer normalisation keeps one number a feature, whatever the shape of an example.
            given == wanted || D == 1 && wanted[0] == values.len()
        };
        if !fits {
            let problem = format!("{key} is {given:?} in the case, {wanted:?} in the network");
            self.problems.push(problem);
            return param;
        }
        let place = (self.device, self.dtype);
        let value = if turned {
            let data = TensorData::new(values, given);
            let matrix = Tensor::<2>::from_data(data, place).transpose();
            matrix.reshape(wanted)
        } else {
            Tensor::from_data(TensorData::new(values, wanted), place)
        };
        param.map(|_| value).set_require_grad(table == "parameters")
    }
}

/// Takes gradients, or values, out of a module: by the case's names, in the case's layout.
pub(crate) struct Collect<'a> {
    case: &'a Value,
    /// Whose names are looked up.
    there: &'a Value,
    gradients: Option<&'a Gradients>,
    path: Path,
    pub(crate) found: BTreeMap<String, Vec<f64>>,
}

impl<'a> Collect<'a> {
    pub(crate) fn gradients(case: &'a Value, there: &'a Value, gradients: &'a Gradients) -> Self {
        Self {
            case,
            there,
            gradients: Some(gradients),
            path: Path::default(),
            found: BTreeMap::new(),
        }
    }

    pub(crate) fn values(case: &'a Value, there: &'a Value) -> Self {
        Self {
            case,
            there,
            gradients: None,
            path: Path::default(),
            found: BTreeMap::new(),
        }
    }
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let values = match self.gradients {
            Some(gradients) => param.val().grad(gradients),
            None => Some(param.val()),
        };
        let Some(values) = values else { return };
        let Some(key) = self.path.key(self.there) else {
            // Reported under its own name, which the case does not have.
            if self.gradients.is_some() {
                self.found.insert(self.path.name(), Vec::new());
            }
            return;
        };
        let values = if self.path.transposed(self.case, &key, D) {
            values.transpose()
        } else {
            values
        };
        let list = values.into_data().iter::<f64>().collect();
        self.found.insert(key, list);
    }
}
