//! What a step does to loss and gradient: how smooth the loss is along it, and how far each layer's
//! gradient turns when the layers below it are updated (Santurkar et al. 2018, "How does batch
//! normalization help optimization?", §2.2 and §3).

use crate::nn::Network;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor, TensorData};
use std::collections::BTreeMap;

/// Loss and gradient at a point of the line w − length·∇L(w).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Along {
    /// How many gradients away.
    pub length: f64,
    /// The loss there.
    pub loss: f64,
    /// ‖∇L(there) − ∇L(w)‖.
    pub change: f64,
    /// That over the distance, length·‖∇L(w)‖: what bounds it over all pairs of points is β of a
    /// β-smooth loss.
    pub smoothness: f64,
}

/// Loss and gradient along the gradient of `loss` at `model`, which does not change; the first entry
/// is the model itself, with change and smoothness 0. The parameters must be on an autodiff device,
/// and `loss` the same function at every call (a fixed batch, no dropout).
pub fn along_gradient<M: Module>(
    model: &M,
    loss: impl Fn(&M) -> Tensor<1>,
    lengths: &[f64],
) -> Vec<Along> {
    let (start, gradient) = loss_and_gradient(model, &loss);
    let norm = norm(gradient.values().flatten());
    let mut all = vec![Along {
        length: 0.0,
        loss: start,
        change: 0.0,
        smoothness: 0.0,
    }];
    for &length in lengths {
        let mut step = Step {
            path: Vec::new(),
            by: &gradient,
            factor: -length,
        };
        let there = model.clone().map(&mut step);
        let (loss, turned) = loss_and_gradient(&there, &loss);
        let change = distance(&gradient, &turned);
        all.push(Along {
            length,
            loss,
            change,
            smoothness: change / (length * norm),
        });
    }
    all
}

/// How far the gradient of one layer's weights turns when the layers below take their step.
#[derive(Clone, Debug, PartialEq)]
pub struct Shift {
    /// The layer.
    pub name: String,
    /// ‖G‖, the gradient with all layers as they were.
    pub gradient: f64,
    /// ‖G′ − G‖, G′ the gradient with the layers below after their step.
    pub change: f64,
    /// Cosine of G and G′; 1: the step below does not concern this layer.
    pub cosine: f64,
}

/// The internal covariate shift of one step, layer by layer (Santurkar et al. 2018, definition 2.1):
/// `before` and `after` are the network in front of the step and behind it, `loss` that of a fixed
/// batch. The first layer has nothing below it and no shift.
pub fn covariate_shift(
    before: &Network,
    after: &Network,
    loss: impl Fn(&Network) -> Tensor<1>,
) -> Vec<Shift> {
    let plan = before.plan();
    let (_, old) = loss_and_gradient(before, &loss);
    let mut mixed = before.clone();
    let mut next = 0;
    let mut shifts = Vec::new();
    for layer in &plan.layers {
        // Nodes are in the order in which they compute.
        while let Some((node, _)) = mixed.parameters.get(next)
            && *node < layer.weights
        {
            mixed.parameters[next].1 = after.parameters[next].1.clone();
            next += 1;
        }
        let path = format!("{}.weight", layer.name);
        let (_, new) = loss_and_gradient(&mixed, &loss);
        let (Some(old), Some(new)) = (old.get(&path), new.get(&path)) else {
            continue;
        };
        let product: f64 = old.iter().zip(new).map(|(a, b)| a * b).sum();
        let apart: Vec<f64> = old.iter().zip(new).map(|(a, b)| a - b).collect();
        let gradient = norm(old);
        shifts.push(Shift {
            name: layer.name.clone(),
            gradient,
            change: norm(&apart),
            cosine: product / (gradient * norm(new)),
        });
    }
    shifts
}

type ByPath = BTreeMap<String, Vec<f64>>;

fn norm<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn distance(a: &ByPath, b: &ByPath) -> f64 {
    let pairs = a.iter().filter_map(|(path, a)| Some((a, b.get(path)?)));
    let squares = pairs.flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)));
    squares.sum::<f64>().sqrt()
}

fn loss_and_gradient<M: Module>(model: &M, loss: &impl Fn(&M) -> Tensor<1>) -> (f64, ByPath) {
    let value = loss(model);
    let number = value.to_data().iter::<f64>().sum();
    let mut collect = Collect {
        path: Vec::new(),
        gradients: value.backward(),
        found: ByPath::new(),
    };
    model.visit(&mut collect);
    (number, collect.found)
}

