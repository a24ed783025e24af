//! The gradient of every parameter and of the input against central differences, in double
//! precision.

use super::fill::Path as Walk;
use super::item::{Bound, Item, Reading};
use burn::module::{Module as _, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use isograd::data::Targets;
use isograd::nn::{Build, Mode, Network, Pass};
use isograd::train::loss::{Loss, resolve_output};
use isograd_core::describe::data::TargetKind;
use isograd_core::describe::{DataShape, Document, Shape, Task, plan};
use isograd_core::random::{Purpose, stream};
use rand::RngExt as _;
use std::collections::BTreeMap;
use std::path::Path;

const BOUND: Bound = Bound {
    single: 0.0,
    double: 1e-6,
};
/// Step of the difference: the error of central differences, ε²f‴/6 + δ/ε, is least near δ^⅓.
const STEP: f64 = 1e-5;
/// Elements of one parameter that are checked.
const ELEMENTS: usize = 40;
/// A gradient that is zero everywhere (a bias in front of batch normalisation) has no scale of its
/// own; below this, rounding of the loss divided by the step is what is left.
const NOTHING: f64 = 1e-9;
const BATCH: usize = 7;

pub(crate) const FLAT: Shape = Shape::Flat(5);
pub(crate) const IMAGE: Shape = Shape::Image {
    channels: 2,
    height: 6,
    width: 5,
};
pub(crate) const SEQUENCE: Shape = Shape::Sequence {
    steps: 4,
    features: 3,
};

#[derive(Clone)]
struct Case {
    name: String,
    layers: String,
    input: Shape,
    task: Task,
    target: TargetKind,
    loss: String,
}

/// Layers (TOML, without the brackets) that end in three outputs, below a cross-entropy.
pub(crate) fn differences(family: &'static str, name: &str, layers: &str, input: Shape) -> Item {
    item(
        family,
        Case {
            name: name.to_owned(),
            layers: layers.to_owned(),
            input,
            task: Task::Classification { classes: 3 },
            target: TargetKind::Index,
            loss: "\"cross_entropy\"".to_owned(),
        },
    )
}

/// A loss (TOML) on a small network.
pub(crate) fn loss_differences(name: &str, loss: &str, task: Task, target: TargetKind) -> Item {
    item(
        "loss",
        Case {
            name: name.to_owned(),
            layers: r#"{ dense = 6 }, "tanh", { dense = "outputs" }"#.to_owned(),
            input: FLAT,
            task,
            target,
            loss: loss.to_owned(),
        },
    )
}

fn item(family: &'static str, case: Case) -> Item {
    Item {
        family,
        name: case.name.clone(),
        source: "central differences in f64".to_owned(),
        bound: BOUND,
        describes: format!("{} {}", case.layers, case.loss),
        check: Box::new(move || measure(&Problem::new(&case)?)),
    }
}

struct Problem {
    network: Network,
    loss: Loss,
    x: Vec<f64>,
    targets: Targets,
    device: Device,
}

impl Problem {
    fn new(case: &Case) -> Result<Self, String> {
        let text = format!(
            "[data]\nsource = \"circles\"\n[network]\nlayers = [ {} ]\n[train]\nloss = {}\noptimizer = {{ name = \"sgd\", lr = 0.1 }}\n",
            case.layers, case.loss
        );
        let failed = |e: &dyn std::fmt::Display| format!("{text}{e}");
        let document = Document::parse(&text, Path::new("case.toml")).map_err(|e| failed(&e))?;
        let shape = DataShape {
            input: case.input,
            task: case.task,
            examples: BATCH,
        };
        let plan = plan(&document.description, &shape).map_err(|e| failed(&e))?;
        let device = Device::flex().autodiff();
        let build = Build {
            seed: 3,
            device: device.clone(),
            dtype: DType::F64,
        };
        let network = build.network(&plan);
        let last = plan.chain.last().map(|&id| &plan.nodes[id].op);
        let spec = &document.description.train.loss;
        let output = resolve_output(spec.on, last);
        let loss = Loss::new(spec, output, plan.output.elements(), case.task, case.target)
            .map_err(|e| failed(&e))?;
        let mut random = stream(5, Purpose::Generate, &case.name, 0);
        let mut draw =
            |n: usize| -> Vec<f64> { (0..n).map(|_| random.random_range(-1.5..1.5)).collect() };
        let x = draw(BATCH * case.input.elements());
        let targets = match case.task {
            Task::Classification { classes } => {
                Targets::Index((0..BATCH as u32).map(|i| i % classes as u32).collect())
            }
            Task::Binary => Targets::Real {
                values: (0..BATCH).map(|i| (i % 2) as f32).collect(),
                width: 1,
            },
            task => Targets::Real {
                values: draw(BATCH * task.outputs())
                    .iter()
                    .map(|&v| v as f32)
                    .collect(),
                width: task.outputs(),
            },
        };
        Ok(Self {
            network,
            loss,
            x,
            targets,
            device,
        })
    }

    fn input(&self, values: Vec<f64>) -> Tensor<2> {
        let data = TensorData::new(values, [BATCH, self.x.len() / BATCH]);
        Tensor::from_data(data, (&self.device, DType::F64)).require_grad()
    }

    fn value(&self, network: &Network, x: Tensor<2>) -> Tensor<1> {
        let pass = Pass {
            mode: Mode::Probe,
            ..Pass::train(1, 0)
        };
        let output = network.forward(x, &pass);
        self.loss.evaluate(output, &self.targets).value
    }

    fn number(&self, network: &Network, x: Vec<f64>) -> f64 {
        let value = self.value(network, self.input(x)).into_data();
        value.iter::<f64>().next().unwrap_or(f64::NAN)
    }
}

/// Keeps every gradient by path.
struct Grads {
    path: Walk,
    gradients: Gradients,
    found: BTreeMap<String, Vec<f64>>,
}

impl ModuleVisitor for Grads {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(&self.gradients) {
            self.found.insert(
                self.path.name(),
                gradient.into_data().iter::<f64>().collect(),
            );
        }
    }
}

