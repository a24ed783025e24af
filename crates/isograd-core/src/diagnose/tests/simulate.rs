//! Networks that really train: a small trainer in `f32`, so that the rules meet traces that nobody
//! arranged. Dense, activation, batch normalisation and residual nodes; SGD and Adam; cross-entropy.
#![allow(clippy::unwrap_used)]

use super::build::Net;
use crate::describe::network::Init;
use crate::describe::train::OptimizerKind;
use crate::describe::{NodeId, Op};
use crate::random::{Purpose, Stream, stream};
use crate::trace::{Network, Quantity, Record, RecordKind, Role, quantity::Row};
use rand::RngExt as _;

/// A batch: so many rows of so many numbers.
#[derive(Clone, Default)]
struct Batch {
    rows: usize,
    values: Vec<f32>,
}

impl Batch {
    fn width(&self) -> usize {
        self.values.len() / self.rows.max(1)
    }

    fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.width().max(1))
    }

    fn mean_of(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.values.iter().map(|&x| f(f64::from(x))).sum::<f64>() / self.values.len() as f64
    }
}

/// A parameter with its gradient and the moments of Adam.
#[derive(Clone, Default)]
struct Parameter {
    values: Vec<f32>,
    gradient: Vec<f32>,
    moments: [Vec<f32>; 2],
    initial_norm: f64,
    ratio: f64,
}

impl Parameter {
    fn new(values: Vec<f32>) -> Self {
        let zeros = vec![0.0; values.len()];
        let initial_norm = norm(&values);
        Self {
            gradient: zeros.clone(),
            moments: [zeros.clone(), zeros],
            values,
            initial_norm,
            ratio: 0.0,
        }
    }

    fn update(&mut self, kind: OptimizerKind, lr: f64, step: i32) {
        let before = norm(&self.values).max(self.initial_norm);
        let mut square = 0.0;
        for i in 0..self.values.len() {
            let g = f64::from(self.gradient[i]);
            let change = if let OptimizerKind::Sgd { .. } = kind {
                lr * g
            } else {
                let [m, v] = &mut self.moments;
                m[i] = 0.9 * m[i] + 0.1 * g as f32;
                v[i] = 0.999 * v[i] + 0.001 * (g * g) as f32;
                let mean = f64::from(m[i]) / (1.0 - 0.9_f64.powi(step + 1));
                let size = (f64::from(v[i]) / (1.0 - 0.999_f64.powi(step + 1))).sqrt();
                lr * mean / (size + 1e-8)
            };
            square += change * change;
            self.values[i] -= change as f32;
        }
        self.ratio = square.sqrt() / before;
    }
}

