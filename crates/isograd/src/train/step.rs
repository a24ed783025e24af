//! One update: gradients out of the backward pass, penalties, clipping, the optimiser.

use crate::nn::Network;
use crate::optim::{Clipped, Gradient, Optimizer, Parameter, Places, clip};
use crate::probe::WeightRow;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use isograd_core::describe::train::{ClipSpec, TrainSpec};
use isograd_core::describe::{NodeId, Plan};
use isograd_kernels::moments;
use std::collections::BTreeMap;
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

    /// Adds ∂(l1·Σ|w| + l2·Σw²)/∂w.
    fn add(&self, one: &mut Gradient) {
        let (mut l1, mut l2) = self
            .own
            .get(&one.parameter.path)
            .copied()
            .unwrap_or_default();
        if one.parameter.is_matrix() {
            l1 += self.all.0;
            l2 += self.all.1;
        }
        let weights = &one.weights;
        if l1 != 0.0 {
            one.gradient
                .inplace(|g| g + weights.clone().sign().mul_scalar(l1));
        }
        if l2 != 0.0 {
            one.gradient
                .inplace(|g| g + weights.clone().mul_scalar(2.0 * l2));
        }
    }
}

/// The gradients of one step, flattened, in the order of the network.
pub(super) struct Collected(Vec<Gradient>);

impl Collected {
    /// Takes the gradient of every parameter that has one.
    pub(super) fn take<M: Module>(network: &M, places: &Places, gradients: Gradients) -> Self {
        let mut collector = Collector::new(places, gradients);
        network.visit(&mut collector);
        Self(collector.found)
    }

    /// The same of some nodes of a network.
    pub(super) fn take_nodes(
        network: &Network,
        nodes: Range<NodeId>,
        places: &Places,
        gradients: Gradients,
    ) -> Self {
        let mut collector = Collector::new(places, gradients);
        network.visit_nodes(nodes, &mut collector);
        Self(collector.found)
    }

    /// The gradients of parts of a network, from the last to the first, as those of the whole.
    pub(super) fn joined(parts: Vec<Self>) -> Self {
        Self(parts.into_iter().rev().flat_map(|part| part.0).collect())
    }

    /// Adds the gradients of another batch through the same network.
    pub(super) fn add(&mut self, other: Self) {
        for (one, other) in self.0.iter_mut().zip(other.0) {
            one.gradient.inplace(|g| g + other.gradient);
        }
    }

    /// Adds the penalties of the weights.
    pub(super) fn penalise(&mut self, penalties: &Penalties) {
        self.0.iter_mut().for_each(|one| penalties.add(one));
    }

    /// Clips as the description says.
    pub(super) fn clip(&mut self, spec: &ClipSpec) -> Clipped {
        clip(spec, &mut self.0)
    }

    /// Paths of the parameters, in order.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|one| one.parameter.path.as_str())
    }

    /// All numbers, in order.
    #[cfg(test)]
    pub(super) fn values(&self) -> Vec<f64> {
        let all = self.0.iter();
        all.flat_map(|one| one.gradient.to_data().iter::<f64>().collect::<Vec<_>>())
            .collect()
    }

    /// Norm of each gradient, by path.
    pub(super) fn norms(&self) -> BTreeMap<String, f64> {
        let norm = |g: &Gradient| moments(&g.gradient).sum_squares.sqrt();
        self.0
            .iter()
            .map(|one| (one.parameter.path.clone(), norm(one)))
            .collect()
    }
}

struct Collector<'a> {
    path: Vec<String>,
    gradients: Gradients,
    places: &'a Places,
    found: Vec<Gradient>,
}

impl<'a> Collector<'a> {
    fn new(places: &'a Places, gradients: Gradients) -> Self {
        Self {
            path: Vec::new(),
            gradients,
            places,
            found: Vec::new(),
        }
    }
}

impl ModuleVisitor for Collector<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        // Frozen parameters and running statistics have none.
        let Some(gradient) = value.grad_remove(&mut self.gradients) else {
            return;
        };
        self.found.push(Gradient {
            parameter: self
                .places
                .parameter(self.path.join("."), value.dims().to_vec()),
            weights: flat(value.inner()),
            gradient: flat(gradient),
        });
    }
}

fn flat<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let elements = x.shape().num_elements();
    x.reshape([elements])
}

/// Steps every parameter that has a gradient. With `measure`, the norms of what happened come back
/// by path.
pub(super) fn update<M: Module>(
    network: M,
    collected: Collected,
    optimizer: &mut Optimizer,
    lr: f64,
    measure: bool,
) -> (M, BTreeMap<String, WeightRow>) {
    // The handles of the weights end here, so that they can be changed in place.
    let gradients = collected.0.into_iter().map(|one| {
        let Gradient {
            parameter,
            gradient,
            ..
        } = one;
        (parameter.path.clone(), (parameter, gradient))
    });
    let mut updater = Updater {
        path: Vec::new(),
        gradients: gradients.collect(),
        optimizer,
        lr,
        measure,
        measured: BTreeMap::new(),
    };
    let network = network.map(&mut updater);
    (network, updater.measured)
}

struct Updater<'a> {
    path: Vec<String>,
    gradients: BTreeMap<String, (Parameter, Tensor<1>)>,
    optimizer: &'a mut Optimizer,
    lr: f64,
    measure: bool,
    measured: BTreeMap<String, WeightRow>,
}

impl ModuleMapper for Updater<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".");
        let Some((parameter, gradient)) = self.gradients.remove(&path) else {
            return param;
        };
        let (id, value, mapper) = param.consume();
        let dims = value.dims();
        let value = flat(value.inner());
        let mut row = self.measure.then(|| WeightRow {
            gradient: Some(moments(&gradient).sum_squares.sqrt()),
            moved: None,
            norm: moments(&value).sum_squares.sqrt(),
        });
        let stepped = self
            .optimizer
            .step(&parameter, value, gradient, self.lr, self.measure);
        if let (Some(row), Some(moved)) = (&mut row, &stepped.moved) {
            row.moved = Some(moments(moved).sum_squares.sqrt());
        }
        if let Some(row) = row {
            self.measured.insert(path, row);
        }
        let value = Tensor::from_inner(stepped.parameter.reshape(dims)).require_grad();
        Param::from_mapped_value(id, value, mapper)
    }
}
