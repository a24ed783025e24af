//! Every block's gradient against central differences in double precision.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
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

/// Largest allowed max|a − b| ÷ max|b|.
const BOUND: f64 = 1e-6;
/// Step of the difference: the error of central differences, ε²f‴/6 + δ/ε, is least near δ^⅓.
const STEP: f64 = 1e-5;
/// Elements of one parameter that are checked.
const ELEMENTS: usize = 40;

struct Case {
    name: &'static str,
    layers: &'static str,
    input: Shape,
    task: Task,
    target: TargetKind,
    loss: &'static str,
}

const FLAT: Shape = Shape::Flat(5);
const IMAGE: Shape = Shape::Image {
    channels: 2,
    height: 6,
    width: 5,
};
const SEQUENCE: Shape = Shape::Sequence {
    steps: 4,
    features: 3,
};
const CLASSES: Task = Task::Classification { classes: 3 };
const CROSS: &str = r#""cross_entropy""#;

fn case(name: &'static str, layers: &'static str, input: Shape) -> Case {
    Case {
        name,
        layers,
        input,
        task: CLASSES,
        target: TargetKind::Index,
        loss: CROSS,
    }
}

fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("dense", r#"{ dense = 4 }, { dense = "classes" }"#, FLAT),
        case("dense without bias", r"{ dense = 3, bias = false }", FLAT),
        case(
            "dense on a sequence",
            r#"{ dense = 4 }, "tanh", "flatten", { dense = 3 }"#,
            SEQUENCE,
        ),
        case("softmax", r#"{ dense = 3 }, "softmax""#, FLAT),
        case(
            "softmax over the batch",
            r#"{ dense = 3 }, { softmax = true, axis = "batch" }"#,
            FLAT,
        ),
        case(
            "dropout",
            r"{ dense = 8 }, { dropout = 0.4 }, { dense = 3 }",
            FLAT,
        ),
        case(
            "batch norm",
            r#"{ dense = 6 }, "batch_norm", "tanh", { dense = 3 }"#,
            FLAT,
        ),
        case(
            "batch norm of a sequence",
            r#"{ dense = 4 }, "batch_norm", "flatten", { dense = 3 }"#,
            SEQUENCE,
        ),
        case(
            "layer norm",
            r#"{ dense = 6 }, "layer_norm", "tanh", { dense = 3 }"#,
            FLAT,
        ),
        case(
            "layer norm of an image",
            r#""layer_norm", "flatten", { dense = 3 }"#,
            IMAGE,
        ),
        case(
            "conv same",
            r#"{ conv2d = 3 }, "tanh", "flatten", { dense = 3 }"#,
            IMAGE,
        ),
        case(
            "conv valid",
            r#"{ conv2d = 3, padding = "valid" }, "tanh", "flatten", { dense = 3 }"#,
            IMAGE,
        ),
        case(
            "conv asymmetric",
            r#"{ conv2d = 3, kernel = [4, 2], stride = [2, 1] }, "tanh", "flatten", { dense = 3 }"#,
            IMAGE,
        ),
        case(
            "conv without bias",
            r#"{ conv2d = 3, bias = false }, "batch_norm", "tanh", "flatten", { dense = 3 }"#,
            IMAGE,
        ),
        case(
            "max pool",
            r#"{ conv2d = 3 }, { max_pool2d = 2 }, "flatten", { dense = 3 }"#,
            IMAGE,
        ),
        case(
            "max pool same",
            r#"{ conv2d = 3 }, { max_pool2d = 3, stride = 2, padding = "same" }, "flatten", { dense = 3 }"#,
            IMAGE,
        ),
        case(
            "avg pool",
            r#"{ conv2d = 3 }, { avg_pool2d = 2 }, "flatten", { dense = 3 }"#,
            IMAGE,
        ),
        case(
            "avg pool same",
            r#"{ conv2d = 3 }, { avg_pool2d = 3, stride = 2, padding = "same" }, "flatten", { dense = 3 }"#,
            IMAGE,
        ),
        case(
            "global pools",
            r#"{ conv2d = 4 }, "tanh", "global_avg_pool", { dense = 3 }"#,
            IMAGE,
        ),
        case(
            "global max pool",
            r#"{ conv2d = 4 }, "tanh", "global_max_pool", { dense = 3 }"#,
            IMAGE,
        ),
        case(
            "upsampling",
            r#"{ upsampling2d = [2, 3] }, { conv2d = 2 }, "tanh", "flatten", { dense = 3 }"#,
            IMAGE,
        ),
        case(
            "residual",
            r#"{ dense = 6 }, { residual = { layers = [ { dense = 6 }, "tanh" ] } }, { dense = 3 }"#,
            FLAT,
        ),
        case(
            "residual with projection",
            r#"{ residual = { layers = [ { dense = 7 }, "tanh" ] } }, { dense = 3 }"#,
            FLAT,
        ),
        case(
            "residual of images",
            r#"{ residual = { layers = [ { conv2d = 4, stride = 2 }, "batch_norm", "tanh" ] } }, "global_avg_pool", { dense = 3 }"#,
            IMAGE,
        ),
        case(
            "nested residuals",
            r#"{ repeat = 2, layers = [ { residual = { layers = [ { dense = 5 }, { residual = { layers = [ { dense = 5 }, "tanh" ] } } ] } } ] }, { dense = 3 }"#,
            FLAT,
        ),
        case(
            "thirty layers",
            r#"{ repeat = 30, layers = [ { dense = 6 }, "tanh" ] }, { dense = 3 }"#,
            FLAT,
        ),
    ];
    // Kinks are as likely as a zero of a continuous density: the inputs stay away from them.
    for phi in [
        "linear",
        "sigmoid",
        "tanh",
        "softsign",
        "softplus",
        "relu",
        "leaky_relu",
        "elu",
        "selu",
        "gelu",
        "silu",
        "mish",
        "exponential",
        "hard_sigmoid",
    ] {
        let layers = format!(r#"{{ dense = 6 }}, "{phi}", {{ dense = 3 }}"#).leak();
        cases.push(case(phi, layers, FLAT));
    }
    let losses = [
        ("binary_cross_entropy", Task::Binary, TargetKind::Binary),
        ("mse", Task::Regression { targets: 2 }, TargetKind::Real),
        ("mae", Task::Regression { targets: 2 }, TargetKind::Real),
        ("hinge", Task::Binary, TargetKind::Binary),
    ];
    for (loss, task, target) in losses {
        let layers = r#"{ dense = 6 }, "tanh", { dense = "outputs" }"#;
        cases.push(Case {
            name: loss,
            layers,
            input: FLAT,
            task,
            target,
            loss: format!("{loss:?}").leak(),
        });
    }
    cases
}

struct Problem {
    network: Network,
    loss: Loss,
    x: Tensor<2>,
    targets: Targets,
}

const BATCH: usize = 7;

impl Problem {
    fn new(case: &Case) -> Self {
        let text = format!(
            "[data]\nsource = \"circles\"\n[network]\nlayers = [ {} ]\n[train]\nloss = {}\noptimizer = {{ name = \"sgd\", lr = 0.1 }}\n",
            case.layers, case.loss
        );
        let document = Document::parse(&text, Path::new("case.toml")).unwrap();
        let shape = DataShape {
            input: case.input,
            task: case.task,
            examples: BATCH,
        };
        let plan = plan(&document.description, &shape).unwrap();
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
        let loss = Loss::new(spec, output, plan.output.elements(), case.task, case.target).unwrap();
        let mut random = stream(5, Purpose::Generate, case.name, 0);
        let mut draw =
            |n: usize| -> Vec<f64> { (0..n).map(|_| random.random_range(-1.5..1.5)).collect() };
        let elements = case.input.elements();
        let x = TensorData::new(draw(BATCH * elements), [BATCH, elements]);
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
        Self {
            network,
            loss,
            x: Tensor::from_data(x, (&device, DType::F64)),
            targets,
        }
    }

    fn value(&self, network: &Network) -> Tensor<1> {
        let pass = Pass {
            mode: Mode::Probe,
            ..Pass::train(1, 0)
        };
        self.loss
            .evaluate(network.forward(self.x.clone(), &pass), &self.targets)
            .value
    }

    fn number(&self, network: &Network) -> f64 {
        self.value(network)
            .into_data()
            .iter::<f64>()
            .next()
            .unwrap()
    }
}

/// Keeps every gradient by path.
struct Grads {
    path: Vec<String>,
    gradients: Gradients,
    found: BTreeMap<String, Vec<f64>>,
}

impl ModuleVisitor for Grads {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(&self.gradients) {
            self.found.insert(
                self.path.join("."),
                gradient.into_data().iter::<f64>().collect(),
            );
        }
    }
}

