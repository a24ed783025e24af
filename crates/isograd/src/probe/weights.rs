//! What is measured of the parameters themselves.

use super::noise::Heard;
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
    /// What of its gradient is the same from step to step, and what is not.
    pub heard: Option<Heard>,
}

/// The norm of every parameter of a network as it is, in the order in which they are visited.
pub fn weight_norms(network: &Network) -> Vec<f64> {
    let mut visitor = Walk::default();
    network.visit(&mut visitor);
    visitor.norms
}

/// Walks a module and keeps the norm of each parameter, and its position under its path.
#[derive(Default)]
struct Walk {
    path: Vec<String>,
    norms: Vec<f64>,
    places: BTreeMap<String, usize>,
}

impl ModuleVisitor for Walk {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.places.insert(self.path.join("."), self.norms.len());
        self.norms.push(moments(&param.val()).sum_squares.sqrt());
    }
}

/// Which parameters belong to which site of a network, and their norms at initialisation: found out
/// once, so that a measured step needs no names.
#[derive(Clone, Debug)]
pub struct WeightSites {
    norms: Vec<f64>,
    sites: Vec<SiteWeights>,
}

/// The parameters of one site.
#[derive(Clone, Debug)]
struct SiteWeights {
    row: usize,
    weights: Alike,
    biases: Alike,
}

/// Parameters that are taken as one, by position.
#[derive(Clone, Debug)]
struct Alike {
    these: Vec<usize>,
    /// Or else this one: the scale or the shift of a normalisation.
    or: Option<usize>,
}

impl WeightSites {
    /// Those of a network whose parameters are as they were initialised.
    pub fn of(network: &Network) -> Self {
        let mut visitor = Walk::default();
        network.visit(&mut visitor);
        let Walk { norms, places, .. } = visitor;
        let sites = network.sites().iter().enumerate();
        let sites = sites.filter(|(_, site)| site.role == Role::Output);
        let sites = sites.filter_map(|(row, site)| {
            let place = |name: &str| places.get(&format!("{}.{name}", site.name)).copied();
            let names = network.plan().nodes[site.node].op.weights();
            let weights = Alike {
                these: names.iter().filter_map(|name| place(name)).collect(),
                or: place("gamma"),
            };
            let biases = names.iter().map(|name| name.replace("weight", "bias"));
            let biases = Alike {
                these: biases.filter_map(|name| place(&name)).collect(),
                or: place("beta"),
            };
            let any = [&weights, &biases].map(|a| a.or.is_some() || !a.these.is_empty());
            any.contains(&true).then_some(SiteWeights {
                row,
                weights,
                biases,
            })
        });
        Self {
            sites: sites.collect(),
            norms,
        }
    }

    /// Puts what was measured of the parameters, given by position in ascending order, into the rows
    /// of their nodes' sites.
    pub fn fill(&self, measured: &[(usize, WeightRow)], rows: &mut [Row]) {
        let mut by_place = vec![None; self.norms.len()];
        for &(place, row) in measured {
            by_place[place] = Some(row);
        }
        for site in &self.sites {
            let row = &mut rows[site.row];
            if let Some((start, found)) = self.together(&site.weights, &by_place) {
                row.set(Quantity::WeightNorm, found.norm);
                row.set(Quantity::WeightInitNorm, start);
                if let Some(gradient) = found.gradient {
                    row.set(Quantity::WeightGradient, gradient);
                }
                if let Some(Heard { signal, noise }) = found.heard.filter(|h| h.noise > 0.0) {
                    row.set(Quantity::GradientSnr, signal / noise);
                }
                // A matrix of zeros that started as zeros has no size to compare with.
                let size = found.norm.max(start);
                if let (Some(moved), true) = (found.moved, size > 0.0) {
                    row.set(Quantity::UpdateRatio, moved / size);
                }
            }
            if let Some((_, found)) = self.together(&site.biases, &by_place) {
                row.set(Quantity::BiasNorm, found.norm);
                if let Some(gradient) = found.gradient {
                    row.set(Quantity::BiasGradient, gradient);
                }
            }
        }
    }

    /// Initial norm and measured norms of parameters as if they were one; `None` where none of them
    /// was measured.
    fn together(&self, of: &Alike, measured: &[Option<WeightRow>]) -> Option<(f64, WeightRow)> {
        self.sum(&of.these, measured)
            .or_else(|| self.sum(of.or.as_slice(), measured))
    }

    fn sum(&self, places: &[usize], measured: &[Option<WeightRow>]) -> Option<(f64, WeightRow)> {
        let rows = || {
            places
                .iter()
                .filter_map(|&p| Some((self.norms[p], measured[p]?)))
        };
        rows().next()?;
        let norm = |of: fn((f64, WeightRow)) -> Option<f64>| {
            let squares = rows().map(|row| of(row).map(|x| x * x));
            squares.sum::<Option<f64>>().map(f64::sqrt)
        };
        let heard = rows().map(|(_, row)| row.heard);
        let heard = heard.reduce(|a, b| {
            let (a, b) = (a?, b?);
            Some(Heard {
                signal: a.signal + b.signal,
                noise: a.noise + b.noise,
            })
        });
        let row = WeightRow {
            heard: heard.flatten(),
            gradient: norm(|(_, row)| row.gradient),
            moved: norm(|(_, row)| row.moved),
            norm: norm(|(_, row)| Some(row.norm))?,
        };
        Some((norm(|(start, _)| Some(start))?, row))
    }
}
