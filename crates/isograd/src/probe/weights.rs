//! What is measured of the parameters themselves.

use crate::nn::Network;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use isograd_core::trace::Role;
use isograd_core::trace::quantity::{Quantity, Row};
use isograd_kernels::moments;
use std::collections::BTreeMap;

/// Norms of one parameter at one step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WeightRow {
    /// Norm of its gradient, of the loss as it is reduced.
    pub gradient: Option<f64>,
    /// Norm of the step taken, decoupled decay apart.
    pub moved: Option<f64>,
    /// Its own norm before the step.
    pub norm: f64,
}

/// Norms of every parameter at initialisation, by path.
#[derive(Clone, Debug, Default)]
pub struct InitNorms(BTreeMap<String, f64>);

impl InitNorms {
    /// The norms that a network's parameters have now.
    pub fn of(network: &Network) -> Self {
        let mut visitor = Norms::default();
        network.visit(&mut visitor);
        Self(visitor.norms)
    }

    /// The norm of the parameter at `path` at initialisation.
    pub fn get(&self, path: &str) -> Option<f64> {
        self.0.get(path).copied()
    }
}

/// Walks a module and keeps the norm of each parameter under its path.
#[derive(Default)]
struct Norms {
    path: Vec<String>,
    norms: BTreeMap<String, f64>,
}

impl ModuleVisitor for Norms {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let norm = moments(&param.val()).sum_squares.sqrt();
        self.norms.insert(self.path.join("."), norm);
    }
}

/// Puts what was measured of the parameters into the rows of their nodes' sites.
pub fn weight_rows(
    network: &Network,
    init: &InitNorms,
    measured: &BTreeMap<String, WeightRow>,
    rows: &mut [Row],
) {
    for (row, site) in rows.iter_mut().zip(network.sites()) {
        if site.role != Role::Output {
            continue;
        }
        // The scale and shift of a normalisation are its weight and bias.
        for (names, weight) in [(["weight", "gamma"], true), (["bias", "beta"], false)] {
            let path = names.map(|name| format!("{}.{name}", site.name));
            let Some((path, found)) = path
                .iter()
                .find_map(|p| measured.get(p).map(|found| (p, found)))
            else {
                continue;
            };
            let start = init.get(path).unwrap_or(0.0);
            if weight {
                row.set(Quantity::WeightNorm, found.norm);
                row.set(Quantity::WeightInitNorm, start);
                if let Some(gradient) = found.gradient {
                    row.set(Quantity::WeightGradient, gradient);
                }
                // A matrix of zeros that started as zeros has no size to compare with.
                let size = found.norm.max(start);
                if let (Some(moved), true) = (found.moved, size > 0.0) {
                    row.set(Quantity::UpdateRatio, moved / size);
                }
            } else {
                row.set(Quantity::BiasNorm, found.norm);
                if let Some(gradient) = found.gradient {
                    row.set(Quantity::BiasGradient, gradient);
                }
            }
        }
    }
}
