//! Closed forms against quadrature, small differences, and the published table.

use super::{Gaussian, pair};
use crate::activation::Activation;
use std::f64::consts::FRAC_1_PI;

const LEAKY: Activation = Activation::LeakyRelu { slope: 0.01 };

#[test]
fn the_table_of_unit_variance_moments() {
    struct Case(Activation, [f64; 5]);
    // E φ, E φ², E φ′², correlation of the outputs of two orthogonal inputs, q-slope at q = 1 with
    // the gain that keeps it, of other programs (trapezoid rule, numpy), but for the slope of SELU:
    // a grid node on its kink makes the trapezoid rule say 1.071972, mpmath says 1.071575.
    let cases = [
        Case(Activation::Identity, [0.0, 1.0, 1.0, 0.0, 1.0]),
        Case(
            Activation::Sigmoid,
            [0.5, 0.293_379, 0.044_836, 0.852_14, 0.1063],
        ),
        Case(Activation::Tanh, [0.0, 0.394_294, 0.464_403, 0.0, 0.4611]),
        Case(
            Activation::Softsign,
            [0.0, 0.183_014, 0.227_672, 0.0, 0.4767],
        ),
        Case(Activation::Relu, [0.398_94, 0.5, 0.5, FRAC_1_PI, 1.0]),
        Case(LEAKY, [0.394_95, 0.500_05, 0.500_05, 0.311_94, 1.0]),
        Case(
            Activation::Elu { alpha: 1.0 },
            [0.160_52, 0.644_945, 0.668_102, 0.039_95, 0.8910],
        ),
        Case(Activation::Selu, [0.0, 1.0, 1.071_575, 0.0, 0.7826]),
        Case(
            Activation::Gelu,
            [0.282_09, 0.425_221, 0.455_851, 0.187_14, 1.1441],
        ),
        Case(
            Activation::Silu,
            [0.206_62, 0.355_776, 0.379_482, 0.12, 1.1726],
        ),
        Case(
            Activation::Mish,
            [0.240_40, 0.452_342, 0.479_084, 0.127_77, 1.0763],
        ),
        Case(
            Activation::Softplus,
            [0.806_06, 0.921_246, 0.293_379, 0.705_27, 0.4921],
        ),
    ];
    let law = Gaussian::centred(1.0);
    let mut failing = Vec::new();
    for Case(phi, expected) in cases {
        let square = phi.second_moment(law);
        let values = [
            phi.mean(law),
            square,
            phi.slope_square(law),
            phi.product(law, 0.0) / square,
            (phi.slope_square(law) + phi.value_curvature(law)) / square,
        ];
        let digits = [1e-5, 1e-6, 1e-6, 1e-5, 1e-4];
        for ((value, expected), digit) in values.into_iter().zip(expected).zip(digits) {
            if (value - expected).abs() > digit {
                failing.push((phi.name(), value, expected));
            }
        }
    }
    assert!(failing.is_empty(), "{failing:?}");
}

#[test]
fn the_quadrature_over_pairs_agrees_with_the_arc_cosine_kernel() {
    let mut failing = Vec::new();
    for phi in [Activation::Identity, Activation::Relu, LEAKY] {
        for variance in [1e-6, 1.0, 1e4] {
            for apart in [1e-8, 1e-4, 0.01, 0.3, 1.0, 1.6, 2.0] {
                let law = Gaussian::centred(variance);
                let cases = [
                    (
                        pair::half_square_difference(phi, law, apart),
                        phi.half_square_difference(law, apart),
                    ),
                    (
                        pair::slope_product(phi, law, apart),
                        phi.slope_product(law, 1.0 - apart),
                    ),
                ];
                for (i, (numeric, closed)) in cases.into_iter().enumerate() {
                    if (numeric - closed).abs() > 1e-10 * closed {
                        failing.push((phi.name(), variance, apart, i, numeric, closed));
                    }
                }
            }
        }
    }
    assert!(failing.is_empty(), "{failing:?}");
}

#[test]
fn small_differences_keep_their_relative_accuracy() {
    // As the inputs meet, ½E[(φ₁ − φ₂)²] → v·apart·E[φ′²], with a correction of order √apart
    // where φ′ jumps.
    for phi in crate::activation::tests::ALL {
        for apart in [1e-9_f64, 1e-12, 1e-20, 1e-200] {
            let law = Gaussian {
                mean: 0.3,
                variance: 1.7,
            };
            let ratio = phi.half_square_difference(law, apart)
                / (law.variance * apart * phi.slope_square(law));
            let allowed = 2.0 * apart.sqrt() + 1e-9;
            assert!(
                (ratio - 1.0).abs() < allowed,
                "{} {apart:e}: {ratio}",
                phi.name()
            );
        }
    }
}

#[test]
fn a_narrow_law_is_a_value() {
    for phi in crate::activation::tests::ALL {
        for mean in [-2.0, 0.4, 3.0] {
            let narrow = Gaussian {
                mean,
                variance: 1e-16,
            };
            assert!(
                (phi.mean(narrow) - phi.value(mean)).abs() < 1e-12,
                "{}",
                phi.name()
            );
            let slope = phi.derivative(mean).powi(2);
            assert!(
                (phi.slope_square(narrow) - slope).abs() < 1e-12,
                "{}",
                phi.name()
            );
        }
    }
}

#[test]
fn the_best_gain_is_not_beaten_by_more_than_is_said() {
    let mut failing = Vec::new();
    for phi in crate::activation::tests::ALL {
        if phi == Activation::Exponential {
            continue;
        }
        let best = (-40..40)
            .map(|i| {
                10.0 * phi
                    .slope_square(Gaussian::centred(10_f64.powf(0.2 * f64::from(i))))
                    .log10()
            })
            .fold(f64::NEG_INFINITY, f64::max);
        let over = best - phi.best_gain_db();
        if !(-0.02..0.14).contains(&over) {
            failing.push((phi.name(), best, phi.best_gain_db()));
        }
    }
    assert!(failing.is_empty(), "{failing:?}");
    assert!((Activation::Relu.best_gain_db() + 3.0103).abs() < 1e-4);
    assert!((Activation::Sigmoid.best_gain_db() + 12.0412).abs() < 1e-4);
}

#[test]
fn the_mean_curvature_is_the_derivative_of_the_mean_slope() {
    for phi in crate::activation::tests::ALL {
        for (mean, variance) in [(0.0, 1.0), (-1.2, 0.4), (2.0, 5.0)] {
            let h = 1e-3;
            let slope = |by: f64| {
                phi.mean_slope(Gaussian {
                    mean: mean + by,
                    variance,
                })
            };
            let difference =
                (8.0 * (slope(h) - slope(-h)) - (slope(2.0 * h) - slope(-2.0 * h))) / (12.0 * h);
            let exact = phi.mean_curvature(Gaussian { mean, variance });
            assert!(
                (exact - difference).abs() < 1e-9 * exact.abs().max(1.0),
                "{} {mean} {variance}: {exact} {difference}",
                phi.name()
            );
        }
    }
}