struct Collect {
    path: Vec<String>,
    gradients: Gradients,
    found: ByPath,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(&self.gradients) {
            let values = gradient.into_data().iter::<f64>().collect();
            self.found.insert(self.path.join("."), values);
        }
    }
}

/// Adds a multiple of numbers, by path, to the parameters.
struct Step<'a> {
    path: Vec<String>,
    by: &'a ByPath,
    factor: f64,
}

impl ModuleMapper for Step<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(by) = self.by.get(&self.path.join(".")) else {
            return param;
        };
        let factor = self.factor;
        param.map(|x| {
            let values: Vec<f64> = by.iter().map(|g| factor * g).collect();
            let place = (&x.device(), x.dtype());
            let step = Tensor::from_data(TensorData::new(values, x.dims()), place);
            (x + step).detach().require_grad()
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::nn::{Build, Mode, Parameters, Pass};
    use burn::tensor::{DType, Device};
    use isograd_core::describe::{DataShape, Document, Shape, Task};
    use std::path::Path;

    fn network(seed: u64) -> Network {
        let text = "data.source = \"blobs\"\n[network]\nlayers = [{ dense = 6 }, \"tanh\", \
                    { dense = 5 }, \"tanh\", { dense = 3 }]\n[train]\nloss = \"mse\"\n\
                    optimizer = \"sgd\"\n";
        let document = Document::parse(text, Path::new("t.toml")).unwrap();
        let data = DataShape {
            input: Shape::Flat(4),
            task: Task::Regression { targets: 3 },
            examples: 5,
        };
        let build = Build {
            seed,
            device: Device::flex().autodiff(),
            dtype: DType::F64,
        };
        build.network(&document.plan(&data).unwrap())
    }

    fn loss(network: &Network) -> Tensor<1> {
        let place = (&Device::flex().autodiff(), DType::F64);
        let x: Vec<f64> = (0..20).map(|i| f64::from(i * 7 % 11) / 5.0 - 1.0).collect();
        let x = Tensor::<2>::from_data(TensorData::new(x, [5, 4]), place);
        let pass = Pass {
            mode: Mode::Probe,
            ..Pass::evaluate()
        };
        network.forward(x, &pass).powi_scalar(2).mean()
    }

    /// ½·Σ a·w² of the weights of the first layer: a Hessian of its own for each number.
    fn quadratic(network: &Network) -> Tensor<1> {
        let Some((_, Parameters::Dense(p))) = network.parameters.first() else {
            unreachable!()
        };
        let w = p.weight.val();
        (w.clone() * w).mul_scalar(1.5).sum()
    }

    #[test]
    fn a_quadratic_loss_has_the_smoothness_of_its_curvature() {
        let all = along_gradient(&network(1), quadratic, &[0.1, 0.5, 2.0]);
        for at in &all[1..] {
            // w − η·3w: the loss falls by (1 − 3η)², the gradient turns by 3·(η·‖g‖).
            let wanted = all[0].loss * (1.0 - 3.0 * at.length).powi(2);
            assert!((at.loss / wanted - 1.0).abs() < 1e-12, "{at:?}");
            assert!((at.smoothness - 3.0).abs() < 1e-12, "{at:?}");
        }
    }

    #[test]
    fn only_what_lies_below_a_layer_turns_its_gradient() {
        let (before, other) = (network(1), network(2));
        let still = covariate_shift(&before, &before, loss);
        assert_eq!(still.len(), 3);
        assert!(
            still
                .iter()
                .all(|s| s.change == 0.0 && (s.cosine - 1.0).abs() < 1e-12)
        );
        // The middle layer after its step, the others as they were.
        let mut after = before.clone();
        after.parameters[1].1 = other.parameters[1].1.clone();
        let shifts = covariate_shift(&before, &after, loss);
        assert!(shifts[..2].iter().all(|s| s.change == 0.0), "{shifts:?}");
        // The gradient of the last with the middle one replaced, taken directly.
        let (_, old) = loss_and_gradient(&before, &loss);
        let (_, new) = loss_and_gradient(&after, &loss);
        let path = "dense3.weight";
        let apart: Vec<f64> = old[path]
            .iter()
            .zip(&new[path])
            .map(|(a, b)| a - b)
            .collect();
        assert!(shifts[2].change > 0.0);
        assert!((shifts[2].change / norm(&apart) - 1.0).abs() < 1e-12);
    }
}
