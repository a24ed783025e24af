//! The maps of one layer: variance q → q′ and correlation c → c′ (Poole et al. 2016, equations 3
//! and 5), their fixed points, and the depths over which they forget (Schoenholz et al. 2017, §3–4).

use crate::{Activation, Gaussian, TheoryError};

/// A layer h′ = W φ(h) + b with independent random parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// φ.
    pub activation: Activation,
    /// σ_w² = fan-in · Var\[W\].
    pub weight_variance: f64,
    /// σ_b² = Var\[b\].
    pub bias_variance: f64,
}

/// How the variance behaves near a fixed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stability {
    /// Errors shrink from layer to layer.
    Stable,
    /// Errors neither shrink nor grow to first order.
    Marginal,
    /// Errors grow.
    Unstable,
}

/// A variance that a layer leaves as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FixedPoint {
    /// q* with q′(q*) = q*.
    pub q: f64,
    /// ∂q′/∂q there.
    pub slope: f64,
    /// What the slope means.
    pub stability: Stability,
}

/// Where and how finely fixed points are searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchParams {
    /// Smallest q looked at; default 1e-6 (q = 0 is looked at apart).
    pub lowest: f64,
    /// Largest q looked at; default 1e6.
    pub highest: f64,
    /// Steps a decade; default 16. Two fixed points closer than a step can be missed.
    pub per_decade: usize,
}

impl Default for SearchParams {
    fn default() -> Self {
        Self {
            lowest: 1e-6,
            highest: 1e6,
            per_decade: 16,
        }
    }
}

impl SearchParams {
    /// The grid of the search, checked.
    pub(crate) fn grid(self) -> Result<Vec<f64>, TheoryError> {
        let valid = self.lowest > 0.0
            && self.highest > self.lowest
            && self.highest.is_finite()
            && self.per_decade > 0;
        if !valid {
            return Err(TheoryError::Search {
                lowest: self.lowest,
                highest: self.highest,
            });
        }
        let steps = (self.highest / self.lowest).log10() * self.per_decade as f64;
        let steps = steps.ceil().max(1.0) as usize;
        let ratio = (self.highest / self.lowest).ln() / steps as f64;
        Ok((0..=steps)
            .map(|i| self.lowest * (ratio * i as f64).exp())
            .collect())
    }
}

/// The depths over which a layer forgets; in layers, infinite at criticality.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DepthScales {
    /// The fixed point.
    pub q: f64,
    /// χ₁ = σ_w² E\[φ′²\]: growth of ‖δ‖² a layer, and of small differences between inputs.
    pub chi: f64,
    /// Correlation that two inputs end up with.
    pub correlation: f64,
    /// ξ_q: errors of q fall as e^{−l/ξ_q}.
    pub xi_q: f64,
    /// ξ_c: differences between inputs settle as e^{−l/ξ_c}; nets deeper than about 6 ξ_c do not
    /// train (Schoenholz et al. 2017, §5).
    pub xi_c: f64,
}

/// Slopes this close to 1 are marginal: what quadrature and root finding leave uncertain.
const MARGINAL: f64 = 1e-9;

impl Layer {
    /// q′(q) = σ_w² E\[φ(√q z)²\] + σ_b².
    pub fn variance(self, q: f64) -> f64 {
        let square = self.activation.second_moment(Gaussian::centred(q));
        self.weight_variance * square + self.bias_variance
    }

    /// ∂q′/∂q = σ_w² (E\[φ′²\] + E\[φφ″\]).
    pub fn variance_slope(self, q: f64) -> f64 {
        let law = Gaussian::centred(q);
        self.weight_variance
            * (self.activation.slope_square(law) + self.activation.value_curvature(law))
    }

    /// χ₁(q) = σ_w² E\[φ′(√q z)²\].
    pub fn chi(self, q: f64) -> f64 {
        self.weight_variance * self.activation.slope_square(Gaussian::centred(q))
    }

