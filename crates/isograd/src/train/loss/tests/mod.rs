//! Losses against plain loops over their definitions and central differences, in `f64`.

#![allow(clippy::unwrap_used)]

mod cases;
mod edges;
mod weights;

use super::*;
use burn::tensor::{DType, Device, TensorData};
use isograd_core::describe::train::LossKind::{
    Angle, BinaryCrossEntropy, CrossEntropy, Hinge, Mae, Mse,
};
use isograd_core::describe::train::OutputKind::{Logits, Probabilities};

/// The defaults of a description.
fn spec(kind: LossKind) -> LossSpec {
    LossSpec::new(kind)
}

/// One loss on one batch.
struct Case {
    name: &'static str,
    spec: LossSpec,
    output: OutputKind,
    task: Task,
    target: TargetKind,
    targets: Targets,
    predictions: Vec<f64>,
    outputs: usize,
}

impl Case {
    fn batch(&self) -> usize {
        self.targets.len()
    }

    fn loss(&self) -> Loss {
        Loss::new(
            &self.spec,
            self.output,
            self.outputs,
            self.task,
            self.target,
        )
        .unwrap()
    }

    /// Value, gradient and `per_example` by tensors of `dtype`.
    fn computed(&self, dtype: DType) -> (f64, Vec<f64>, f64) {
        let data = TensorData::new(self.predictions.clone(), [self.batch(), self.outputs]);
        let device = Device::flex().autodiff();
        let x = Tensor::<2>::from_data(data, (&device, dtype)).require_grad();
        let LossValue { value, per_example } = self.loss().evaluate(x.clone(), &self.targets);
        assert_eq!(value.dtype(), dtype);
        let gradient = x.grad(&value.backward()).unwrap();
        let numbers = |data: TensorData| data.iter::<f64>().collect::<Vec<_>>();
        (
            numbers(value.into_data())[0],
            numbers(gradient.into_data()),
            per_example,
        )
    }

    /// The definition, one term after another, over these pairs of prediction and target.
    fn defined(&self, predictions: &[f64], pairs: &[(usize, usize)], batch: f64) -> f64 {
        let s = &self.spec;
        let (mut sum, mut columns) = (0.0, 1);
        for &(i, j) in pairs {
            let x = &predictions[i * self.outputs..(i + 1) * self.outputs];
            let t = self.target_row(j);
            let terms = definition(s, self.output, x, &t, self.all_zero_or_one());
            columns = terms.len();
            sum += terms.iter().sum::<f64>();
        }
        let inner = match s.kind {
            CrossEntropy => s.over_classes,
            Angle { .. } => Reduction::Sum,
            _ => s.over_outputs,
        };
        let rows = if s.pairwise { batch * batch } else { batch };
        let (by_rows, by_columns) = if s.sum_over_batch {
            (inner, s.reduction)
        } else {
            (s.reduction, inner)
        };
        if by_rows == Reduction::Mean {
            sum /= rows;
        }
        if by_columns == Reduction::Mean {
            sum /= columns as f64;
        }
        sum * s.factor
    }

    fn pairs(&self) -> Vec<(usize, usize)> {
        let n = self.batch();
        if self.spec.pairwise {
            (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).collect()
        } else {
            (0..n).map(|i| (i, i)).collect()
        }
    }

    /// One example's target as numbers: one-hot where the loss takes classes.
    fn target_row(&self, j: usize) -> Vec<f64> {
        let one_hot = |label: usize, width: usize| {
            (0..width)
                .map(|c| f64::from(c == label))
                .collect::<Vec<_>>()
        };
        let number = match &self.targets {
            Targets::Index(labels) => f64::from(labels[j]),
            Targets::Steps { .. } => unreachable!("one target an example"),
            Targets::Real { values, width } => {
                if !(self.target == TargetKind::Binary && *width == 1) {
                    let row = &values[j * width..(j + 1) * width];
                    return row.iter().map(|&t| f64::from(t)).collect();
                }
                f64::from(values[j])
            }
        };
        match self.target {
            TargetKind::OneHot => one_hot(number as usize, self.task.outputs().max(self.outputs)),
            TargetKind::Index if self.spec.kind == CrossEntropy => {
                one_hot(number as usize, self.outputs)
            }
            TargetKind::Binary if self.spec.kind == CrossEntropy && self.outputs > 1 => {
                one_hot(number as usize, self.outputs)
            }
            _ => vec![number],
        }
    }

    fn all_zero_or_one(&self) -> bool {
        (0..self.batch()).all(|j| self.target_row(j).iter().all(|&t| t == 0.0 || t == 1.0))
    }
}

