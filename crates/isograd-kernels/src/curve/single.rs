//! Single precision: the curve chosen once, then one loop, compiled for wider vector units.

use super::Curve;
use super::float::{exp, exp_m1, normal, sigmoid, softplus, tanh};
use crate::width::widths;

/// 1/√(2π).
const DENSITY: f32 = 0.398_942_3;

/// φ, in place.
pub(super) fn forward(curve: Curve, y: &mut [f32]) {
    forward_slice(curve, y);
}

/// `d` times φ′.
pub(super) fn backward(curve: Curve, saved: &[f32], d: &mut [f32]) {
    backward_slice(curve, saved, d);
}

widths! {
    fn forward_slice, forward_portable(curve: Curve, y: &mut [f32]) {
        match curve {
            Curve::Tanh => map(y, tanh),
            Curve::ScaledTanh { output, input } => {
                let (output, input) = (output as f32, input as f32);
                map(y, |x| output * tanh(input * x));
            }
            Curve::Sigmoid => map(y, sigmoid),
            Curve::HardSigmoid => map(y, |x| {
                let y = x * 0.2 + 0.5;
                let y = if y < 0.0 { 0.0 } else { y };
                if y > 1.0 { 1.0 } else { y }
            }),
            Curve::Relu => map(y, |x| if x <= 0.0 { 0.0 } else { x }),
            Curve::LeakyRelu { slope } => {
                let slope = slope as f32;
                map(y, |x| if x < 0.0 { slope * x } else { x });
            }
            Curve::Elu { alpha, scale } => {
                let (low, scale) = ((alpha * scale) as f32, scale as f32);
                map(y, |x| if x < 0.0 { low * exp_m1(x) } else { scale * x });
            }
            Curve::Celu { alpha } => {
                let (alpha, inverse) = (alpha as f32, (1.0 / alpha) as f32);
                map(y, |x| if x < 0.0 { alpha * exp_m1(inverse * x) } else { x });
            }
            Curve::Gelu => map(y, |x| x * normal(x).0),
            Curve::Silu => map(y, |x| x * sigmoid(x)),
            Curve::Mish => map(y, |x| x * tanh_softplus(x).0),
            Curve::Softplus => map(y, softplus),
            Curve::Softsign => map(y, |x| x / (1.0 + x.abs())),
            Curve::Exponential => map(y, exp),
        }
    }
}

widths! {
    fn backward_slice, backward_portable(curve: Curve, saved: &[f32], d: &mut [f32]) {
        match curve {
            Curve::Tanh => scale(saved, d, |y| (1.0 - y) * (1.0 + y)),
            Curve::ScaledTanh { output, input } => {
                let (slope, inverse) = ((output * input) as f32, (1.0 / output) as f32);
                scale(saved, d, |y| {
                    let t = inverse * y;
                    slope * ((1.0 - t) * (1.0 + t))
                });
            }
            Curve::Sigmoid => scale(saved, d, |y| y * (1.0 - y)),
            Curve::HardSigmoid => {
                choose(saved, d, |y, d| if y <= 0.0 || y >= 1.0 { 0.0 } else { 0.2 * d });
            }
            Curve::Relu => choose(saved, d, |y, d| if y <= 0.0 { 0.0 } else { d }),
            Curve::LeakyRelu { slope } => {
                let slope = slope as f32;
                choose(saved, d, |x, d| if x <= 0.0 { slope * d } else { d });
            }
            Curve::Elu { alpha, scale: high } => {
                let (low, high) = ((alpha * high) as f32, high as f32);
                scale(saved, d, |x| if x < 0.0 { low * exp(x) } else { number(x, high) });
            }
            Curve::Celu { alpha } => {
                let inverse = (1.0 / alpha) as f32;
                scale(saved, d, |x| if x < 0.0 { exp(inverse * x) } else { number(x, 1.0) });
            }
            Curve::Gelu => scale(saved, d, |x| {
                let (cumulative, bell) = normal(x);
                cumulative + x * (DENSITY * bell)
            }),
            Curve::Silu => scale(saved, d, |x| {
                let s = sigmoid(x);
                s * (1.0 + x * sigmoid(-x))
            }),
            Curve::Mish => scale(saved, d, |x| {
                let (t, rest) = tanh_softplus(x);
                t + x * (rest * sigmoid(x))
            }),
            Curve::Softplus => scale(saved, d, |y| -exp_m1(-y)),
            Curve::Softsign => scale(saved, d, |x| {
                let inverse = 1.0 / (1.0 + x.abs());
                inverse * inverse
            }),
            Curve::Exponential => scale(saved, d, |y| y),
        }
    }
}

