//! Closed forms for activations of two straight pieces through the origin: `slopes` are those
//! below and above 0.

use super::Gaussian;
use crate::normal::{cdf, pdf};
use std::f64::consts::PI;

/// E\[max(x, 0)\] and E\[max(x, 0)²\].
fn positive_part(law: Gaussian) -> (f64, f64) {
    if law.is_point() {
        let x = law.mean.max(0.0);
        return (x, x * x);
    }
    let s = law.deviation();
    let a = law.mean / s;
    let (density, mass) = (pdf(a), cdf(a));
    (
        law.mean * mass + s * density,
        law.second_moment() * mass + law.mean * s * density,
    )
}

/// The law of −x.
fn mirrored(law: Gaussian) -> Gaussian {
    Gaussian {
        mean: -law.mean,
        variance: law.variance,
    }
}

/// E\[φ\].
pub(super) fn mean((below, above): (f64, f64), law: Gaussian) -> f64 {
    above * positive_part(law).0 - below * positive_part(mirrored(law)).0
}

/// E\[φ²\].
pub(super) fn second_moment((below, above): (f64, f64), law: Gaussian) -> f64 {
    above * above * positive_part(law).1 + below * below * positive_part(mirrored(law)).1
}

/// E\[φ′ᵏ\].
pub(super) fn slope_moment((below, above): (f64, f64), law: Gaussian, k: i32) -> f64 {
    if law.is_point() {
        return if law.mean > 0.0 { above } else { below }.powi(k);
    }
    let a = law.mean / law.deviation();
    above.powi(k) * cdf(a) + below.powi(k) * cdf(-a)
}

/// The angle between two inputs with correlation 1 − `apart`, accurate for small angles.
fn angle(apart: f64) -> f64 {
    2.0 * (0.5 * apart).sqrt().min(1.0).asin()
}

/// sin θ − θ·cos θ without cancellation.
fn sine_excess(theta: f64) -> f64 {
    if theta > 0.5 {
        return theta.sin() - theta * theta.cos();
    }
    // Σ (−1)ⁿ⁺¹ θ²ⁿ⁺¹·2n/(2n + 1)!: six terms reach 1e-17 at 0.5.
    let square = theta * theta;
    let mut power = theta * square / 6.0;
    let mut sum = 0.0;
    for n in 1..=7 {
        let n = f64::from(n);
        sum += 2.0 * n * power;
        power *= -square / ((2.0 * n + 2.0) * (2.0 * n + 3.0));
    }
    sum
}

/// ½·E\[(φ(x₁) − φ(x₂))²\] for mean 0, from the arc-cosine kernel of degree 1 (Cho and Saul 2009):
/// E\[r₁r₂\] = v·(sin θ + (π − θ)·cos θ)/(2π) with r the positive part.
pub(super) fn half_square_difference((below, above): (f64, f64), variance: f64, apart: f64) -> f64 {
    // φ = below·x + (above − below)·r, and ½E[(x₁ − x₂)(r₁ − r₂)] is half of ½E[(x₁ − x₂)²].
    let step = above - below;
    let rectified = 0.5 * (apart - sine_excess(angle(apart)) / PI);
    variance * (below * above * apart + step * step * rectified)
}

/// E\[φ′(x₁)φ′(x₂)\] for mean 0: P(x₁ > 0, x₂ > 0) = (π − θ)/(2π).
pub(super) fn slope_product((below, above): (f64, f64), apart: f64) -> f64 {
    let same_side = (PI - angle(apart)) / (2.0 * PI);
    (above * above + below * below) * same_side + 2.0 * above * below * (0.5 - same_side)
}