/// Adds a number to one element of one parameter.
struct Nudge {
    path: Vec<String>,
    target: String,
    element: usize,
    by: f64,
}

impl ModuleMapper for Nudge {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.path.join(".") != self.target {
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

/// Largest relative error over all parameters of a case.
fn error(case: &Case) -> (String, f64) {
    let problem = Problem::new(case);
    let gradients = problem.value(&problem.network).backward();
    let mut found = Grads {
        path: Vec::new(),
        gradients,
        found: BTreeMap::new(),
    };
    problem.network.visit(&mut found);
    assert!(!found.found.is_empty(), "{} has no parameters", case.name);
    let mut worst = (String::new(), 0.0f64);
    for (path, gradient) in &found.found {
        let stride = gradient.len().div_ceil(ELEMENTS).max(1);
        let (mut difference, mut scale) = (0.0f64, 0.0f64);
        for element in (0..gradient.len()).step_by(stride) {
            let at = |by: f64| {
                let mut nudge = Nudge {
                    path: Vec::new(),
                    target: path.clone(),
                    element,
                    by,
                };
                problem.number(&problem.network.clone().map(&mut nudge))
            };
            let central = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            difference = difference.max((gradient[element] - central).abs());
            scale = scale.max(central.abs());
        }
        // A gradient that is zero everywhere (a bias in front of batch normalisation) has no scale
        // of its own; rounding of the loss divided by the step is what is left.
        let relative = if scale < 1e-9 {
            difference
        } else {
            difference / scale
        };
        if relative >= worst.1 {
            worst = (path.clone(), relative);
        }
    }
    worst
}

#[test]
fn gradients_agree_with_central_differences() {
    let failed: Vec<String> = cases()
        .iter()
        .map(|case| (case.name, error(case)))
        .inspect(|(name, (path, error))| println!("{name}: {error:.1e} at {path}"))
        .filter(|(_, (_, error))| *error > BOUND || error.is_nan())
        .map(|(name, (path, error))| format!("{name}: {path} is off by {error:.2e}"))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
