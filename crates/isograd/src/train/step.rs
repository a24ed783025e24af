//! What comes before an update: gradients out of the backward pass, penalties, clipping.

use crate::nn::Network;
use crate::optim::{
    Clipped, Gradient, Optimizer, Parameter, Places, Roster, by_tensor, clip, flat, limit,
};
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Gradients, Tensor};
use isograd_core::describe::train::{ClipSpec, TrainSpec};
use isograd_core::describe::{NodeId, Plan};
use isograd_kernels::{Values, sums_of_squares};
use std::collections::BTreeMap;
use std::mem;
use std::ops::Range;

/// L1 and L2 penalties of the weights that have one.
#[derive(Clone, Debug, Default)]
pub(super) struct Penalties {
    /// Of every matrix and kernel.
    all: (f64, f64),
    /// Beside those, by path.
    own: BTreeMap<String, (f64, f64)>,
}

impl Penalties {
    pub(super) fn of(plan: &Plan, train: &TrainSpec) -> Self {
        let with = plan.nodes.iter().filter(|n| n.l1 != 0.0 || n.l2 != 0.0);
        Self {
            all: (train.l1, train.l2),
            own: with
                .flat_map(|n| {
                    let paths = n.op.weights().iter();
                    paths.map(|weight| (format!("{}.{weight}", n.name), (n.l1, n.l2)))
                })
                .collect(),
        }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.all == (0.0, 0.0) && self.own.is_empty()
    }

    /// Adds ∂(l1·Σ|w| + l2·Σw²)/∂w.
    fn add(&self, parameter: &Parameter, weights: &Tensor<1>, gradient: &mut Values) {
        let own = self.own.get(&parameter.path);
        let (mut l1, mut l2) = own.copied().unwrap_or_default();
        if parameter.is_matrix() {
            l1 += self.all.0;
            l2 += self.all.1;
        }
        if l1 != 0.0 {
            gradient.change(|g| g + weights.clone().sign().mul_scalar(l1));
        }
        if l2 != 0.0 {
            gradient.change(|g| g + weights.clone().mul_scalar(2.0 * l2));
        }
    }
}

/// Whether a step needs the weights beside the gradients before it.
pub(super) fn needs_weights(penalties: &Penalties, spec: &ClipSpec) -> bool {
    !penalties.is_empty() || by_tensor(spec)
}

/// The gradients of one step, flattened, in the order of the network.
pub(super) struct Collected {
    pub(super) found: Vec<Found>,
    /// In front of all of them: what clipping by their common norm leaves.
    pub(super) factor: f64,
    /// Sums of their squares without the factor, once they are known.
    pub(super) squares: Vec<f64>,
}

/// The gradient of one parameter.
pub(super) struct Found {
    pub(super) id: ParamId,
    /// Its position on the roster, once it is enlisted.
    pub(super) place: usize,
    /// Boxed: seldom wanted, and larger than all the rest.
    weights: Option<Box<Tensor<1>>>,
    pub(super) gradient: Values,
}

impl Found {
    /// Gives its handle of the weights away, so that they can be changed in place.
    pub(super) fn release(&mut self) {
        self.weights = None;
    }
}

impl Collected {
    /// Takes the gradient of every parameter that has one, and its weights where they are wanted.
    pub(super) fn take<M: Module>(network: &M, gradients: Gradients, weights: bool) -> Self {
        let mut collector = Collector::new(gradients, weights, 0);
        network.visit(&mut collector);
        Self::of(collector.found)
    }

    /// The same of some nodes of a network.
    pub(super) fn take_nodes(
        network: &Network,
        nodes: Range<NodeId>,
        gradients: Gradients,
        weights: bool,
    ) -> Self {
        // A layer of two parameters has an activation behind it.
        let mut collector = Collector::new(gradients, weights, nodes.len());
        network.visit_nodes(nodes, &mut collector);
        Self::of(collector.found)
    }

    /// The gradients of parts of a network, from the last to the first, as those of the whole.
    pub(super) fn joined(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1
            && let Some(whole) = parts.pop()
        {
            return whole;
        }
        let mut found = Vec::with_capacity(parts.iter().map(|part| part.found.len()).sum());
        let parts = parts.into_iter().rev();
        parts.for_each(|part| found.extend(part.found));
        Self::of(found)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) fn of(found: Vec<Found>) -> Self {
        Self {
            found,
            factor: 1.0,
            squares: Vec::new(),
        }
    }

    /// Adds the gradients of another batch through the same network.
    pub(super) fn add(&mut self, other: Self) {
        for (one, other) in self.found.iter_mut().zip(other.found) {
            let more = other.gradient.into_tensor();
            one.gradient.change(|g| g + more);
        }
    }

