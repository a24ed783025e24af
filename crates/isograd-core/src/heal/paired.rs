//! Paired comparison of two descriptions over seeds and rows.
//!
//! d(s, i) is what row i contributes to the difference in utility between candidate and control
//! trained with seed s. Seeds and rows are crossed: every seed is judged on the same rows. With
//! d(s, i) = μ + a(s) + b(i) + e(s, i), the mean over S seeds and n rows has the variance
//! σ_a²/S + σ_b²/n + σ_e²/(S n). The spread v_S of the means of the seeds estimates
//! σ_a² + σ_e²/n, the spread v_n of the means of the rows σ_b² + σ_e²/S, so
//!
//! SE² = v_S/S + v_n/n
//!
//! estimates the variance with a small excess σ_e²/(S n), on the safe side (as the pigeonhole
//! bootstrap of two crossed factors: Owen 2007, Annals of Applied Statistics 1(2), which it replaces
//! because three seeds resampled say too little about their spread). Each part has its own
//! quantile of Student's distribution, t(S − 1) = 4.30 for three seeds and t(n − 1) for the rows, and
//! the half-width of the interval is √(t(S−1)² v_S/S + t(n−1)² v_n/n): never less than with Cochran's
//! weighted quantile (1964, Biometrics 20(1)), which is conservative. Satterthwaite's degrees of
//! freedom are not: with three seeds of accidentally equal results they nearly ignore the seeds.

use super::utility::{influences, utility};
use crate::describe::train::Metric;
use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// Share of intervals that hold the truth.
pub const CONFIDENCE: f64 = 0.95;

/// What is kept of one trial.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judged {
    /// Which metric.
    pub(crate) metric: Metric,
    /// Its value.
    pub(crate) value: f64,
    /// One number a judged row.
    pub(crate) scores: Vec<f32>,
}

impl Judged {
    /// The value as utility.
    pub(crate) fn utility(&self) -> f64 {
        utility(self.metric, self.value)
    }

    /// Standard error of the utility from the choice of rows alone.
    pub(crate) fn row_error(&self) -> f64 {
        let parts = influences(self.metric, self.value, &self.scores);
        let n = parts.len() as f64;
        if n < 2.0 {
            return 0.0;
        }
        (parts.iter().map(|d| d * d).sum::<f64>() / (n - 1.0) / n).sqrt()
    }
}

/// Difference in utility between a candidate and its control, the same seeds and rows on both sides.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    /// One difference a seed, in order; ±∞ where only one side is finite.
    pub(crate) differences: Vec<f64>,
    /// Their mean.
    pub(crate) effect: f64,
    /// Standard error of the mean, rows and seeds together.
    pub(crate) error: f64,
    /// Standard deviation over seeds.
    pub(crate) deviation: f64,
    /// [`CONFIDENCE`] interval of the effect.
    pub(crate) interval: [f64; 2],
}

impl Comparison {
    /// Compares pairs (control, candidate), one a seed. A control that is not finite counts as
    /// `floor` (the utility of the best constant predictor), or −∞ where that is unknown.
    pub(crate) fn of(pairs: &[(&Judged, &Judged)], floor: Option<f64>) -> Self {
        let differences: Vec<f64> = pairs
            .iter()
            .map(|(control, candidate)| {
                let before = match control.utility() {
                    u if u.is_finite() => u,
                    _ => floor.unwrap_or(f64::NEG_INFINITY),
                };
                difference(before, candidate.utility())
            })
            .collect();
        if differences.contains(&f64::NEG_INFINITY) {
            return Self::certain(differences, f64::NEG_INFINITY);
        }
        // An infinite gain counts as the largest finite one, which understates the effect.
        let largest = differences
            .iter()
            .copied()
            .filter(|d| d.is_finite())
            .fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            let effect = if differences.is_empty() {
                0.0
            } else {
                f64::INFINITY
            };
            return Self::certain(differences, effect);
        }
        let finite: Vec<f64> = differences.iter().map(|d| d.min(largest)).collect();
        let (effect, seeds) = mean_and_variance(&finite);
        let rows = rows(pairs);
        let (_, row_variance) = mean_and_variance(&rows);
        let from_seeds = seeds / finite.len() as f64;
        let from_rows = row_variance / rows.len().max(1) as f64;
        let error = (from_seeds + from_rows).sqrt();
        let width = |variance: f64, count: usize| {
            if variance > 0.0 {
                quantile(count as f64 - 1.0).powi(2) * variance
            } else {
                0.0
            }
        };
        let half = (width(from_seeds, finite.len()) + width(from_rows, rows.len())).sqrt();
        Self {
            differences,
            effect,
            error,
            deviation: seeds.sqrt(),
            interval: [effect - half, effect + half],
        }
    }

    fn certain(differences: Vec<f64>, effect: f64) -> Self {
        Self {
            differences,
            effect,
            error: 0.0,
            deviation: 0.0,
            interval: [effect, effect],
        }
    }
}