fn norm(values: &[f32]) -> f64 {
    values
        .iter()
        .map(|&x| f64::from(x).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// A standard normal number.
fn normal(rng: &mut Stream) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// One number of an initialisation.
fn draw(init: &Init, inputs: usize, units: usize, rng: &mut Stream) -> f32 {
    let (mean, std) = match *init {
        Init::GlorotUniform { gain } | Init::GlorotNormal { gain, .. } => {
            (0.0, gain * (2.0 / (inputs + units) as f64).sqrt())
        }
        Init::HeUniform { gain } | Init::HeNormal { gain, .. } => {
            (0.0, gain * (2.0 / inputs as f64).sqrt())
        }
        Init::LecunUniform { gain } | Init::LecunNormal { gain, .. } => {
            (0.0, gain / (inputs as f64).sqrt())
        }
        Init::TorchDefault => (0.0, 1.0 / (3.0 * inputs as f64).sqrt()),
        Init::Normal { mean, std } => (mean, std),
        Init::Constant { value } => (value, 0.0),
        _ => panic!("not an initialisation of these tests"),
    };
    (mean + std * normal(rng)) as f32
}

/// The running network.
struct Run<'a> {
    net: &'a Net,
    weights: Vec<Parameter>,
    biases: Vec<Parameter>,
    /// By node: what came in and went out, and the gradients there.
    input: Vec<Batch>,
    output: Vec<Batch>,
    gradient: Vec<Batch>,
    branch: Vec<Batch>,
}

impl Run<'_> {
    fn forward(&mut self, id: NodeId, x: Batch) -> Batch {
        let net = self.net;
        let y = match &net.plan.nodes[id].op {
            Op::Dense { units, .. } => {
                let (w, b) = (&self.weights[id].values, &self.biases[id].values);
                let mut y = Vec::with_capacity(x.rows * units);
                for row in x.iter() {
                    for (weights, bias) in w.chunks_exact(row.len()).zip(b) {
                        y.push(bias + weights.iter().zip(row).map(|(w, x)| w * x).sum::<f32>());
                    }
                }
                Batch {
                    rows: x.rows,
                    values: y,
                }
            }
            Op::Activation(a) => {
                let values = x
                    .values
                    .iter()
                    .map(|&v| a.value(f64::from(v)) as f32)
                    .collect();
                Batch {
                    rows: x.rows,
                    values,
                }
            }
            Op::BatchNorm { .. } => {
                let mut y = x.clone();
                for (j, (mean, std)) in moments(&x).into_iter().enumerate() {
                    for i in 0..x.rows {
                        let v = &mut y.values[i * x.width() + j];
                        *v = (*v - mean) / std;
                    }
                }
                y
            }
            Op::Residual { body, .. } => {
                let mut y = x.clone();
                for &inner in body {
                    y = self.forward(inner, y);
                }
                for (y, x) in y.values.iter_mut().zip(&x.values) {
                    *y += x;
                }
                y
            }
            other => panic!("{other:?} is not in these tests"),
        };
        self.input[id] = x;
        self.output[id] = y.clone();
        y
    }

    fn backward(&mut self, id: NodeId, dy: &Batch) -> Batch {
        let net = self.net;
        self.gradient[id] = dy.clone();
        let x = &self.input[id];
        match &net.plan.nodes[id].op {
            Op::Dense { .. } => {
                let mut dx = Batch {
                    rows: x.rows,
                    values: vec![0.0; x.values.len()],
                };
                let width = x.width();
                let w = &mut self.weights[id];
                w.gradient.fill(0.0);
                self.biases[id].gradient.fill(0.0);
                let scale = 1.0 / x.rows as f32;
                for ((row, d), dx) in x
                    .iter()
                    .zip(dy.iter())
                    .zip(dx.values.chunks_exact_mut(width))
                {
                    for (j, &d) in d.iter().enumerate() {
                        self.biases[id].gradient[j] += d * scale;
                        let at = j * width..(j + 1) * width;
                        for ((g, x), (dx, w)) in w.gradient[at.clone()]
                            .iter_mut()
                            .zip(row)
                            .zip(dx.iter_mut().zip(&w.values[at]))
                        {
                            *g += d * x * scale;
                            *dx += d * w;
                        }
                    }
                }
                dx
            }
            Op::Activation(a) => {
                let slopes = x.values.iter().map(|&v| a.derivative(f64::from(v)) as f32);
                let values = slopes.zip(&dy.values).map(|(s, d)| s * d).collect();
                Batch {
                    rows: x.rows,
                    values,
                }
            }
            Op::BatchNorm { .. } => {
                let (y, n, width) = (&self.output[id], x.rows as f32, x.width());
                let mut dx = dy.clone();
                for (j, (_, std)) in moments(x).into_iter().enumerate() {
                    let at = |i: usize| i * width + j;
                    let mean: f32 = (0..x.rows).map(|i| dy.values[at(i)]).sum::<f32>() / n;
                    let along: f32 = (0..x.rows)
                        .map(|i| dy.values[at(i)] * y.values[at(i)])
                        .sum::<f32>()
                        / n;
                    for i in 0..x.rows {
                        dx.values[at(i)] =
                            (dy.values[at(i)] - mean - y.values[at(i)] * along) / std;
                    }
                }
                dx
            }
            Op::Residual { body, .. } => {
                let mut dx = dy.clone();
                for &inner in body.iter().rev() {
                    dx = self.backward(inner, &dx);
                }
                self.branch[id] = dx.clone();
                for (dx, dy) in dx.values.iter_mut().zip(&dy.values) {
                    *dx += dy;
                }
                dx
            }
            _ => unreachable!("refused on the way forward"),
        }
    }

    /// Loss of a batch; leaves gradients everywhere.
    fn pass(&mut self, x: Batch, labels: &[usize]) -> f64 {
        let mut y = x;
        for &id in &self.net.plan.chain {
            y = self.forward(id, y);
        }
        let width = y.width();
        let mut loss = 0.0;
        for (row, &label) in y.values.chunks_exact_mut(width).zip(labels) {
            let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = row.iter().map(|v| (v - top).exp()).sum();
            loss += f64::from(sum.ln() + top - row[label]);
            for v in row.iter_mut() {
                *v = (*v - top).exp() / sum;
            }
            row[label] -= 1.0;
        }
        for &id in self.net.plan.chain.iter().rev() {
            y = self.backward(id, &y);
        }
        loss / labels.len() as f64
    }

    fn rows(&self) -> Vec<Row> {
        let nodes = &self.net.plan.nodes;
        let sites = self.net.trace.sites.iter().map(|site| {
            let id = site.node;
            if site.role == Role::Branch {
                return Row::default().with(Quantity::Gradient, per_example(&self.branch[id]));
            }
            let y = &self.output[id];
            let mut row = Row::default()
                .with(Quantity::Gradient, per_example(&self.gradient[id]))
                .with(Quantity::ForwardMean, y.mean_of(|v| v))
                .with(Quantity::ForwardRms, y.mean_of(|v| v * v).sqrt())
                .with(Quantity::Correlation, correlation(y))
                .with(Quantity::Examples, y.rows as f64);
            if let Op::Activation(a) = nodes[id].op {
                let x = &self.input[id];
                let slope = |v: f32| a.derivative(f64::from(v)).powi(2);
                let units = x.width();
                let by_unit: Vec<f64> = (0..units)
                    .map(|j| x.iter().map(|r| slope(r[j])).sum::<f64>() / x.rows as f64)
                    .collect();
                let share = |below: f64| {
                    by_unit.iter().filter(|&&s| s <= below).count() as f64 / units as f64
                };
                row.set(
                    Quantity::SlopeSquare,
                    by_unit.iter().sum::<f64>() / units as f64,
                );
                row.set(Quantity::DeadUnits, share(0.0));
                if a.saturating() {
                    row.set(
                        Quantity::SaturatedUnits,
                        share(0.05 * a.max_slope().powi(2)),
                    );
                }
            }
            if let Op::Dense { .. } = nodes[id].op {
                let w = &self.weights[id];
                row.set(Quantity::WeightNorm, norm(&w.values));
                row.set(Quantity::WeightInitNorm, w.initial_norm);
                row.set(Quantity::UpdateRatio, w.ratio);
            }
            row
        });
        sites.collect()
    }
}