#[inline(always)]
fn map(y: &mut [f32], f: impl Fn(f32) -> f32) {
    for y in y {
        *y = f(*y);
    }
}

#[inline(always)]
fn scale(saved: &[f32], d: &mut [f32], slope: impl Fn(f32) -> f32) {
    choose(saved, d, |x, d| d * slope(x));
}

#[inline(always)]
fn choose(saved: &[f32], d: &mut [f32], f: impl Fn(f32, f32) -> f32) {
    for (d, &x) in d.iter_mut().zip(saved) {
        *d = f(x, *d);
    }
}

/// `slope`, or NaN where `x` is that.
#[inline(always)]
fn number(x: f32, slope: f32) -> f32 {
    if x.is_nan() { x } else { slope }
}

/// tanh(ln(1 + eˣ)) and one minus its square: with n = eˣ(eˣ + 2) they are n/(n + 2) and
/// 4(n + 1)/(n + 2)².
#[inline(always)]
fn tanh_softplus(x: f32) -> (f32, f32) {
    // Beyond 20 the first is 1 to the last bit, and the second below 1e-16.
    let e = exp(if x > 20.0 { 20.0 } else { x });
    let n = e * (e + 2.0);
    let inverse = 1.0 / (n + 2.0);
    (n * inverse, 4.0 * (n + 1.0) * (inverse * inverse))
}

#[cfg(test)]
mod tests {
    use super::super::{double, tests::CURVES};
    use super::*;
    use proptest::prelude::*;

    fn saved(curve: Curve, x: &[f32], y: &[f32]) -> Vec<f32> {
        if curve.keeps_output() { y } else { x }.to_vec()
    }

    #[test]
    fn single_precision_agrees_with_double() {
        for curve in CURVES {
            let reach = if curve == Curve::Exponential {
                1e-3
            } else {
                2e-3
            };
            let x: Vec<f32> = (-20_000..=20_000).map(|i| i as f32 * reach).collect();
            let mut y = x.clone();
            forward(curve, &mut y);
            let mut d = vec![1.0; x.len()];
            backward(curve, &saved(curve, &x, &y), &mut d);
            for ((&x, &y), &d) in x.iter().zip(&y).zip(&d) {
                let value = double::value(curve, f64::from(x));
                let mut slope = [1.0];
                let saved = if curve.keeps_output() {
                    value
                } else {
                    f64::from(x)
                };
                double::backward(curve, &[saved], &mut slope);
                // Slopes have zeros: their size is 1.
                let near =
                    |a: f32, b: f64, size: f64| (f64::from(a) - b).abs() < 1e-6 * size.max(1e-3);
                // The sum in a hard sigmoid has the errors of numbers of size 1.
                let size = if curve == Curve::HardSigmoid {
                    1.0
                } else {
                    value.abs()
                };
                assert!(near(y, value, size), "{curve:?} at {x}: {y}, not {value}");
                assert!(
                    near(d, slope[0], slope[0].abs().max(1.0)),
                    "{curve:?}′ at {x}: {d}, not {slope:?}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn every_form_gives_the_same_bits(
            x in proptest::collection::vec(proptest::num::f32::ANY, 0..200),
            which in 0..CURVES.len(),
        ) {
            let curve = CURVES[which];
            let (mut portable, mut wide) = (x.clone(), x.clone());
            forward_portable(curve, &mut portable);
            forward(curve, &mut wide);
            let saved = saved(curve, &x, &wide);
            let (mut slopes, mut wide_slopes) = (vec![1.5; x.len()], vec![1.5; x.len()]);
            backward_portable(curve, &saved, &mut slopes);
            backward(curve, &saved, &mut wide_slopes);
            let same = |a: &[f32], b: &[f32]| {
                a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
            };
            prop_assert!(same(&wide, &portable));
            prop_assert!(same(&wide_slopes, &slopes));
            for (&x, y) in x.iter().zip(portable) {
                // x·Φ(x) at −∞ is −∞·0 and ∞/(1 + ∞) is not a number, as in PyTorch.
                prop_assert!(x.is_infinite() || x.is_nan() == y.is_nan(), "at {}", x);
            }
        }
    }
}
