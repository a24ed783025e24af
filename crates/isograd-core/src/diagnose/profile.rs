//! The size of a signal or gradient over the depth of the network.

use super::context::outermost;
use crate::describe::{NodeId, Plan};
use crate::trace::{Quantity, Role, Trace};

/// The nodes at which depth is measured, first to last: the activation (else the weights) of every
/// hidden layer, and a residual block as a whole, because inside it only a part of the gradient
/// flows.
pub(super) fn points(plan: &Plan) -> Vec<NodeId> {
    let hidden = plan
        .layers
        .split_last()
        .map_or(&[][..], |(_, hidden)| hidden);
    let end = plan
        .layers
        .last()
        .map(|l| outermost(&plan.nodes, l.weights));
    let mut points: Vec<NodeId> = hidden
        .iter()
        .map(|l| outermost(&plan.nodes, l.activation.unwrap_or(l.weights)))
        .filter(|&id| Some(id) != end)
        .collect();
    points.dedup();
    points
}

/// A quantity over the points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Profile {
    /// At the first point.
    pub first: f64,
    /// At the last point.
    pub last: f64,
    /// 20·log₁₀(first / last); infinite where one of them is 0 or infinite.
    pub db: f64,
    /// Least-squares slope of the natural logarithm per point, towards the output; NaN where fewer
    /// than two points are finite and not zero.
    pub slope: f64,
}

impl Profile {
    /// `None` where there are fewer than two points, or the ends were not measured, are NaN, or are
    /// both zero or both infinite: then their ratio says nothing.
    pub(super) fn of(values: impl Iterator<Item = Option<f64>>) -> Option<Self> {
        let values: Vec<Option<f64>> = values.collect();
        let [Some(first), .., Some(last)] = values[..] else {
            return None;
        };
        let db = db(first, last);
        (!db.is_nan()).then(|| Self {
            first,
            last,
            db,
            slope: log_slope(&values),
        })
    }
}

/// The gradient norm G over the depth of a network before the first step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientProfile {
    /// G at the first hidden layer over G at the last one, outputs of their activations.
    pub ratio: f64,
    /// Least-squares slope of ln G per hidden layer, towards the output: positive where the gradient
    /// shrinks on its way back.
    pub slope: f64,
}

/// The profile of the first probe; `None` where there was none, the network has fewer than two
/// hidden layers, or the ends have no ratio.
pub fn gradient_profile(plan: &Plan, trace: &Trace) -> Option<GradientProfile> {
    let probe = trace.first_probe()?;
    let at = |id: NodeId| {
        let mut sites = trace.sites.iter();
        let site = sites.position(|s| s.node == id && s.role == Role::Output)?;
        probe.rows.get(site)?.get(Quantity::Gradient)
    };
    let profile = Profile::of(points(plan).into_iter().map(at))?;
    Some(GradientProfile {
        ratio: 10f64.powf(profile.db / 20.0),
        slope: profile.slope,
    })
}

/// 20·log₁₀(a / b), computed so that neither the ratio overflows nor underflows.
pub(super) fn db(a: f64, b: f64) -> f64 {
    20.0 * (a.log10() - b.log10())
}

/// Least-squares slope of ln(value) over position.
fn log_slope(values: &[Option<f64>]) -> f64 {
    let logs: Vec<(f64, f64)> = values
        .iter()
        .enumerate()
        .filter_map(|(i, v)| Some((i as f64, (*v)?.ln())))
        .filter(|(_, y)| y.is_finite())
        .collect();
    line(&logs).map_or(f64::NAN, |l| l.slope)
}

/// A straight line fitted by least squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    /// Change of y per x.
    pub slope: f64,
    /// Standard error of the slope, for independent residuals; 0 with two points.
    pub error: f64,
}

/// Fits a line; `None` for fewer than two different x.
pub(super) fn line(points: &[(f64, f64)]) -> Option<Line> {
    let n = points.len() as f64;
    let (mx, my) = points
        .iter()
        .fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
    let (mut sxx, mut sxy, mut syy) = (0.0, 0.0, 0.0);
    for (x, y) in points {
        sxx += (x - mx).powi(2);
        sxy += (x - mx) * (y - my);
        syy += (y - my).powi(2);
    }
    if points.len() < 2 || sxx <= 0.0 {
        return None;
    }
    let slope = sxy / sxx;
    let residual = (syy - slope * sxy).max(0.0);
    let error = if points.len() > 2 {
        (residual / (n - 2.0) / sxx).sqrt()
    } else {
        0.0
    };
    Some(Line { slope, error })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Profile, db, line};

    #[test]
    fn a_geometric_profile_has_its_slope() {
        let p = Profile::of((0..10).map(|i| Some(0.25_f64.powi(9 - i)))).unwrap();
        assert!((p.slope - 4.0_f64.ln()).abs() < 1e-12);
        assert!((p.db - 9.0 * 20.0 * 0.25_f64.log10()).abs() < 1e-9);
    }

    #[test]
    fn ends_without_a_ratio_have_no_profile() {
        let (zero, one, nan, inf) = (Some(0.0), Some(1.0), Some(f64::NAN), Some(f64::INFINITY));
        for (values, expected) in [
            (vec![], None),
            (vec![one], None),
            (vec![None, one], None),
            (vec![zero, one, zero], None),
            (vec![nan, one], None),
            (vec![inf, inf], None),
            (vec![zero, one], Some(f64::NEG_INFINITY)),
            (vec![inf, one], Some(f64::INFINITY)),
            (vec![one, nan, one], Some(0.0)),
        ] {
            let got = Profile::of(values.iter().copied()).map(|p| p.db);
            assert_eq!(got, expected, "{values:?}");
        }
        assert_eq!(db(1e-320, 1e300).round(), -12400.0);
    }

    #[test]
    fn the_line_is_the_textbook_one() {
        // Anscombe's first set (1973): slope 0.5001, standard error of the slope 0.1179.
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [
            8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68,
        ];
        let points: Vec<(f64, f64)> = x.into_iter().zip(y).collect();
        let fit = line(&points).unwrap();
        assert!((fit.slope - 0.5001).abs() < 1e-4 && (fit.error - 0.1179).abs() < 1e-4);
        assert_eq!(line(&points[..1]), None);
        assert_eq!(line(&[(1.0, 2.0), (1.0, 3.0)]), None);
    }
}
