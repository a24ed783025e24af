//! Muon: momentum made orthogonal by Newton–Schulz iteration (Jordan et al. 2024,
//! kellerjordan.github.io/posts/muon).

use super::adam::Adam;
use super::parameter::Parameter;
use super::state::Slots;
use super::{Now, Rule};
use burn::tensor::Tensor;
use isograd_core::describe::train::MuonScale;
use isograd_kernels::moments;

/// Coefficients of the quintic x ← a·x + b·x³ + c·x⁵, which takes singular values in (0, 1] near to 1
/// as fast as possible: after five rounds between 0.7 and 1.2 for those above 1e-3.
const QUINTIC: [f64; 3] = [3.4445, -4.7750, 2.0315];

/// v ← momentum·v + (1 − momentum)·g, step = lr·scale·orthogonal(v, or (1 − momentum)·g +
/// momentum·v with Nesterov) for hidden matrices; `AdamW` for all else.
#[derive(Debug)]
pub(super) struct Muon {
    pub(super) momentum: f64,
    pub(super) nesterov: bool,
    pub(super) ns_steps: usize,
    pub(super) scale: MuonScale,
    pub(super) aux_lr: f64,
    pub(super) adam: Adam,
}

impl Muon {
    /// What the orthogonal matrix is multiplied by.
    fn scaling(&self, parameter: &Parameter) -> f64 {
        let [outputs, inputs] = parameter.outputs_inputs().map(|n| n as f64);
        match self.scale {
            MuonScale::Shape => (outputs / inputs).max(1.0).sqrt(),
            MuonScale::Adam => 0.2 * outputs.max(inputs).sqrt(),
        }
    }
}

impl Rule for Muon {
    fn slots(&self) -> &'static [&'static str] {
        &["velocity", "first", "second"]
    }

    fn rate(&self, now: Now, parameter: &Parameter) -> f64 {
        if parameter.is_hidden_matrix() {
            now.lr
        } else {
            self.aux_lr * now.course
        }
    }

    fn step(
        &self,
        now: Now,
        of: (&Parameter, &Tensor<1>),
        slots: &mut Slots<'_>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let (parameter, _) = of;
        let lr = self.rate(now, parameter);
        if !parameter.is_hidden_matrix() {
            let now = Now { lr, ..now };
            return self.adam.step(now, of, &mut slots.behind(1), gradient);
        }
        let share = 1.0 - self.momentum;
        let fresh = gradient.mul_scalar(share);
        let velocity = slots.blend(0, self.momentum, fresh.clone());
        let direction = if self.nesterov {
            fresh + velocity.mul_scalar(self.momentum)
        } else {
            velocity
        };
        let elements = direction.dims();
        orthogonal(direction, parameter.rows_columns(), self.ns_steps)
            .reshape(elements)
            .mul_scalar(lr * self.scaling(parameter))
    }
}

/// The nearest orthogonal matrix, about: U·S′·Vᵀ with S′ in [0.7, 1.2] for U·S·Vᵀ. Zero stays zero.
///
/// The matrix is divided by its norm in `f64` first: gradients whose squares vanish in `f32` give the
/// same step as large ones.
fn orthogonal(x: Tensor<1>, [rows, columns]: [usize; 2], steps: usize) -> Tensor<2> {
    let norm = moments(&x).sum_squares.sqrt();
    let x = x.reshape([rows, columns]);
    if norm == 0.0 {
        return x;
    }
    let x = x.div_scalar(norm);
    // The smaller side squared is the smaller product.
    let tall = rows > columns;
    let mut x = if tall { x.transpose() } else { x };
    let [a, b, c] = QUINTIC;
    for _ in 0..steps {
        let square = x.clone().matmul(x.clone().transpose());
        let odd = square.clone().mul_scalar(b) + square.clone().matmul(square).mul_scalar(c);
        x = x.clone().mul_scalar(a) + odd.matmul(x);
    }
    if tall { x.transpose() } else { x }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use burn::tensor::{DType, Device, TensorData};

    fn tensor(values: Vec<f64>, dtype: DType) -> Tensor<1> {
        let shape = [values.len()];
        Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), dtype))
    }

    fn numbers(x: Tensor<2>) -> Vec<f64> {
        x.into_data().iter::<f64>().collect()
    }

    /// A matrix with these singular values, by two Householder reflections.
    fn with_singular_values(values: &[f64], rows: usize, columns: usize) -> Vec<f64> {
        let reflect = |n: usize, seed: f64| {
            let v: Vec<f64> = (0..n).map(|i| (seed * (i as f64 + 1.0)).sin()).collect();
            let square: f64 = v.iter().map(|x| x * x).sum();
            move |i: usize, j: usize| f64::from(i == j) - 2.0 * v[i] * v[j] / square
        };
        let (u, v) = (reflect(rows, 1.7), reflect(columns, 0.9));
        let at = |i, j| {
            let terms = values
                .iter()
                .enumerate()
                .map(|(k, s)| u(i, k) * s * v(j, k));
            terms.sum::<f64>()
        };
        (0..rows * columns)
            .map(|n| at(n / columns, n % columns))
            .collect()
    }

    #[test]
    fn singular_values_come_near_to_one() {
        for (rows, columns) in [(6, 6), (4, 9), (9, 4)] {
            let given = &[2.0, 1.0, 0.4, 0.05][..];
            let x = tensor(with_singular_values(given, rows, columns), DType::F64);
            let y = orthogonal(x.clone(), [rows, columns], 5);
            // In the same singular vectors each value goes through the quintic alone.
            let norm = moments(&x).sum_squares.sqrt();
            let expected: Vec<f64> = given
                .iter()
                .map(|s| {
                    (0..5).fold(s / norm, |s, _| {
                        QUINTIC[0] * s + QUINTIC[1] * s.powi(3) + QUINTIC[2] * s.powi(5)
                    })
                })
                .collect();
            assert!(
                expected.iter().all(|s| (0.68..1.21).contains(s)),
                "{expected:?}"
            );
            let expected = with_singular_values(&expected, rows, columns);
            for (a, b) in numbers(y).iter().zip(&expected) {
                assert!((a - b).abs() < 1e-12, "{a} {b}");
            }
        }
    }

    #[test]
    fn gradients_whose_squares_vanish_give_the_same_step() {
        let values = with_singular_values(&[1.0, 0.5, 0.2], 5, 3);
        let step = |factor: f64| {
            let scaled = values.iter().map(|x| x * factor).collect();
            numbers(orthogonal(tensor(scaled, DType::F32), [5, 3], 5))
        };
        let usual = step(1.0);
        for factor in [1e-36, 1e-30, 1e-20, 1e30] {
            for (a, b) in step(factor).iter().zip(&usual) {
                assert!((a - b).abs() < 1e-5, "{factor}: {a} {b}");
            }
        }
        assert_eq!(
            numbers(orthogonal(tensor(vec![0.0; 6], DType::F32), [2, 3], 5)),
            [0.0; 6]
        );
    }
}
