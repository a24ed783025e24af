//! One update: gradients out of the backward pass, penalties, clipping, the optimiser.

use crate::nn::Network;
use crate::optim::{Clipped, Optimizer, clip};
use crate::probe::WeightRow;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use isograd_core::describe::Plan;
use isograd_core::describe::train::ClipSpec;
use isograd_kernels::moments;
use std::collections::BTreeMap;

/// L1 and L2 penalties of the weights that have one, by path.
#[derive(Clone, Debug, Default)]
pub(super) struct Penalties(BTreeMap<String, (f64, f64)>);

impl Penalties {
    pub(super) fn of(plan: &Plan) -> Self {
        let with = plan.nodes.iter().filter(|n| n.l1 != 0.0 || n.l2 != 0.0);
        Self(
            with.flat_map(|n| {
                let paths = n.op.weights().iter();
                paths.map(|weight| (format!("{}.{weight}", n.name), (n.l1, n.l2)))
            })
            .collect(),
        )
    }

    /// Adds ∂(l1·Σ|w| + l2·Σw²)/∂w.
    fn add(&self, path: &str, weight: &Tensor<1>, gradient: Tensor<1>) -> Tensor<1> {
        let Some(&(l1, l2)) = self.0.get(path) else {
            return gradient;
        };
        let mut gradient = gradient;
        if l1 != 0.0 {
            gradient = gradient + weight.clone().sign() * l1;
        }
        if l2 != 0.0 {
            gradient = gradient + weight.clone() * (2.0 * l2);
        }
        gradient
    }
}

/// The gradients of one backward pass, flattened, by path.
pub(super) struct Collected {
    paths: Vec<String>,
    gradients: Vec<Tensor<1>>,
}

impl Collected {
    /// Takes every parameter's gradient, penalties added.
    pub(super) fn take(network: &Network, gradients: Gradients, penalties: &Penalties) -> Self {
        let mut collector = Collector {
            path: Vec::new(),
            gradients,
            penalties,
            found: Self {
                paths: Vec::new(),
                gradients: Vec::new(),
            },
        };
        network.visit(&mut collector);
        collector.found
    }

    /// Clips as the description says.
    pub(super) fn clip(&mut self, spec: &ClipSpec) -> Clipped {
        clip(spec, &mut self.gradients)
    }

    /// Norm of each gradient, by path.
    pub(super) fn norms(&self) -> BTreeMap<String, f64> {
        let norm = |g: &Tensor<1>| moments(g).sum_squares.sqrt();
        self.paths
            .iter()
            .cloned()
            .zip(self.gradients.iter().map(norm))
            .collect()
    }
}

struct Collector<'a> {
    path: Vec<String>,
    gradients: Gradients,
    penalties: &'a Penalties,
    found: Collected,
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
        let path = self.path.join(".");
        let gradient = flat(gradient);
        let gradient = self.penalties.add(&path, &flat(value.inner()), gradient);
        self.found.paths.push(path);
        self.found.gradients.push(gradient);
    }
}

fn flat<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let elements = x.shape().num_elements();
    x.reshape([elements])
}

/// Steps every parameter that has a gradient. With `measure`, the norms of what happened come back
/// by path.
pub(super) fn update(
    network: Network,
    collected: Collected,
    optimizer: &mut Optimizer,
    lr: f64,
    measure: bool,
) -> (Network, BTreeMap<String, WeightRow>) {
    let mut updater = Updater {
        path: Vec::new(),
        gradients: collected
            .paths
            .into_iter()
            .zip(collected.gradients)
            .collect(),
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
    gradients: BTreeMap<String, Tensor<1>>,
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
        let Some(gradient) = self.gradients.remove(&path) else {
            return param;
        };
        let (id, value, mapper) = param.consume();
        let dims = value.dims();
        let value = flat(value.inner());
        // A matrix is what has more than one dimension: kernels and dense weights.
        let matrix = D > 1;
        let mut row = self.measure.then(|| WeightRow {
            gradient: Some(moments(&gradient).sum_squares.sqrt()),
            moved: None,
            norm: moments(&value).sum_squares.sqrt(),
        });
        let stepped = self
            .optimizer
            .step(&path, value, gradient, matrix, self.lr, self.measure);
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
