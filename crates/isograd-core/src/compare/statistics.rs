//! Means with intervals, paired tests, and the correction for many of them.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// Share of intervals that hold the truth.
pub const CONFIDENCE: f64 = 0.95;

/// Mean of repeated runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// Mean of the finite values; NaN where there are none.
    pub value: f64,
    /// Half of the [`CONFIDENCE`] interval by Student's distribution; `None` below two values.
    pub half: Option<f64>,
    /// Values that are finite.
    pub count: usize,
}

/// Mean and interval of the values that are finite.
///
/// ```
/// use isograd_core::compare::statistics::mean;
/// let found = mean(&[1.0, 2.0, 3.0]);
/// assert_eq!(found.value, 2.0);
/// // t(2) = 4.3027, standard error 1/√3.
/// assert!((found.half.unwrap() - 4.302_653 / 3f64.sqrt()).abs() < 1e-6);
/// ```
pub fn mean(values: &[f64]) -> Mean {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let n = finite.len() as f64;
    let value = finite.iter().sum::<f64>() / n;
    let half = (finite.len() > 1).then(|| quantile(n - 1.0) * deviation(&finite, value) / n.sqrt());
    Mean {
        value,
        half,
        count: finite.len(),
    }
}

/// A paired comparison with the control.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// Mean difference, cell − control.
    pub effect: f64,
    /// [`CONFIDENCE`] interval of the difference.
    pub interval: [f64; 2],
    /// Two-sided probability of such a difference by chance: Student's paired test. 1 where all
    /// pairs are equal, 0 where all differ by the same.
    pub p: f64,
    /// The same after Holm's correction (1979) over all comparisons of the table.
    pub holm: f64,
    /// Pairs of runs with the same seed, both finite.
    pub pairs: usize,
}

/// Student's paired test on (control, cell), one pair a seed; `None` below two finite pairs.
pub fn paired(pairs: &[(f64, f64)]) -> Option<Paired> {
    let differences: Vec<f64> = pairs
        .iter()
        .map(|(control, cell)| cell - control)
        .filter(|d| d.is_finite())
        .collect();
    let n = differences.len() as f64;
    if differences.len() < 2 {
        return None;
    }
    let effect = differences.iter().sum::<f64>() / n;
    let error = deviation(&differences, effect) / n.sqrt();
    let half = quantile(n - 1.0) * error;
    // Differences that agree to rounding have no spread to test against.
    let p = match () {
        () if effect == 0.0 => 1.0,
        () if error <= 1e-12 * effect.abs() => 0.0,
        () => two_sided(effect / error, n - 1.0),
    };
    Some(Paired {
        effect,
        interval: [effect - half, effect + half],
        p,
        holm: p,
        pairs: differences.len(),
    })
}

/// Holm's step-down correction: the probabilities at which each hypothesis is rejected while the
/// chance of any false rejection stays bounded.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![0.0; p.len()];
    let mut least = 0.0f64;
    for (rank, &i) in order.iter().enumerate() {
        least = least.max(((p.len() - rank) as f64 * p[i]).min(1.0));
        corrected[i] = least;
    }
    corrected
}

fn deviation(values: &[f64], mean: f64) -> f64 {
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

fn student(freedom: f64) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, freedom).ok()
}

fn quantile(freedom: f64) -> f64 {
    student(freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(0.5 + CONFIDENCE / 2.0))
}

fn two_sided(t: f64, freedom: f64) -> f64 {
    student(freedom).map_or(1.0, |s| (2.0 * s.cdf(-t.abs())).min(1.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{holm, mean, paired};

    /// "Student" (1908), the sleep of ten patients after two drugs: R's `t.test(paired = TRUE)`
    /// prints t = -4.0621, p-value = 0.002833, interval -2.4598858 -0.7001142, effect -1.58.
    #[test]
    fn the_paired_test_is_students_own() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let pairs: Vec<(f64, f64)> = second.into_iter().zip(first).collect();
        let found = paired(&pairs).unwrap();
        assert!((found.effect + 1.58).abs() < 1e-12);
        assert!((found.p - 0.002_833).abs() < 5e-7, "{}", found.p);
        assert!((found.interval[0] + 2.459_885_8).abs() < 1e-6);
        assert!((found.interval[1] + 0.700_114_2).abs() < 1e-6);
    }

    /// With one degree of freedom Student's distribution is Cauchy's: p = 1 − 2·atan|t|/π.
    #[test]
    fn two_pairs_follow_the_closed_form() {
        let found = paired(&[(0.0, 1.0), (0.0, 2.0)]).unwrap();
        let t: f64 = 1.5 / (0.5f64.sqrt() / 2f64.sqrt());
        let expected = 1.0 - 2.0 * t.atan() / std::f64::consts::PI;
        assert!((found.p - expected).abs() < 1e-9, "{} {expected}", found.p);
    }

    #[test]
    fn what_has_no_spread_or_no_pairs_is_said_sensibly() {
        assert_eq!(paired(&[(1.0, 2.0)]), None);
        assert_eq!(paired(&[(1.0, 2.0), (f64::NAN, 2.0)]), None);
        assert_eq!(paired(&[(1.0, 1.0), (2.0, 2.0)]).unwrap().p, 1.0);
        assert_eq!(
            paired(&[(0.1, 0.2), (0.3, 0.4), (0.7, 0.8)]).unwrap().p,
            0.0
        );
        let lost = mean(&[f64::NAN, 1.0]);
        assert_eq!((lost.value, lost.half, lost.count), (1.0, None, 1));
        assert!(mean(&[]).value.is_nan());
    }

    /// R: `p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")` is 0.03 0.06 0.06 0.02.
    #[test]
    fn holm_is_that_of_r() {
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (a, b) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((a - b).abs() < 1e-12, "{found:?}");
        }
        assert!(holm(&[]).is_empty());
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }
}
