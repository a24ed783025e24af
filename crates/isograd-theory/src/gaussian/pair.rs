//! Expectations over two correlated inputs.
//!
//! With x₁,₂ = mean + √v·(s·y ± t·z), s = √(1 − apart/2), t = √(apart/2), y and z independent:
//! the difference of the two inputs is carried by z alone, so that small differences keep their
//! relative accuracy. Outer integral over y, inner over z ≥ 0 (the integrands are even in z), cut
//! where either input meets a kink.

use super::{END, Gaussian, STEP, grid, scale_points};
use crate::activation::Activation;
use crate::normal::pdf;
use crate::quadrature::integrate;

/// Below this t, φ(x₁) − φ(x₂) cancels more than the next order of the expansion in t matters:
/// ε/t against t² (smooth φ) or t (a jump of φ′).
const NARROW: f64 = 1e-5;

/// ½·E\[(φ(x₁) − φ(x₂))²\].
pub(super) fn half_square_difference(phi: Activation, law: Gaussian, apart: f64) -> f64 {
    if (0.5 * apart).sqrt() < NARROW {
        return law.variance * apart * phi.slope_square(law);
    }
    expect(phi, law, apart, |x1, x2| {
        let difference = phi.value(x1) - phi.value(x2);
        0.5 * difference * difference
    })
}

/// E\[φ′(x₁)·φ′(x₂)\].
pub(super) fn slope_product(phi: Activation, law: Gaussian, apart: f64) -> f64 {
    if (0.5 * apart).sqrt() < NARROW && !phi.piecewise_linear() {
        return phi.slope_square(law);
    }
    expect(phi, law, apart, |x1, x2| {
        phi.derivative(x1) * phi.derivative(x2)
    })
}

/// E\[f(x₁, x₂)\] for a symmetric f that is as smooth as φ.
fn expect(phi: Activation, law: Gaussian, apart: f64, f: impl Fn(f64, f64) -> f64) -> f64 {
    if !(law.mean.is_finite() && law.variance.is_finite() && apart.is_finite()) {
        return f64::NAN;
    }
    let deviation = law.variance.sqrt();
    let t = (0.5 * apart).clamp(0.0, 1.0).sqrt();
    let s = (1.0 - 0.5 * apart).clamp(0.0, 1.0).sqrt();
    let (along, across) = (deviation * s, deviation * t);
    let points = scale_points(phi, law.mean.abs() + 1.5 * END * deviation);

    let mut outer = grid(-END, END);
    if s > 0.0 {
        outer.extend(points.iter().map(|x| (x - law.mean) / along));
        // Around a kink the inner integral turns within t/s.
        let kinks: Vec<f64> = phi.kinks().into_iter().map(|k| k.at).collect();
        for kink in &kinks {
            let at = (kink - law.mean) / along;
            let width = (0..5).map(|j| t / s * f64::from(1 << j));
            outer.extend(width.flat_map(|w| [at - w, at + w]));
        }
        // Where the inputs meet two kinks at once, the nearer cut of the inner integral changes.
        for pair in kinks.windows(2) {
            outer.push((0.5 * (pair[0] + pair[1]) - law.mean) / along);
        }
    }
    let mut inner = Vec::new();
    integrate(-END, END, &mut outer, |y| {
        let centre = law.mean + along * y;
        inner.clear();
        let mut regular = STEP;
        while regular < END {
            inner.push(regular);
            regular += STEP;
        }
        inner.extend(points.iter().map(|x| ((x - centre) / across).abs()));
        let value = integrate(0.0, END, &mut inner, |z| {
            let half = across * z;
            pdf(z) * f(centre + half, centre - half)
        });
        2.0 * pdf(y) * value
    })
}
