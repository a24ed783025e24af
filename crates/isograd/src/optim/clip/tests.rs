//! What clipping promises.

#![allow(clippy::unwrap_used)]

use super::super::tests::{numbers, tensor};
use super::*;
use burn::tensor::DType;
use std::f64::consts::FRAC_1_SQRT_2;

/// Gradients of a matrix of one output and of a bias.
fn gradients<const N: usize>(values: [&[f64]; N], dtype: DType) -> [Gradient; N] {
    let mut place = [Place::Hidden; N].into_iter();
    values.map(|g| Gradient {
        parameter: Parameter {
            place: place.next().unwrap(),
            ..Parameter::new("w", [g.len(), 1])
        },
        weights: tensor(&vec![1.0; g.len()], dtype),
        gradient: tensor(g, dtype),
    })
}

#[test]
fn clipping_scales_all_gradients_by_one_factor() {
    struct Case {
        name: &'static str,
        spec: ClipSpec,
        gradients: [&'static [f64]; 2],
        clipped: [&'static [f64]; 2],
        norms: [f64; 2],
    }
    let of = |value, global_norm| ClipSpec {
        value,
        global_norm,
        ..ClipSpec::default()
    };
    let cases = [
        Case {
            name: "none",
            spec: of(None, None),
            gradients: [&[3.0, 0.0], &[4.0]],
            clipped: [&[3.0, 0.0], &[4.0]],
            norms: [5.0, 5.0],
        },
        Case {
            name: "norm over both tensors",
            spec: of(None, Some(2.5)),
            gradients: [&[3.0, 0.0], &[4.0]],
            clipped: [&[1.5, 0.0], &[2.0]],
            norms: [5.0, 2.5],
        },
        Case {
            name: "norm below the limit",
            spec: of(None, Some(5.0)),
            gradients: [&[3.0, 0.0], &[4.0]],
            clipped: [&[3.0, 0.0], &[4.0]],
            norms: [5.0, 5.0],
        },
        Case {
            name: "value, then norm",
            spec: of(Some(3.0), Some(2.5)),
            gradients: [&[30.0, 0.0], &[-4.0]],
            clipped: [&[2.5 * FRAC_1_SQRT_2, 0.0], &[-2.5 * FRAC_1_SQRT_2]],
            norms: [916f64.sqrt(), 2.5],
        },
        Case {
            name: "an infinite norm scales nothing",
            spec: of(None, Some(1.0)),
            gradients: [&[f64::INFINITY, 1.0], &[4.0]],
            clipped: [&[f64::INFINITY, 1.0], &[4.0]],
            norms: [f64::INFINITY; 2],
        },
        Case {
            name: "value turns infinities into the limit",
            spec: of(Some(3.0), None),
            gradients: [&[f64::NEG_INFINITY, 1.0], &[4.0]],
            clipped: [&[-3.0, 1.0], &[3.0]],
            norms: [f64::INFINITY, 19f64.sqrt()],
        },
    ];
    let mut failures = Vec::new();
    for case in cases {
        for dtype in [DType::F32, DType::F64] {
            let mut gradients = gradients(case.gradients, dtype);
            let got = clip(&case.spec, &mut gradients);
            let close = |a: f64, b: f64| a == b || (a - b).abs() <= 1e-6 * b.abs();
            let values = gradients.iter().zip(case.clipped).all(|(g, expected)| {
                numbers(&g.gradient)
                    .iter()
                    .zip(expected)
                    .all(|(&a, &b)| close(a, b))
            });
            let norms =
                close(got.norm_before, case.norms[0]) && close(got.norm_after, case.norms[1]);
            if !values || !norms || gradients[0].gradient.dtype() != dtype {
                failures.push(format!("{}: {got:?} {gradients:?}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn nan_stays_nan_through_clipping() {
    let spec = ClipSpec {
        value: Some(1.0),
        global_norm: Some(1.0),
        norm: Some(1.0),
        adaptive: Some(0.1),
    };
    let mut gradients = gradients([&[f64::NAN, 5.0]], DType::F32);
    let got = clip(&spec, &mut gradients);
    assert!(got.norm_before.is_nan() && got.norm_after.is_nan());
    let values = numbers(&gradients[0].gradient);
    assert!(values[0].is_nan() && values[1] == 1.0, "{values:?}");
}

#[test]
fn norms_of_vanished_and_exploded_gradients_exist() {
    let [small, large] = [1e-30, 1e30].map(|g| global_norm(&[tensor(&[g; 4], DType::F32)]));
    assert!((small / 2e-30 - 1.0).abs() < 1e-6 && (large / 2e30 - 1.0).abs() < 1e-6);
}

#[test]
fn tensors_and_units_are_clipped_by_themselves() {
    // Two outputs of three inputs: units are columns of a matrix, rows of a kernel.
    let g = [6.0, 0.1, 0.0, 0.1, 8.0, 0.1];
    let w = [3.0, 1.0, 0.0, 1.0, 4.0, 1.0];
    let one = |dims: &[usize], place| Gradient {
        parameter: Parameter {
            place,
            ..Parameter::new("w", dims)
        },
        weights: tensor(&w, DType::F64),
        gradient: tensor(&g, DType::F64),
    };
    let mut all = [
        one(&[3, 2], Place::Hidden),
        one(&[2, 3, 1], Place::Hidden),
        one(&[6], Place::Hidden),
        one(&[3, 2], Place::Last),
    ];
    let spec = ClipSpec {
        adaptive: Some(0.5),
        ..ClipSpec::default()
    };
    let clipped = clip(&spec, &mut all);
    assert!(clipped.any && clipped.norm_after < clipped.norm_before);
    assert_eq!(clipped.tensors, [true, true, true, false]);
    let expected = |unit: fn(usize) -> usize, units: usize| -> Vec<f64> {
        let norm = |x: &[f64], u| {
            let squares = x.iter().enumerate().filter(|(i, _)| unit(*i) == u);
            squares.map(|(_, x)| x * x).sum::<f64>().sqrt()
        };
        let factor: Vec<f64> = (0..units)
            .map(|u| (0.5 * norm(&w, u).max(1e-3) / norm(&g, u)).min(1.0))
            .collect();
        g.iter()
            .enumerate()
            .map(|(i, g)| g * factor[unit(i)])
            .collect()
    };
    for (one, expected) in all.iter().zip([
        expected(|i| i % 2, 2),
        expected(|i| i / 3, 2),
        expected(|_| 0, 1),
        g.to_vec(),
    ]) {
        for (a, b) in numbers(&one.gradient).iter().zip(expected) {
            assert!((a - b).abs() < 1e-12, "{:?}: {a} {b}", one.parameter);
        }
    }
    // Each tensor to a norm of its own; small ones stay.
    let spec = ClipSpec {
        norm: Some(5.0),
        ..ClipSpec::default()
    };
    let mut all = gradients([&[30.0, 40.0], &[1.0, 2.0]], DType::F32);
    let clipped = clip(&spec, &mut all);
    assert_eq!(clipped.tensors, [true, false]);
    assert_eq!(numbers(&all[0].gradient), [3.0, 4.0]);
    assert_eq!(numbers(&all[1].gradient), [1.0, 2.0]);
    // Squares that are no numbers of the type.
    let spec = ClipSpec {
        adaptive: Some(0.5),
        ..ClipSpec::default()
    };
    let mut all = gradients([&[3e30, 4e30], &[3e-30, 4e-30]], DType::F32);
    assert_eq!(clip(&spec, &mut all).tensors, [true, false]);
    let limit = 0.5 * 2f64.sqrt();
    for (a, b) in numbers(&all[0].gradient)
        .iter()
        .zip([0.6 * limit, 0.8 * limit])
    {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
}
