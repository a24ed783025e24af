//! Gauss–Legendre quadrature on pieces.

use std::sync::OnceLock;

/// Nodes a piece. Chosen so that a tanh on [−2, 2] (poles at ±iπ/2, the hardest piece that
/// [`crate::gaussian`] makes) comes out to 1e-14; the golden tests hold it to that.
const NODES: usize = 24;

/// Nodes in (−1, 1) and their weights.
struct Rule([(f64, f64); NODES]);

/// The rule, by Newton's method on the three-term recurrence of the Legendre polynomials.
fn rule() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| {
        let mut pairs = [(0.0, 0.0); NODES];
        for (i, pair) in pairs.iter_mut().enumerate() {
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (NODES as f64 + 0.5)).cos();
            // The start is good to 1e-4: quadratic convergence needs three steps; five are taken.
            for _ in 0..5 {
                let (p, slope) = legendre(x);
                x -= p / slope;
            }
            let slope = legendre(x).1;
            *pair = (x, 2.0 / ((1.0 - x * x) * slope * slope));
        }
        Rule(pairs)
    })
}

/// Legendre polynomial of degree [`NODES`] and its derivative.
fn legendre(x: f64) -> (f64, f64) {
    let (mut before, mut here) = (1.0, x);
    for k in 2..=NODES {
        let k = k as f64;
        (before, here) = (here, ((2.0 * k - 1.0) * x * here - (k - 1.0) * before) / k);
    }
    (here, NODES as f64 * (x * here - before) / (x * x - 1.0))
}

/// ∫ f over [cuts.first, cuts.last], piece by piece. `cuts` is sorted in place; points outside
/// `[low, high]` are dropped and both ends are added.
pub(crate) fn integrate(
    low: f64,
    high: f64,
    cuts: &mut Vec<f64>,
    mut f: impl FnMut(f64) -> f64,
) -> f64 {
    cuts.retain(|c| *c > low && *c < high);
    cuts.push(high);
    cuts.sort_unstable_by(f64::total_cmp);
    let mut sum = 0.0;
    let mut start = low;
    for &end in cuts.iter() {
        // Pieces of a few ulps carry nothing.
        if end - start <= 1e-15 * (high - low) {
            continue;
        }
        let (half, middle) = (0.5 * (end - start), 0.5 * (end + start));
        let piece: f64 = rule().0.iter().map(|(x, w)| w * f(middle + half * x)).sum();
        sum += half * piece;
        start = end;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::{NODES, integrate, rule};

    #[test]
    fn the_rule_is_exact_for_polynomials_of_degree_47() {
        let sum: f64 = rule().0.iter().map(|(_, w)| w).sum();
        assert!((sum - 2.0).abs() < 1e-14);
        for degree in [2, 10, 2 * NODES - 2] {
            let value = integrate(0.0, 1.0, &mut Vec::new(), |x| x.powi(degree as i32));
            let exact = 1.0 / (degree as f64 + 1.0);
            assert!((value / exact - 1.0).abs() < 1e-13, "x^{degree}: {value}");
        }
    }

    #[test]
    fn a_cut_at_the_kink_makes_it_exact() {
        let value = integrate(-1.0, 2.0, &mut vec![7.0, 0.3, -4.0], |x: f64| {
            (x - 0.3).abs()
        });
        assert!((value - 2.29).abs() < 1e-14);
    }
}