/// after − before, where both may be infinite; two that are equally bad do not differ.
fn difference(before: f64, after: f64) -> f64 {
    if before == after { 0.0 } else { after - before }
}

/// Mean over seeds of what each row contributes; empty when the rows do not agree.
fn rows(pairs: &[(&Judged, &Judged)]) -> Vec<f64> {
    let n = pairs.first().map_or(0, |(control, _)| control.scores.len());
    if pairs
        .iter()
        .any(|(a, b)| a.scores.len() != n || b.scores.len() != n)
    {
        return Vec::new();
    }
    let mut sum = vec![0.0; n];
    for (control, candidate) in pairs {
        let before = influences(control.metric, control.value, &control.scores);
        let after = influences(candidate.metric, candidate.value, &candidate.scores);
        for ((total, b), a) in sum.iter_mut().zip(before).zip(after) {
            *total += (a - b) / pairs.len() as f64;
        }
    }
    sum
}

/// Mean and unbiased variance; the variance of fewer than two numbers is 0.
fn mean_and_variance(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n.max(1.0);
    let squares: f64 = x.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, if n < 2.0 { 0.0 } else { squares / (n - 1.0) })
}

/// Two-sided quantile of Student's distribution. Beyond 1,000 degrees of freedom, where the
/// numerical inverse loses digits, by the expansion z + (z³ + z)/(4ν) (Abramowitz and Stegun 1964,
/// 26.7.5), whose next term is below 5e-6.
pub(crate) fn quantile(freedom: f64) -> f64 {
    /// Normal quantile of [`CONFIDENCE`], two-sided.
    const Z: f64 = 1.959_963_984_540_054;
    if freedom > 1000.0 {
        return Z + (Z.powi(3) + Z) / 4.0 / freedom;
    }
    StudentsT::new(0.0, 1.0, freedom.max(1.0))
        .map_or(f64::INFINITY, |t| t.inverse_cdf(0.5 + CONFIDENCE / 2.0))
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Judged, quantile};
    use crate::describe::train::Metric;
    use crate::random::{Purpose, Stream, stream};
    use rand::RngExt as _;

    fn normal(rng: &mut Stream) -> f64 {
        // Box–Muller.
        let (u, v): (f64, f64) = (rng.random(), rng.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    fn judged(metric: Metric, value: f64, scores: Vec<f32>) -> Judged {
        Judged {
            metric,
            value,
            scores,
        }
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // Student's t, two-sided 95 %: any statistical table.
        for (freedom, expected) in [
            (1.0, 12.706_20),
            (2.0, 4.302_65),
            (4.0, 2.776_45),
            (10.0, 2.228_14),
            (100.0, 1.983_97),
            (999.0, 1.962_34),
            (1001.0, 1.962_34),
            (1e6, 1.959_97),
        ] {
            assert!((quantile(freedom) - expected).abs() < 1e-4, "{freedom}");
        }
    }

    /// Errors of absolute value around 1 with effects of seed, row and both, on two sides.
    fn simulate(replication: u64, seeds: usize, rows: usize, sigma: [f64; 3]) -> Comparison {
        let mut rng = stream(5, Purpose::Bootstrap, "paired", replication);
        let by_row: Vec<f64> = (0..rows).map(|_| sigma[1] * normal(&mut rng)).collect();
        let mut sides = Vec::new();
        for _ in 0..seeds {
            let by_seed = sigma[0] * normal(&mut rng);
            let scores: Vec<f32> = by_row
                .iter()
                .map(|b| (1.0 + by_seed + b + sigma[2] * normal(&mut rng)) as f32)
                .collect();
            let value = scores.iter().map(|&s| f64::from(s)).sum::<f64>() / rows as f64;
            sides.push((
                judged(Metric::Accuracy, 1.0, vec![1.0; rows]),
                judged(Metric::Accuracy, value, scores),
            ));
        }
        let pairs: Vec<_> = sides.iter().map(|(a, b)| (a, b)).collect();
        Comparison::of(&pairs, None)
    }

    #[test]
    fn the_standard_error_is_that_of_repeated_experiments() {
        // Second source: the experiment repeated 2,000 times. The excess is σ_e²/(S n).
        let (seeds, rows) = (4, 50);
        for sigma in [
            [0.1, 0.0, 0.0],
            [0.0, 0.5, 0.0],
            [0.0, 0.0, 0.5],
            [0.05, 0.3, 0.3],
        ] {
            let runs: Vec<_> = (0..2000).map(|r| simulate(r, seeds, rows, sigma)).collect();
            let n = runs.len() as f64;
            let mean = runs.iter().map(|r| r.effect).sum::<f64>() / n;
            let variance = runs.iter().map(|r| (r.effect - mean).powi(2)).sum::<f64>() / n;
            let claimed = runs.iter().map(|r| r.error.powi(2)).sum::<f64>() / n;
            let excess = sigma[2].powi(2) / (seeds * rows) as f64;
            assert!(
                (claimed / (variance + excess) - 1.0).abs() < 0.1,
                "{sigma:?}: claimed {claimed}, found {variance} + {excess}"
            );
        }
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        for sigma in [
            [0.1, 0.0, 0.1],
            [0.02, 0.3, 0.3],
            [0.05, 0.3, 0.0],
            [0.0, 0.5, 0.5],
        ] {
            let n = 2000;
            let above = (0..n)
                .filter(|&r| simulate(r, 3, 100, sigma).interval[0] > 0.0)
                .count() as f64
                / f64::from(n as u32);
            // 2.5 % plus three binomial standard errors.
            assert!(
                above < 0.025 + 3.0 * (0.025 * 0.975 / 2000.0f64).sqrt(),
                "{sigma:?}: {above}"
            );
        }
    }

    #[test]
    fn what_is_not_finite_is_compared_sensibly() {
        let good = judged(Metric::Accuracy, 0.5, vec![1.0, 0.0]);
        let nan = judged(Metric::Accuracy, f64::NAN, vec![0.0, 0.0]);
        let inf = f64::INFINITY;
        let cases = [
            ("control NaN, floor unknown", &nan, &good, None, inf),
            ("control NaN, floor known", &nan, &good, Some(0.1), 0.4),
            ("candidate NaN", &good, &nan, None, -inf),
            ("both NaN", &nan, &nan, None, 0.0),
            ("both NaN, floor known", &nan, &nan, Some(0.1), -inf),
            ("the same", &good, &good, None, 0.0),
        ];
        for (name, control, candidate, floor, expected) in cases {
            let found = Comparison::of(&[(control, candidate), (control, candidate)], floor);
            assert!(
                found.effect == expected || (found.effect - expected).abs() < 1e-12,
                "{name}: {}",
                found.effect
            );
            assert!(!found.interval[0].is_nan(), "{name}");
        }
        let mixed = Comparison::of(&[(&nan, &good), (&good, &good)], None);
        assert_eq!(
            mixed.effect, 0.0,
            "an infinite gain counts as the largest finite one"
        );
    }
}
