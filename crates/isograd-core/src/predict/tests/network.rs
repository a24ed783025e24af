//! Random dense networks in plain `f64`: what the prediction is held against.

use crate::random::{Purpose, Stream, stream};
use isograd_theory::Activation;
use rand::RngExt as _;

/// Standard normal numbers by Box and Muller.
pub(super) struct Normal(Stream, Option<f64>);

impl Normal {
    pub(super) fn new(seed: u64, path: &str) -> Self {
        Self(stream(seed, Purpose::Init, path, 0), None)
    }

    pub(super) fn draw(&mut self) -> f64 {
        if let Some(spare) = self.1.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.0.random::<f64>()).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.0.random::<f64>()).sin_cos();
        self.1 = Some(radius * sin);
        radius * cos
    }
}

/// Row-major: one row an example (or an output unit).
#[derive(Clone)]
pub(super) struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub data: Vec<f64>,
}

impl Matrix {
    pub(super) fn random(rows: usize, columns: usize, deviation: f64, normal: &mut Normal) -> Self {
        let data = (0..rows * columns)
            .map(|_| deviation * normal.draw())
            .collect();
        Self {
            rows,
            columns,
            data,
        }
    }

    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.data[i * self.columns..(i + 1) * self.columns]
    }

    /// self · other.
    fn times(&self, other: &Self) -> Self {
        assert_eq!(self.columns, other.rows);
        let mut data = vec![0.0; self.rows * other.columns];
        for (i, out) in data.chunks_exact_mut(other.columns).enumerate() {
            for (k, factor) in self.row(i).iter().enumerate() {
                for (o, w) in out.iter_mut().zip(other.row(k)) {
                    *o += factor * w;
                }
            }
        }
        Self {
            rows: self.rows,
            columns: other.columns,
            data,
        }
    }

    fn transposed(&self) -> Self {
        let mut data = Vec::with_capacity(self.data.len());
        for j in 0..self.columns {
            data.extend((0..self.rows).map(|i| self.data[i * self.columns + j]));
        }
        Self {
            rows: self.columns,
            columns: self.rows,
            data,
        }
    }

    pub(super) fn map(mut self, f: impl Fn(f64) -> f64) -> Self {
        self.data.iter_mut().for_each(|x| *x = f(*x));
        self
    }

    /// Mean over rows of the squared norm.
    pub(super) fn energy(&self) -> f64 {
        self.data.iter().map(|x| x * x).sum::<f64>() / self.rows as f64
    }

    /// E\[x²\] of an element and mean cosine between different rows.
    pub(super) fn moments(&self) -> (f64, f64) {
        let (mut sum, mut pairs) = (0.0, 0.0);
        for i in 0..self.rows {
            for j in 0..i {
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
                let (a, b) = (self.row(i), self.row(j));
                sum += dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
                pairs += 1.0;
            }
        }
        (self.energy() / self.columns as f64, sum / pairs)
    }
}

/// What goes between a weight matrix and the next.
#[derive(Clone, Copy)]
pub(super) struct Recipe {
    pub phi: Activation,
    /// n·Var\[W\].
    pub weight: f64,
    /// The constant bias.
    pub bias: f64,
    /// Batch normalisation before φ.
    pub normalised: bool,
    /// x + φ(W x) on layers that keep their width.
    pub residual: bool,
}

/// What was measured at one hidden layer's output.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    pub ln_g: f64,
    pub square: f64,
    pub correlation: f64,
}

/// One random network of `depth` weight matrices, 10 outputs, softmax cross-entropy with random
/// labels: measured at the outputs of the hidden layers.
pub(super) fn simulate(
    input: &Matrix,
    width: usize,
    depth: usize,
    recipe: Recipe,
    seed: u64,
) -> Vec<Measured> {
    let mut normal = Normal::new(seed, "weights");
    let mut at = input.clone();
    let (mut layers, mut outputs) = (Vec::new(), Vec::new());
    for layer in 1..=depth {
        let units = if layer == depth { 10 } else { width };
        let deviation = (recipe.weight / at.columns as f64).sqrt();
        let weights = Matrix::random(at.columns, units, deviation, &mut normal);
        let mut h = at.times(&weights).map(|x| x + recipe.bias);
        if layer == depth {
            layers.push((weights, h.clone(), Vec::new()));
            at = h;
            break;
        }
        let scales = if recipe.normalised {
            normalise(&mut h)
        } else {
            Vec::new()
        };
        let mut out = h.clone().map(|x| recipe.phi.value(x));
        if recipe.residual && layer > 1 {
            out.data.iter_mut().zip(&at.data).for_each(|(o, x)| *o += x);
        }
        layers.push((weights, h, scales));
        outputs.push(out.clone());
        at = out;
    }
    let mut delta = cross_entropy(&at, seed);
    let mut measured = vec![Measured::default(); depth - 1];
    let last = layers.pop().unwrap();
    delta = delta.times(&last.0.transposed());
    for (layer, (weights, h, scales)) in layers.into_iter().enumerate().rev() {
        let (square, correlation) = outputs[layer].moments();
        measured[layer] = Measured {
            ln_g: 0.5 * delta.energy().ln(),
            square,
            correlation,
        };
        let beside = (recipe.residual && layer > 0).then(|| delta.clone());
        for (d, x) in delta.data.iter_mut().zip(&h.data) {
            *d *= recipe.phi.derivative(*x);
        }
        if recipe.normalised {
            normalise_backward(&mut delta, &h, &scales);
        }
        delta = delta.times(&weights.transposed());
        if let Some(beside) = beside {
            delta
                .data
                .iter_mut()
                .zip(&beside.data)
                .for_each(|(d, b)| *d += b);
        }
    }
    measured
}

/// ∂Lᵢ/∂logits for labels drawn at random.
fn cross_entropy(logits: &Matrix, seed: u64) -> Matrix {
    let mut labels = stream(seed, Purpose::Generate, "labels", 0);
    let mut delta = logits.clone();
    for row in delta.data.chunks_exact_mut(logits.columns) {
        let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|x| (x - top).exp()).sum();
        for x in row.iter_mut() {
            *x = (*x - top).exp() / sum;
        }
        row[labels.random_range(0..10)] -= 1.0;
    }
    delta
}

/// Every column to mean 0 and variance 1; returns 1/standard deviation.
fn normalise(h: &mut Matrix) -> Vec<f64> {
    let n = h.rows as f64;
    (0..h.columns)
        .map(|j| {
            let column = || (0..h.rows).map(|i| h.data[i * h.columns + j]);
            let mean = column().sum::<f64>() / n;
            let scale = (column().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
                .sqrt()
                .recip();
            for i in 0..h.rows {
                let x = &mut h.data[i * h.columns + j];
                *x = (*x - mean) * scale;
            }
            scale
        })
        .collect()
}

fn normalise_backward(delta: &mut Matrix, x: &Matrix, scales: &[f64]) {
    let n = x.rows as f64;
    for (j, scale) in scales.iter().enumerate() {
        let at = |i: usize| i * x.columns + j;
        let mean = (0..x.rows).map(|i| delta.data[at(i)]).sum::<f64>() / n;
        let along = (0..x.rows)
            .map(|i| delta.data[at(i)] * x.data[at(i)])
            .sum::<f64>()
            / n;
        for i in 0..x.rows {
            delta.data[at(i)] = scale * (delta.data[at(i)] - mean - along * x.data[at(i)]);
        }
    }
}