/// Adds a number to one element of one parameter.
struct Nudge<'a> {
    path: Walk,
    target: &'a str,
    element: usize,
    by: f64,
}

impl ModuleMapper for Nudge<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.path.name() != self.target {
            return param;
        }
        param.map(|x| {
            let (dims, place) = (x.dims(), (x.device(), x.dtype()));
            let mut values: Vec<f64> = x.into_data().iter::<f64>().collect();
            values[self.element] += self.by;
            Tensor::from_data(TensorData::new(values, dims), (&place.0, place.1)).require_grad()
        })
    }
}

/// The difference of a gradient from the slopes that `at(element, by)` gives, over the largest slope.
fn against(gradient: &[f64], at: impl Fn(usize, f64) -> f64) -> f64 {
    let stride = gradient.len().div_ceil(ELEMENTS).max(1);
    let (mut difference, mut scale) = (0.0f64, 0.0f64);
    for element in (0..gradient.len()).step_by(stride) {
        let central = (at(element, STEP) - at(element, -STEP)) / (2.0 * STEP);
        let off = (gradient[element] - central).abs();
        difference = if off.is_nan() {
            f64::NAN
        } else {
            difference.max(off)
        };
        if difference.is_nan() {
            return difference;
        }
        scale = scale.max(central.abs());
    }
    if scale < NOTHING {
        difference
    } else {
        difference / scale
    }
}

fn measure(problem: &Problem) -> Result<Vec<Reading>, String> {
    let x = problem.input(problem.x.clone());
    let gradients = problem.value(&problem.network, x.clone()).backward();
    let of_input = x.grad(&gradients).ok_or("no gradient reaches the input")?;
    let mut found = Grads {
        path: Walk::default(),
        gradients,
        found: BTreeMap::new(),
    };
    problem.network.visit(&mut found);
    if found.found.is_empty() {
        return Err("no gradient reaches a parameter".to_owned());
    }
    let reading = |at: &str, error: f64| Reading {
        at: at.to_owned(),
        precision: "f64",
        error,
    };
    let of_input: Vec<f64> = of_input.into_data().iter().collect();
    let error = against(&of_input, |element, by| {
        let mut x = problem.x.clone();
        x[element] += by;
        problem.number(&problem.network, x)
    });
    let mut readings = vec![reading("the input", error)];
    for (path, gradient) in &found.found {
        let error = against(gradient, |element, by| {
            let mut nudge = Nudge {
                path: Walk::default(),
                target: path,
                element,
                by,
            };
            let nudged = problem.network.clone().map(&mut nudge);
            problem.number(&nudged, problem.x.clone())
        });
        readings.push(reading(path, error));
    }
    Ok(readings)
}

/// Slopes of x² are 2x, not x, and a NaN is no slope.
pub(crate) fn a_wrong_gradient_is_found() {
    let x = [0.3, -1.2, 0.8];
    let at = |element: usize, by: f64| (x[element] + by).powi(2);
    assert!(against(&x.map(|x| 2.0 * x), at) < BOUND.double);
    assert!(against(&x, at) > 0.4);
    assert!(against(&[0.6, f64::NAN, 1.6], at).is_nan());
}
