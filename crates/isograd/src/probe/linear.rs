//! Linear probes (Alain and Bengio 2016): how well the classes can be read off at every depth by a
//! linear classifier, while the network stays as it is.

use crate::data::{Part, Targets};
use crate::nn::{Network, Pass};
use crate::train::rows_tensor;
use burn::tensor::{DType, Device};
use isograd_core::trace::Role;
use isograd_kernels::{Direction, Moments, Sink, Slice, View, Want};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Rows that the classifiers are fitted on, at most.
const FIT: usize = 4096;
/// Ridge: λ over the mean squared feature, which is 1 after scaling.
const RIDGE: f64 = 1e-3;
/// Features that are read, at most: the fit takes time with the square of them.
const WIDEST: usize = 2048;
const BATCH: usize = 256;

/// What a linear classifier of one node's output is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearProbe {
    /// The node.
    pub name: String,
    /// Features that it gives: all of a vector, the means of channels, or of features over steps.
    pub features: usize,
    /// Share of examples of the part that are classified as they should be.
    pub accuracy: f64,
    /// Mean squared error of the classifier's outputs from 0 and 1.
    pub error: f64,
}

/// Fits a ridge regression of the classes (one output each, 0 or 1) on what leaves each node of the
/// outermost chain (of up to 2,048 features), on up to 4,096 examples of `train`, and tries it on
/// `part`. Empty where the targets are not one class an example.
pub fn linear_probes(network: &Network, train: &Part, part: &Part) -> Vec<LinearProbe> {
    let (Targets::Index(of_train), Targets::Index(of_part)) = (&train.targets, &part.targets)
    else {
        return Vec::new();
    };
    let classes = 1 + of_train
        .iter()
        .chain(of_part)
        .max()
        .map_or(0, |&c| c as usize);
    let fit = features(network, train, FIT);
    let test = features(network, part, usize::MAX);
    let plan = network.plan();
    plan.chain
        .iter()
        .filter_map(|&node| {
            let (a, b) = (fit.get(&node)?, test.get(&node)?);
            let weights = Ridge::fit(a, of_train, classes)?;
            let (right, error) = weights.judge(b, of_part);
            Some(LinearProbe {
                name: plan.nodes[node].name.clone(),
                features: a.width,
                accuracy: right,
                error,
            })
        })
        .collect()
}

/// Rows of features.
#[derive(Clone, Debug, Default)]
struct Features {
    width: usize,
    values: Vec<f64>,
}

/// Collects what leaves each node of the outermost chain.
struct Gather {
    /// Node and units of each site that is wanted.
    sites: Vec<Option<(usize, usize)>>,
    found: Mutex<BTreeMap<usize, Features>>,
}

impl Sink for Gather {
    fn want(&self, site: usize, direction: Direction) -> Want {
        match (self.sites[site], direction) {
            (Some(_), Direction::Forward) => Want::Values,
            _ => Want::Nothing,
        }
    }

    fn receive(&self, site: usize, _: Direction, _: usize, _: Moments, view: Option<View<'_>>) {
        let (Some((node, units)), Some(view)) = (self.sites[site], view) else {
            return;
        };
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let features = found.entry(node).or_default();
        features.width = units;
        match view.values {
            Slice::F32(v) => add(features, view.shape, |i| f64::from(v[i])),
            Slice::F64(v) => add(features, view.shape, |i| v[i]),
        }
    }
}

/// Means over positions: of `[batch, units, rows, columns]` and `[batch, steps, units]`.
fn add(features: &mut Features, shape: &[usize], value: impl Fn(usize) -> f64) {
    let units = features.width;
    let example: usize = shape[1..].iter().product();
    let positions = example / units.max(1);
    let last = shape.len() == 3;
    for row in 0..shape[0] {
        for unit in 0..units {
            let at = |p: usize| {
                row * example
                    + if last {
                        p * units + unit
                    } else {
                        unit * positions + p
                    }
            };
            let sum: f64 = (0..positions).map(|p| value(at(p))).sum();
            features.values.push(sum / positions.max(1) as f64);
        }
    }
}

fn features(network: &Network, part: &Part, most: usize) -> BTreeMap<usize, Features> {
    let plan = network.plan();
    let sites = network.sites().iter().map(|site| {
        let wanted = site.role == Role::Output && plan.chain.contains(&site.node);
        let units = plan.nodes[site.node].output.units();
        (wanted && units <= WIDEST).then_some((site.node, units))
    });
    let sink = Arc::new(Gather {
        sites: sites.collect(),
        found: Mutex::default(),
    });
    let rows: Vec<u32> = (0..part.len().min(most) as u32).collect();
    for rows in rows.chunks(BATCH) {
        let batch = part.batch(rows);
        let x = rows_tensor(batch.inputs, part.elements, &Device::flex(), DType::F32);
        network.forward(x, &Pass::evaluate().watched(sink.clone()));
    }
    let mut found = sink.found.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut found)
}

/// A linear map of scaled features, with a constant.
struct Ridge {
    mean: Vec<f64>,
    scale: Vec<f64>,
    /// (width + 1) × classes; the last row is the constant.
    weights: Vec<f64>,
    classes: usize,
}

