//! Against tables of another program and closed forms.
#![allow(clippy::unwrap_used)]

use super::{Layer, SearchParams, Stability};
use crate::Activation;

fn tanh(weight_variance: f64, bias_variance: f64) -> Layer {
    Layer {
        activation: Activation::Tanh,
        weight_variance,
        bias_variance,
    }
}

#[test]
fn depth_scales_of_tanh_with_a_bias_variance_of_a_twentieth() {
    // σ_w², q*, χ₁, c*, ξ_q, ξ_c (numpy, trapezoid and Gauss–Hermite).
    let cases = [
        (0.5, 0.0876, 0.432, 1.0, 1.01, 1.19),
        (1.0, 0.1936, 0.759, 1.0, 1.75, 3.63),
        (1.5, 0.4180, 0.939, 1.0, 1.68, 15.8),
        (2.0, 0.7218, 1.048, 0.744, 1.39, 25.2),
        (2.5, 1.064, 1.134, 0.447, 1.18, 11.8),
        (4.0, 2.196, 1.342, 0.165, 0.87, 6.98),
    ];
    let mut failing = Vec::new();
    for (weight, q, chi, c, xi_q, xi_c) in cases {
        let layer = tanh(weight, 0.05);
        let points = layer.fixed_points(SearchParams::default()).unwrap();
        assert_eq!(points.len(), 1);
        assert_eq!(points[0].stability, Stability::Stable);
        let found = layer.depth_scales(points[0].q);
        let pairs = [
            (found.q, q, 6e-4),
            (found.chi, chi, 6e-4),
            (found.correlation, c, 6e-4),
            (found.xi_q, xi_q, 6e-3),
            (found.xi_c / xi_c, 1.0, 6e-3),
        ];
        for (value, expected, digit) in pairs {
            if (value - expected).abs() > digit {
                failing.push((weight, value, expected));
            }
        }
    }
    assert!(failing.is_empty(), "{failing:?}");
}

#[test]
fn fixed_points_and_their_kinds() {
    let relu = |weight_variance| Layer {
        activation: Activation::Relu,
        weight_variance,
        bias_variance: 0.0,
    };
    let kinds = |layer: Layer| -> Vec<Stability> {
        let points = layer.fixed_points(SearchParams::default()).unwrap();
        points.iter().map(|p| p.stability).collect()
    };
    assert_eq!(kinds(relu(1.0)), [Stability::Stable]);
    assert_eq!(kinds(relu(3.0)), [Stability::Unstable]);
    assert_eq!(kinds(relu(2.0)), [Stability::Marginal; 3]);
    // Beyond the edge of chaos tanh leaves 0 for a fixed point of its own.
    assert_eq!(
        kinds(tanh(1.5, 0.0)),
        [Stability::Unstable, Stability::Stable]
    );
    // The gain that keeps GELU at q = 1 keeps it there on a knife's edge.
    let gelu = Layer {
        activation: Activation::Gelu,
        weight_variance: 1.53353_f64.powi(2),
        bias_variance: 0.0,
    };
    let points = gelu.fixed_points(SearchParams::default()).unwrap();
    let one = points.iter().find(|p| (p.q - 1.0).abs() < 1e-3).unwrap();
    assert!((one.slope - 1.1441).abs() < 1e-3 && one.stability == Stability::Unstable);
}

#[test]
fn the_variance_slope_is_the_derivative_of_the_map() {
    for activation in crate::activation::tests::ALL {
        let layer = Layer {
            activation,
            weight_variance: 1.3,
            bias_variance: 0.1,
        };
        for q in [0.3, 2.0, 9.0] {
            let h = 1e-4 * q;
            let difference = (8.0 * (layer.variance(q + h) - layer.variance(q - h))
                - (layer.variance(q + 2.0 * h) - layer.variance(q - 2.0 * h)))
                / (12.0 * h);
            let slope = layer.variance_slope(q);
            assert!(
                (slope - difference).abs() < 1e-8 * slope.abs().max(1.0),
                "{} {q}: {slope} {difference}",
                activation.name()
            );
        }
    }
}

#[test]
fn the_correlation_slope_is_the_derivative_of_the_map_at_a_fixed_point() {
    let layer = tanh(2.0, 0.05);
    let q = layer.fixed_points(SearchParams::default()).unwrap()[0].q;
    for c in [-0.5, 0.2, 0.744, 0.95] {
        let h = 1e-4;
        let difference = (layer.correlation(q, c + h) - layer.correlation(q, c - h)) / (2.0 * h);
        assert!(
            (layer.correlation_slope(q, c) - difference).abs() < 1e-7,
            "{c}"
        );
    }
}

#[test]
fn relu_forgets_as_the_square_of_depth() {
    // 1 − c_l → 9π²/(2l²); published steps from c₀ = 0.
    let layer = Layer {
        activation: Activation::Relu,
        weight_variance: 2.0,
        bias_variance: 0.0,
    };
    let mut apart = 1.0;
    let mut at = Vec::new();
    for l in 1..=1000 {
        apart = layer.apart(1.0, apart);
        if [10, 20, 50, 100, 1000].contains(&l) {
            at.push(1.0 - apart);
        }
    }
    for (found, expected) in at
        .iter()
        .zip([0.871_54, 0.948_43, 0.987_86, 0.996_42, 0.999_96])
    {
        assert!((found - expected).abs() < 6e-6, "{found} {expected}");
    }
}

#[test]
fn an_impossible_search_is_an_error() {
    let params = SearchParams {
        lowest: 0.0,
        ..SearchParams::default()
    };
    assert!(tanh(1.0, 0.0).fixed_points(params).is_err());
}