/// The terms of one prediction against one target, each number broadcast to the longer row.
fn definition(
    s: &LossSpec,
    output: OutputKind,
    x: &[f64],
    t: &[f64],
    zero_or_one: bool,
) -> Vec<f64> {
    let clip = |p: f64| {
        if s.clip > 0.0 {
            p.max(s.clip).min(1.0 - s.clip)
        } else {
            p
        }
    };
    if let Angle { clip_cosine } = s.kind {
        let unit = |a: &[f64]| [a[0].sin() * a[1].cos(), a[0].sin() * a[1].sin(), a[0].cos()];
        let (u, v) = (unit(x), unit(t));
        let cosine: f64 = u.iter().zip(v).map(|(a, b)| a * b).sum();
        let bound = if clip_cosine { 1.0 - 1e-7 } else { 1.0 };
        return vec![cosine.max(-bound).min(bound).acos()];
    }
    let row: Vec<f64> = match (s.kind, output) {
        (CrossEntropy, Logits) => {
            let total: f64 = x.iter().map(|x| x.exp()).sum();
            x.iter().map(|x| x.exp() / total).collect()
        }
        (CrossEntropy, Probabilities) => {
            let total: f64 = if s.renormalise { x.iter().sum() } else { 1.0 };
            x.iter().map(|x| clip(x / total)).collect()
        }
        (BinaryCrossEntropy, Logits) => x.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
        (BinaryCrossEntropy, Probabilities) => x.iter().map(|&x| clip(x)).collect(),
        _ => x.to_vec(),
    };
    (0..row.len().max(t.len()))
        .map(|c| {
            let (y, t) = (row[c % row.len()], t[c % t.len()]);
            match s.kind {
                CrossEntropy => -t * y.ln(),
                BinaryCrossEntropy => -t * y.ln() - (1.0 - t) * (1.0 - y).ln(),
                Mse => (y - t).powi(2),
                Mae => (y - t).abs(),
                Hinge => {
                    let t = if zero_or_one { 2.0 * t - 1.0 } else { t };
                    (1.0 - t * y).max(0.0)
                }
                _ => unreachable!(),
            }
        })
        .collect()
}

/// Central differences with an error of h²/6·f‴ ≈ 1e-11 and ε/h ≈ 1e-11.
fn differences(x: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    const H: f64 = 1e-5;
    let mut x = x.to_vec();
    (0..x.len())
        .map(|k| {
            let middle = x[k];
            x[k] = middle + H;
            let above = f(&x);
            x[k] = middle - H;
            let below = f(&x);
            x[k] = middle;
            (above - below) / (2.0 * H)
        })
        .collect()
}

/// max|a − b| ÷ max|b|; where b is all zero, max|a|.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    let largest = b.iter().fold(0.0f64, |m, b| m.max(b.abs()));
    let difference = a
        .iter()
        .zip(b)
        .fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
    difference / if largest == 0.0 { 1.0 } else { largest }
}

#[test]
fn values_and_gradients_are_those_of_the_definitions() {
    let mut failures = Vec::new();
    for case in cases::all() {
        let (value, gradient, per_example) = case.computed(DType::F64);
        let pairs = case.pairs();
        let batch = case.batch() as f64;
        let whole = |x: &[f64]| case.defined(x, &pairs, batch);
        let expected = whole(&case.predictions);
        if apart(&[value], &[expected]) > 1e-12 {
            failures.push(format!("{}: value {value}, not {expected}", case.name));
        }
        let numeric = differences(&case.predictions, whole);
        let error = apart(&gradient, &numeric);
        if error > 1e-6 {
            failures.push(format!(
                "{}: gradient {gradient:?}, not {numeric:?}",
                case.name
            ));
        }
        // The loss that each example has by itself.
        for i in 0..case.batch() {
            let own: Vec<_> = pairs.iter().copied().filter(|&(row, _)| row == i).collect();
            let rows = if case.spec.pairwise {
                batch.sqrt()
            } else {
                1.0
            };
            let alone = differences(&case.predictions, |x| case.defined(x, &own, rows));
            let range = i * case.outputs..(i + 1) * case.outputs;
            let scaled: Vec<f64> = gradient[range.clone()]
                .iter()
                .map(|g| g * per_example)
                .collect();
            let floor = numeric.iter().fold(0.0f64, |m, g| m.max(g.abs())) * per_example * 1e-6;
            let largest = scaled
                .iter()
                .zip(&alone[range])
                .fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
            if largest > floor.max(1e-9) {
                failures.push(format!(
                    "{}: example {i} alone: {alone:?}, not {scaled:?}",
                    case.name
                ));
            }
        }
        let (value32, gradient32, _) = case.computed(DType::F32);
        if apart(&[value32], &[expected]) > 1e-5 || apart(&gradient32, &gradient) > 1e-5 {
            failures.push(format!(
                "{}: single precision {value32} {gradient32:?}",
                case.name
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