impl Ridge {
    /// `None` where a feature is not finite.
    fn fit(x: &Features, labels: &[u32], classes: usize) -> Option<Self> {
        let (width, rows) = (x.width, x.values.len() / x.width.max(1));
        if width == 0 || rows == 0 || x.values.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let mut mean = vec![0.0; width];
        let mut scale = vec![0.0; width];
        for row in x.values.chunks_exact(width) {
            for (j, v) in row.iter().enumerate() {
                mean[j] += v / rows as f64;
            }
        }
        for row in x.values.chunks_exact(width) {
            for (j, v) in row.iter().enumerate() {
                scale[j] += (v - mean[j]).powi(2) / rows as f64;
            }
        }
        for s in &mut scale {
            *s = if *s > 0.0 { s.sqrt().recip() } else { 0.0 };
        }
        // Normal equations of centred features: the constant is the mean of the targets.
        let mut gram = vec![0.0; width * width];
        let mut right = vec![0.0; width * classes];
        let mut constant = vec![0.0; classes];
        let mut z = vec![0.0; width];
        for (row, &label) in x.values.chunks_exact(width).zip(labels) {
            for j in 0..width {
                z[j] = (row[j] - mean[j]) * scale[j];
            }
            for j in 0..width {
                right[j * classes + label as usize] += z[j];
                for k in 0..=j {
                    gram[j * width + k] += z[j] * z[k];
                }
            }
            constant[label as usize] += 1.0 / rows as f64;
        }
        for j in 0..width {
            gram[j * width + j] += RIDGE * rows as f64;
        }
        cholesky(&mut gram, width);
        solve(&gram, width, &mut right, classes);
        right.extend(constant);
        Some(Self {
            mean,
            scale,
            weights: right,
            classes,
        })
    }

    /// Accuracy and mean squared error.
    fn judge(&self, x: &Features, labels: &[u32]) -> (f64, f64) {
        let (width, classes) = (self.mean.len(), self.classes);
        let (mut right, mut error) = (0.0, 0.0);
        for (row, &label) in x.values.chunks_exact(width).zip(labels) {
            let mut y = self.weights[width * classes..].to_vec();
            for (j, x) in row.iter().enumerate() {
                let z = (x - self.mean[j]) * self.scale[j];
                for (c, y) in y.iter_mut().enumerate() {
                    *y += z * self.weights[j * classes + c];
                }
            }
            let best = (0..classes).max_by(|&a, &b| y[a].total_cmp(&y[b]));
            right += f64::from(best == Some(label as usize));
            for (c, y) in y.iter().enumerate() {
                error += (y - f64::from(c == label as usize)).powi(2) / classes as f64;
            }
        }
        let count = labels.len().max(1) as f64;
        (right / count, error / count)
    }
}

/// The lower triangle L of A = L·Lᵀ, in place; A is positive definite by its ridge.
fn cholesky(a: &mut [f64], n: usize) {
    for j in 0..n {
        for k in 0..j {
            let f = a[j * n + k];
            for i in j..n {
                a[i * n + j] -= f * a[i * n + k];
            }
        }
        let root = a[j * n + j].max(f64::MIN_POSITIVE).sqrt();
        for i in j..n {
            a[i * n + j] /= root;
        }
    }
}

/// B ← (L·Lᵀ)⁻¹·B for `columns` columns.
fn solve(l: &[f64], n: usize, b: &mut [f64], columns: usize) {
    for c in 0..columns {
        for i in 0..n {
            let mut sum = b[i * columns + c];
            for k in 0..i {
                sum -= l[i * n + k] * b[k * columns + c];
            }
            b[i * columns + c] = sum / l[i * n + i];
        }
        for i in (0..n).rev() {
            let mut sum = b[i * columns + c];
            for k in i + 1..n {
                sum -= l[k * n + i] * b[k * columns + c];
            }
            b[i * columns + c] = sum / l[i * n + i];
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Features, RIDGE, Ridge};

    #[test]
    fn the_fit_solves_the_normal_equations() {
        // Three correlated features; the gradient of the ridge's error is zero at the fit.
        let rows = 60;
        let value = |i: usize, j: usize| ((i * (j + 2) * 7 % 13) as f64 - 6.0) * (j + 1) as f64;
        let x = Features {
            width: 3,
            values: (0..rows)
                .flat_map(|i| (0..3).map(move |j| value(i, j)))
                .collect(),
        };
        let labels: Vec<u32> = (0..rows).map(|i| u32::from(value(i, 0) > 0.0)).collect();
        let fit = Ridge::fit(&x, &labels, 2).unwrap();
        for j in 0..3 {
            for c in 0..2 {
                let mut gradient = RIDGE * rows as f64 * fit.weights[j * 2 + c];
                for (row, &label) in x.values.chunks_exact(3).zip(&labels) {
                    let z = |k: usize| (row[k] - fit.mean[k]) * fit.scale[k];
                    let y: f64 = fit.weights[6 + c]
                        + (0..3).map(|k| z(k) * fit.weights[k * 2 + c]).sum::<f64>();
                    gradient += z(j) * (y - f64::from(c == label as usize));
                }
                assert!(gradient.abs() < 1e-9, "{j} {c}: {gradient}");
            }
        }
        assert!(fit.judge(&x, &labels).0 > 0.9);
    }
}