/// Mean and deviation of each column.
fn moments(x: &Batch) -> Vec<(f32, f32)> {
    let n = x.rows as f32;
    (0..x.width())
        .map(|j| {
            let mean = x.iter().map(|r| r[j]).sum::<f32>() / n;
            let variance = x.iter().map(|r| (r[j] - mean).powi(2)).sum::<f32>() / n;
            (mean, (variance + 1e-5).sqrt())
        })
        .collect()
}

fn per_example(gradient: &Batch) -> f64 {
    (gradient.mean_of(|v| v * v) * gradient.width() as f64).sqrt()
}

/// Mean cosine between different rows.
fn correlation(x: &Batch) -> f64 {
    let mut sum = vec![0.0; x.width()];
    for row in x.iter() {
        let size = norm(row).max(1e-300);
        for (s, &v) in sum.iter_mut().zip(row) {
            *s += f64::from(v) / size;
        }
    }
    let n = x.rows as f64;
    (sum.iter().map(|s| s * s).sum::<f64>() - n) / (n * (n - 1.0))
}

/// Examples of the probe.
const PROBE: usize = 512;

/// Trains the network of a text for so many steps of 64 examples, on ten clusters around a common
/// mean in 16 dimensions, and puts the trace into it.
pub(super) fn train(text: &str, seed: u64, steps: usize) -> Net {
    const INPUTS: usize = 16;
    let mut net = Net::of(text, INPUTS);
    let mut rng = stream(seed, Purpose::Init, "simulation", 0);
    let centres: Vec<f64> = (0..10 * INPUTS).map(|_| normal(&mut rng)).collect();
    let mut parameters: [Vec<Parameter>; 2] = Default::default();
    for node in &net.plan.nodes {
        let (mut w, mut b) = (Vec::new(), Vec::new());
        if let Op::Dense {
            inputs,
            units,
            init,
            bias,
        } = &node.op
        {
            w = (0..inputs * units)
                .map(|_| draw(init, *inputs, *units, &mut rng))
                .collect();
            let init = bias.unwrap_or(Init::ZEROS);
            b = (0..*units)
                .map(|_| draw(&init, *inputs, *units, &mut rng))
                .collect();
        }
        parameters[0].push(Parameter::new(w));
        parameters[1].push(Parameter::new(b));
    }
    let mut batch = |rows: usize| -> (Batch, Vec<usize>) {
        let labels: Vec<usize> = (0..rows).map(|_| rng.random_range(0..10)).collect();
        let values = labels
            .iter()
            .flat_map(|&c| (0..INPUTS).map(move |j| c * INPUTS + j))
            .map(|at| (0.7 * centres[at] + 0.7 * normal(&mut rng)) as f32)
            .collect();
        (Batch { rows, values }, labels)
    };
    let probe = batch(PROBE);
    let [weights, biases] = parameters;
    let none = vec![Batch::default(); net.plan.nodes.len()];
    let mut run = Run {
        net: &net,
        weights,
        biases,
        input: none.clone(),
        output: none.clone(),
        gradient: none.clone(),
        branch: none,
    };
    let optimizer = &net.description.train.optimizer;
    let mut records = Vec::new();
    let mut record = |run: &Run<'_>, kind, step: usize, loss, full: bool| {
        let network = Network {
            loss,
            lr: optimizer.lr,
            global_norm: 1.0,
            clipped_norm: 1.0,
        };
        let rows = if full { run.rows() } else { Vec::new() };
        records.push(Record {
            step: step as u64,
            kind,
            network,
            rows: rows.into(),
        });
    };
    let loss = run.pass(probe.0.clone(), &probe.1);
    record(&run, RecordKind::Probe, 0, loss, true);
    for step in 0..steps {
        let (x, labels) = batch(64);
        let loss = run.pass(x, &labels);
        for parameter in run.weights.iter_mut().chain(&mut run.biases) {
            parameter.update(optimizer.kind, optimizer.lr, step as i32);
        }
        record(&run, RecordKind::Step, step, loss, step % 10 == 0);
    }
    let loss = run.pass(probe.0.clone(), &probe.1);
    record(&run, RecordKind::Probe, steps, loss, true);
    net.trace.records = records;
    net
}