    /// 1 − c′ for two inputs of variance q with correlation 1 − `apart`; accurate also where the
    /// inputs have nearly become one.
    pub fn apart(self, q: f64, apart: f64) -> f64 {
        let difference = self
            .activation
            .half_square_difference(Gaussian::centred(q), apart);
        self.weight_variance * difference / self.variance(q)
    }

    /// c′(c) for two inputs of variance q.
    pub fn correlation(self, q: f64, c: f64) -> f64 {
        1.0 - self.apart(q, 1.0 - c)
    }

    /// ∂c′/∂c = σ_w² E\[φ′(u₁)φ′(u₂)\] at a fixed point q.
    pub fn correlation_slope(self, q: f64, c: f64) -> f64 {
        self.weight_variance * self.activation.slope_product(Gaussian::centred(q), c)
    }

    /// All q* in the search interval, and q* = 0 where it is one, in increasing order. A layer that
    /// keeps every variance (ReLU with σ_w² = 2) gives the two ends of the interval, both marginal.
    pub fn fixed_points(self, params: SearchParams) -> Result<Vec<FixedPoint>, TheoryError> {
        let grid = params.grid()?;
        let excess = |q: f64| self.variance(q) - q;
        let mut found = Vec::new();
        if self.variance(0.0) == 0.0 {
            found.push(0.0);
        }
        if grid.iter().all(|q| excess(*q).abs() <= 1e-12 * q) {
            found.extend([params.lowest, params.highest]);
        } else {
            found.extend(roots(&grid, excess));
        }
        Ok(found.into_iter().map(|q| self.fixed_point(q)).collect())
    }

    fn fixed_point(self, q: f64) -> FixedPoint {
        // At q = 0 the slope is the limit from above: kinks at 0 count half for each side.
        let slope = self.variance_slope(q.max(f64::MIN_POSITIVE));
        let stability = if (slope - 1.0).abs() < MARGINAL {
            Stability::Marginal
        } else if slope < 1.0 {
            Stability::Stable
        } else {
            Stability::Unstable
        };
        FixedPoint {
            q,
            slope,
            stability,
        }
    }

    /// What deep layers settle on at the fixed point `q`: correlation and depth scales.
    pub fn depth_scales(self, q: f64) -> DepthScales {
        let chi = self.chi(q);
        // In the ordered phase all inputs become one; else the map crosses the diagonal once below 1.
        let apart = if chi <= 1.0 + MARGINAL {
            0.0
        } else {
            let grid: Vec<f64> = (0..=160)
                .map(|i| 2.0 * (-0.125 * f64::from(160 - i)).exp())
                .collect();
            roots(&grid, |a| self.apart(q, a) - a).next().unwrap_or(0.0)
        };
        let memory = if apart == 0.0 {
            chi
        } else {
            self.correlation_slope(q, 1.0 - apart)
        };
        DepthScales {
            q,
            chi,
            correlation: 1.0 - apart,
            xi_q: scale(self.variance_slope(q)),
            xi_c: scale(memory),
        }
    }
}

/// −1/ln of a factor a layer; infinite from 1 up, also where the factor is 1 up to rounding.
fn scale(factor: f64) -> f64 {
    if factor >= 1.0 - MARGINAL {
        f64::INFINITY
    } else {
        -1.0 / factor.ln()
    }
}

/// Where f changes sign between neighbours of an increasing grid, by bisection to the last bit.
pub(crate) fn roots<'a>(
    grid: &'a [f64],
    f: impl Fn(f64) -> f64 + 'a,
) -> impl Iterator<Item = f64> + 'a {
    let values: Vec<f64> = grid.iter().map(|x| f(*x)).collect();
    (1..grid.len()).filter_map(move |i| {
        let (below, above) = (values[i - 1], values[i]);
        if above == 0.0 {
            return Some(grid[i]);
        }
        if below * above >= 0.0 {
            return None;
        }
        let (mut low, mut high) = (grid[i - 1], grid[i]);
        loop {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                return Some(middle);
            }
            if (f(middle) < 0.0) == (below < 0.0) {
                low = middle;
            } else {
                high = middle;
            }
        }
    })
}

#[cfg(test)]
mod tests;
