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

/// Initial norm and measured norms of several parameters of a node as if they were one.
fn together(
    node: &str,
    names: &[String],
    init: &InitNorms,
    measured: &BTreeMap<String, WeightRow>,
) -> Option<(f64, WeightRow)> {
    let paths = names.iter().map(|name| format!("{node}.{name}"));
    let rows: Vec<(f64, &WeightRow)> = paths
        .filter_map(|p| Some((init.get(&p).unwrap_or(0.0), measured.get(&p)?)))
        .collect();
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
    let of = |f: fn(&WeightRow) -> Option<f64>| {
        let values: Option<Vec<f64>> = rows.iter().map(|(_, row)| f(row)).collect();
        values.map(|v| norm(&mut v.into_iter()))
    };
    (!rows.is_empty()).then(|| {
        let row = WeightRow {
            gradient: of(|row| row.gradient),
            moved: of(|row| row.moved),
            norm: norm(&mut rows.iter().map(|(_, row)| row.norm)),
        };
        (norm(&mut rows.iter().map(|(start, _)| *start)), row)
    })
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
        let names = network.plan().nodes[site.node].op.weights();
        let biases: Vec<String> = names.iter().map(|n| n.replace("weight", "bias")).collect();
        let names: Vec<String> = names.iter().map(|&n| n.to_owned()).collect();
        // The scale and shift of a normalisation are its weight and bias.
        for (names, other, weight) in [(names, "gamma", true), (biases, "beta", false)] {
            let together = together(&site.name, &names, init, measured)
                .or_else(|| together(&site.name, &[other.to_owned()], init, measured));
            let Some((start, found)) = together else {
                continue;
            };
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
