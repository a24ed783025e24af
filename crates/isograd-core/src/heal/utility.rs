//! Metrics on one scale: larger is better, and 0.01 is a point.

use crate::describe::train::Metric;

/// One point: 0.01 of accuracy or R², 0.01 in the natural logarithm of an error.
pub const POINT: f64 = 0.01;

/// A metric's value as utility: itself where larger is better, −ln where smaller is better; a
/// value that is not a number or infinitely bad is −∞.
///
/// ```
/// use isograd_core::{describe::train::Metric, heal::utility};
/// assert_eq!(utility(Metric::Accuracy, 0.8), 0.8);
/// assert!((utility(Metric::Mae, 0.5) - utility(Metric::Mae, 1.0) - 2f64.ln()).abs() < 1e-12);
/// assert_eq!(utility(Metric::Mse, f64::NAN), f64::NEG_INFINITY);
/// ```
pub fn utility(metric: Metric, value: f64) -> f64 {
    if value.is_nan() {
        f64::NEG_INFINITY
    } else if metric.larger_is_better() {
        // No metric of this kind exceeds 1: +∞ is a fault of the arithmetic, not a success.
        if value == f64::INFINITY {
            f64::NEG_INFINITY
        } else {
            value
        }
    } else {
        // An error of exactly zero stays finite, so that differences can be taken.
        -value.max(f64::MIN_POSITIVE).ln()
    }
}

/// What each judged example contributes to the utility: u ≈ mean + mean of influences, to first
/// order (the delta method). They sum to zero.
///
/// `scores` holds 1 or 0 for right or wrong, else the absolute error.
pub(crate) fn influences(metric: Metric, value: f64, scores: &[f32]) -> Vec<f64> {
    let square = matches!(metric, Metric::Mse | Metric::R2);
    let terms: Vec<f64> = scores
        .iter()
        .map(|&s| {
            if square {
                f64::from(s).powi(2)
            } else {
                f64::from(s)
            }
        })
        .collect();
    let mean = terms.iter().sum::<f64>() / terms.len().max(1) as f64;
    // ∂u/∂(mean of terms).
    let slope = match metric {
        Metric::Accuracy | Metric::BinaryAccuracy => 1.0,
        // u = −ln m.
        Metric::Mae | Metric::Mse => -1.0 / mean,
        // u = 1 − m / v, and v = m / (1 − u).
        Metric::R2 => -(1.0 - value) / mean,
    };
    if !slope.is_finite() || !mean.is_finite() {
        return vec![0.0; scores.len()];
    }
    terms.iter().map(|t| slope * (t - mean)).collect()
}

/// Utility at and above which nothing is left to gain: half a point below a perfect score; errors
/// have none.
pub(crate) fn ceiling(metric: Metric) -> f64 {
    if metric.larger_is_better() {
        1.0 - POINT / 2.0
    } else {
        f64::INFINITY
    }
}

#[cfg(test)]
mod tests {
    use super::{influences, utility};
    use crate::describe::train::Metric;

    /// The metric computed from the scores, as the trainer would.
    fn metric_of(metric: Metric, scores: &[f32], variance: f64) -> f64 {
        let n = scores.len() as f64;
        let mean = scores.iter().map(|&s| f64::from(s)).sum::<f64>() / n;
        let square = scores.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / n;
        match metric {
            Metric::Accuracy | Metric::BinaryAccuracy | Metric::Mae => mean,
            Metric::Mse => square,
            Metric::R2 => 1.0 - square / variance,
        }
    }

    #[test]
    fn influences_are_the_derivatives_of_the_utility() {
        // Second source: a weight of one example raised a little, by central differences. With
        // weights w on the examples, d u / d ln w_i = influence_i / n at equal weights.
        let scores = [0.3f32, 1.0, 0.0, 0.7, 0.25, 2.0];
        let variance = 3.0;
        let weighted = |metric: Metric, w: &[f64]| {
            let total: f64 = w.iter().sum();
            let m = |f: &dyn Fn(f64) -> f64| {
                scores
                    .iter()
                    .zip(w)
                    .map(|(&s, w)| w * f(f64::from(s)))
                    .sum::<f64>()
                    / total
            };
            let value = match metric {
                Metric::Accuracy | Metric::BinaryAccuracy | Metric::Mae => m(&|s| s),
                Metric::Mse => m(&|s| s * s),
                Metric::R2 => 1.0 - m(&|s| s * s) / variance,
            };
            utility(metric, value)
        };
        for metric in [
            Metric::Accuracy,
            Metric::BinaryAccuracy,
            Metric::Mae,
            Metric::Mse,
            Metric::R2,
        ] {
            let value = metric_of(metric, &scores, variance);
            let found = influences(metric, value, &scores);
            assert!(found.iter().sum::<f64>().abs() < 1e-12, "{metric:?}");
            for i in 0..scores.len() {
                let step = 1e-5;
                let mut up = [1.0; 6];
                let mut down = [1.0; 6];
                up[i] += step;
                down[i] -= step;
                let numeric =
                    (weighted(metric, &up) - weighted(metric, &down)) / (2.0 * step) * 6.0;
                assert!(
                    (numeric - found[i]).abs() < 1e-8 * (1.0 + numeric.abs()),
                    "{metric:?} {i}: {numeric} {}",
                    found[i]
                );
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_worst() {
        for metric in [Metric::Accuracy, Metric::R2, Metric::Mae, Metric::Mse] {
            assert_eq!(utility(metric, f64::NAN), f64::NEG_INFINITY);
            assert_eq!(utility(metric, f64::INFINITY), f64::NEG_INFINITY);
        }
        assert!(utility(Metric::Mae, 0.0).is_finite());
    }
}
