//! Medians of paired ratios and how sure they are.

/// A median with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ratio {
    pub(super) median: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Ratio {
    /// Of these ratios: the interval is between order statistics (binomial, normal approximation; no
    /// assumption on how ratios are distributed). NaN for none.
    pub(super) fn of(ratios: &[f64]) -> Self {
        let mut sorted = ratios.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        if n == 0 {
            return Self {
                median: f64::NAN,
                low: f64::NAN,
                high: f64::NAN,
            };
        }
        let median = f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]);
        let half = n as f64 / 2.0;
        // Ranks from 1.
        let rank = (half - 1.96 * half.sqrt() / std::f64::consts::SQRT_2)
            .floor()
            .max(1.0) as usize;
        Self {
            median,
            low: sorted[rank - 1],
            high: sorted[n - rank],
        }
    }

    /// 1 + a·(self − 1) + b·(other − 1): of a step where shares a and b of all steps take so much longer.
    /// The ends of the intervals are added, which is more than the interval of the sum.
    pub(super) fn mixed(self, a: f64, other: Self, b: f64) -> Self {
        let mix = |one: f64, two: f64| 1.0 + a * (one - 1.0) + b * (two - 1.0);
        Self {
            median: mix(self.median, other.median),
            low: mix(self.low, other.low),
            high: mix(self.high, other.high),
        }
    }

    /// Half the interval.
    pub(super) fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// ⁿ√(x₁·…·xₙ).
pub(super) fn geometric_mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value.ln();
        count += 1.0;
    }
    (sum / count).exp()
}

#[cfg(test)]
mod tests {
    use super::{Ratio, geometric_mean};

    #[test]
    fn the_interval_is_between_order_statistics() {
        let ratios: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let found = Ratio::of(&ratios);
        // n/2 ∓ 1.96·√n/2: ranks 40 and 61.
        assert_eq!((found.median, found.low, found.high), (50.5, 40.0, 61.0));
        assert_eq!(found.half_width(), 10.5);
        let one = Ratio::of(&[0.7]);
        assert_eq!((one.median, one.low, one.high), (0.7, 0.7, 0.7));
        assert!(Ratio::of(&[]).median.is_nan());
    }

    #[test]
    fn a_share_of_the_steps_has_a_share_of_the_overhead() {
        let [one, two] = [[1.1, 1.0, 1.2], [1.5, 1.4, 1.7]].map(|[median, low, high]| Ratio {
            median,
            low,
            high,
        });
        let found = one.mixed(0.08, two, 0.02);
        for (found, expected) in [
            (found.median, 1.018),
            (found.low, 1.008),
            (found.high, 1.03),
        ] {
            assert!((found - expected).abs() < 1e-12, "{found}");
        }
    }

    #[test]
    fn the_mean_is_geometric() {
        assert!((geometric_mean([0.5, 2.0]) - 1.0).abs() < 1e-12);
    }
}