    /// Has the optimiser know the parameters.
    pub(super) fn enlist<'a, M: Module>(
        &mut self,
        network: &M,
        places: &Places,
        optimizer: &'a mut Optimizer,
    ) -> &'a Roster {
        optimizer.enlist(network, places, |roster| {
            let mut place = 0;
            self.found.iter_mut().all(|one| {
                let found = roster.find(one.id, place);
                one.place = found.unwrap_or(usize::MAX);
                place = one.place.saturating_add(1);
                found.is_some()
            })
        })
    }

    /// Adds the penalties of the weights, which were collected.
    pub(super) fn penalise(&mut self, penalties: &Penalties, roster: &Roster) {
        if penalties.is_empty() {
            return;
        }
        for one in &mut self.found {
            if let Some(weights) = &one.weights {
                penalties.add(roster.parameter(one.place), weights, &mut one.gradient);
            }
        }
    }

    /// Clips as the description says, if it says something; the weights were collected where tensors are
    /// clipped one by one.
    pub(super) fn clip(&mut self, spec: &ClipSpec, roster: &Roster) -> Option<Clipped> {
        if by_tensor(spec) {
            return Some(self.clip_each(spec, roster));
        }
        let most = spec.global_norm?;
        let norm = self.squares().iter().sum::<f64>().sqrt();
        let limited = limit(spec, norm);
        self.factor = limited.unwrap_or(1.0);
        Some(Clipped {
            norm_before: norm,
            norm_after: limited.map_or(norm, |_| most),
            any: limited.is_some(),
            tensors: Vec::new(),
        })
    }

    fn clip_each(&mut self, spec: &ClipSpec, roster: &Roster) -> Clipped {
        let found = mem::take(&mut self.found);
        let (places, mut gradients): (Vec<_>, Vec<_>) = found
            .into_iter()
            .map(|one| {
                let gradient = one.gradient.into_tensor();
                let gradient = Gradient {
                    parameter: roster.parameter(one.place).clone(),
                    // Only adaptive clipping looks at them, for which they were collected.
                    weights: one
                        .weights
                        .map_or_else(|| gradient.zeros_like(), |weights| *weights),
                    gradient,
                };
                ((one.id, one.place), gradient)
            })
            .unzip();
        let clipped = clip(spec, &mut gradients);
        self.squares.clear();
        self.found = places
            .into_iter()
            .zip(gradients)
            .map(|((id, place), one)| Found {
                id,
                place,
                weights: None,
                gradient: Values::of(one.gradient),
            })
            .collect();
        clipped
    }

    /// Sum of squares of each.
    fn squares(&mut self) -> &[f64] {
        if self.squares.len() != self.found.len() {
            let all: Vec<&Values> = self.found.iter().map(|one| &one.gradient).collect();
            self.squares = sums_of_squares(&all);
        }
        &self.squares
    }

    /// Paths of the parameters, in order.
    pub(super) fn paths<'a>(&self, roster: &'a Roster) -> impl Iterator<Item = &'a str> {
        let all = self.found.iter();
        all.map(|one| roster.parameter(one.place).path.as_str())
    }

    /// All numbers, in order.
    #[cfg(test)]
    pub(super) fn values(&self) -> Vec<f64> {
        let all = self.found.iter();
        let gradients = all.map(|one| one.gradient.clone().into_tensor());
        gradients
            .flat_map(|g| g.to_data().iter::<f64>().collect::<Vec<_>>())
            .collect()
    }

    /// Norm of each gradient, by the position of its parameter.
    pub(super) fn norms(&mut self) -> Vec<(usize, f64)> {
        self.squares();
        let all = self.found.iter().zip(&self.squares);
        all.map(|(one, squares)| (one.place, self.factor * squares.sqrt()))
            .collect()
    }
}

struct Collector {
    gradients: Gradients,
    weights: bool,
    found: Vec<Found>,
}

impl Collector {
    fn new(gradients: Gradients, weights: bool, about: usize) -> Self {
        Self {
            gradients,
            weights,
            found: Vec::with_capacity(about),
        }
    }
}

impl ModuleVisitor for Collector {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // Frozen parameters and running statistics have none.
        let Some(gradient) = param.grad_remove(&mut self.gradients) else {
            return;
        };
        self.found.push(Found {
            id: param.id,
            place: usize::MAX,
            weights: self.weights.then(|| Box::new(flat(param.val().inner()))),
            gradient: Values::of(gradient),
        });
    }
}
