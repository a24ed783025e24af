//! The passes over a slice: the curve chosen once, then one loop, compiled for wider vector units.

use super::Curve;
use super::float::{exp, exp_m1, normal, sigmoid, tanh};
use crate::width::widths;
use rayon::prelude::*;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// 1/√(2π).
const DENSITY: f32 = 0.398_942_3;

/// Elements that one thread takes at a time; below that, threads cost more than they bring.
const GRAIN: usize = 1 << 15;

/// φ of every element.
pub(super) fn forward(curve: Curve, x: &[f32]) -> Vec<f32> {
    let mut y = vec![0.0; x.len()];
    if x.len() <= GRAIN {
        forward_slice(curve, x, &mut y);
    } else {
        let parts = x.par_chunks(GRAIN).zip(y.par_chunks_mut(GRAIN));
        parts.for_each(|(x, y)| forward_slice(curve, x, y));
    }
    y
}

/// φ′ of every element times its gradient.
pub(super) fn backward(curve: Curve, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let mut d = gradient.to_vec();
    if x.len() <= GRAIN {
        backward_slice(curve, x, &mut d);
    } else {
        let parts = x.par_chunks(GRAIN).zip(d.par_chunks_mut(GRAIN));
        parts.for_each(|(x, d)| backward_slice(curve, x, d));
    }
    d
}

widths! {
    fn forward_slice, forward_portable(curve: Curve, x: &[f32], y: &mut [f32]) {
        match curve {
            Curve::Tanh => map(x, y, tanh),
            Curve::Sigmoid => map(x, y, sigmoid),
            Curve::Elu { alpha, scale } => {
                let (low, scale) = ((alpha * scale) as f32, scale as f32);
                map(x, y, |x| if x < 0.0 { low * exp_m1(x) } else { scale * x });
            }
            Curve::Gelu => map(x, y, |x| x * normal(x).0),
            Curve::Silu => map(x, y, |x| x * sigmoid(x)),
            Curve::Mish => map(x, y, |x| x * tanh_softplus(x).0),
        }
    }
}

widths! {
    fn backward_slice, backward_portable(curve: Curve, x: &[f32], d: &mut [f32]) {
        match curve {
            Curve::Tanh => scale_by(x, d, |x| {
                let y = tanh(x);
                (1.0 - y) * (1.0 + y)
            }),
            Curve::Sigmoid => scale_by(x, d, |x| sigmoid(x) * sigmoid(-x)),
            Curve::Elu { alpha, scale } => {
                let (low, scale) = ((alpha * scale) as f32, scale as f32);
                scale_by(x, d, |x| if x < 0.0 { low * exp(x) } else { scale + 0.0 * x });
            }
            Curve::Gelu => scale_by(x, d, |x| {
                let (cumulative, bell) = normal(x);
                cumulative + x * (DENSITY * bell)
            }),
            Curve::Silu => scale_by(x, d, |x| {
                let s = sigmoid(x);
                s * (1.0 + x * sigmoid(-x))
            }),
            Curve::Mish => scale_by(x, d, |x| {
                let (t, rest) = tanh_softplus(x);
                t + x * (rest * sigmoid(x))
            }),
        }
    }
}

#[inline(always)]
fn map(x: &[f32], y: &mut [f32], f: impl Fn(f32) -> f32) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = f(x);
    }
}

#[inline(always)]
fn scale_by(x: &[f32], d: &mut [f32], f: impl Fn(f32) -> f32) {
    for (d, &x) in d.iter_mut().zip(x) {
        *d *= f(x);
    }
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

/// φ(x) in double precision.
pub(super) fn value(curve: Curve, x: f64) -> f64 {
    match curve {
        Curve::Tanh => x.tanh(),
        Curve::Sigmoid => sigmoid_f64(x),
        Curve::Elu { alpha, scale } => scale * if x < 0.0 { alpha * x.exp_m1() } else { x },
        Curve::Gelu => x * normal_f64(x),
        Curve::Silu => x * sigmoid_f64(x),
        Curve::Mish => x * softplus_f64(x).tanh(),
    }
}

/// φ′(x) in double precision.
pub(super) fn slope(curve: Curve, x: f64) -> f64 {
    match curve {
        Curve::Tanh => (1.0 - x.tanh()) * (1.0 + x.tanh()),
        Curve::Sigmoid => sigmoid_f64(x) * sigmoid_f64(-x),
        Curve::Elu { alpha, scale } => {
            scale
                * if x < 0.0 {
                    alpha * x.exp()
                } else {
                    1.0 + 0.0 * x
                }
        }
        Curve::Gelu => normal_f64(x) + x * (-0.5 * x * x).exp() / (2.0 * PI).sqrt(),
        Curve::Silu => sigmoid_f64(x) * (1.0 + x * sigmoid_f64(-x)),
        Curve::Mish => {
            let t = softplus_f64(x).tanh();
            t + x * (1.0 - t) * (1.0 + t) * sigmoid_f64(x)
        }
    }
}

fn sigmoid_f64(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn softplus_f64(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn normal_f64(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CURVES: [Curve; 7] = [
        Curve::Tanh,
        Curve::Sigmoid,
        Curve::Elu {
            alpha: 0.7,
            scale: 1.0,
        },
        Curve::Elu {
            alpha: 1.673_263_242_354_377_2,
            scale: 1.050_700_987_355_480_5,
        },
        Curve::Gelu,
        Curve::Silu,
        Curve::Mish,
    ];

    #[test]
    fn single_precision_agrees_with_double() {
        let x: Vec<f32> = (-20_000..=20_000).map(|i| i as f32 * 2e-3).collect();
        for curve in CURVES {
            let (y, d) = (forward(curve, &x), backward(curve, &x, &vec![1.0; x.len()]));
            for ((&x, &y), &d) in x.iter().zip(&y).zip(&d) {
                let (value, slope) = (value(curve, f64::from(x)), slope(curve, f64::from(x)));
                // Slopes have zeros: their size is 1.
                let near =
                    |a: f32, b: f64, size: f64| (f64::from(a) - b).abs() < 1e-6 * size.max(1e-3);
                assert!(
                    near(y, value, value.abs()),
                    "{curve:?} at {x}: {y}, not {value}"
                );
                assert!(
                    near(d, slope, slope.abs().max(1.0)),
                    "{curve:?}′ at {x}: {d}, not {slope}"
                );
            }
        }
    }

    #[test]
    fn slopes_are_the_derivatives_of_the_values() {
        for curve in CURVES {
            for i in -60..60 {
                let (x, h) = (f64::from(i) * 0.11 + 0.013, 1e-5);
                let difference = (value(curve, x + h) - value(curve, x - h)) / (2.0 * h);
                assert!(
                    (difference - slope(curve, x)).abs() < 1e-9,
                    "{curve:?} at {x}"
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
            let mut portable = vec![0.0; x.len()];
            forward_portable(curve, &x, &mut portable);
            let mut slopes = vec![1.5; x.len()];
            backward_portable(curve, &x, &mut slopes);
            let gradient = vec![1.5; x.len()];
            let same = |a: &[f32], b: &[f32]| {
                a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
            };
            prop_assert!(same(&forward(curve, &x), &portable));
            prop_assert!(same(&backward(curve, &x, &gradient), &slopes));
            for (&x, y) in x.iter().zip(portable) {
                // x·Φ(x) at −∞ is −∞·0, as in PyTorch.
                prop_assert!(x == f32::NEG_INFINITY || x.is_nan() == y.is_nan(), "at {}", x);
            }
        }
    }
}
