//! Elementary functions in single precision, written so that the compiler can vectorise a loop over
//! them: no branch that is not a choice between two numbers, no call.
//!
//! Nothing is fused (no `mul_add`), so a result is the same on every processor, bit by bit. The
//! polynomials are minimax fits (Chebyshev, 50 digits) on the intervals named beside them; the tests
//! bound the error against `f64`.

#![allow(clippy::excessive_precision)]

/// Adding and subtracting it rounds to the nearest integer, and leaves that integer in the low bits.
const ROUNDER: f32 = 12_582_912.0;
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// c₀ + x(c₁ + x(c₂ + …)).
macro_rules! polynomial {
    ($x:expr, $last:expr) => { $last };
    ($x:expr, $first:expr, $($rest:expr),+) => { $first + $x * polynomial!($x, $($rest),+) };
}

/// eˣ; NaN stays NaN, what leaves the range is 0 or infinite.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Comparisons with NaN are false, so NaN passes.
    let x = if x > 90.0 { 90.0 } else { x };
    let x = if x < -105.0 { -105.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    // |r| ≤ ½ ln 2.
    let p = polynomial!(
        r,
        0.5,
        0.166_666_67,
        0.041_666_465,
        0.008_333_311,
        0.001_393_364_1,
        0.000_198_909_8
    );
    let e = 1.0 + (r + r * r * p);
    // 2ⁿ as two factors: n reaches beyond the exponents of normal numbers at both ends.
    let n = shifted.to_bits() as i32 - ROUNDER.to_bits() as i32;
    let half = n >> 1;
    e * power_of_two(half) * power_of_two(n - half)
}

#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits(((n + 127) << 23) as u32)
}

/// eˣ − 1.
#[inline(always)]
pub(super) fn exp_m1(x: f32) -> f32 {
    // |x| ≤ ½.
    let p = polynomial!(
        x,
        0.5,
        0.166_666_67,
        0.041_665_79,
        0.008_333_236,
        0.001_398_218_6,
        0.000_199_448_75
    );
    let near = x + x * x * p;
    let far = exp(x) - 1.0;
    if x.abs() < 0.5 { near } else { far }
}

/// tanh x.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let a = x.abs();
    let z = x * x;
    // |x| ≤ 0.625.
    let p = polynomial!(
        z,
        -0.333_333_3,
        0.133_327_7,
        -0.053_850_91,
        0.020_997_18,
        -0.006_096_714
    );
    let near = (x + x * (z * p)).copysign(x);
    let far = (1.0 - 2.0 / (exp(2.0 * a) + 1.0)).copysign(x);
    if a < 0.625 { near } else { far }
}

/// 1/(1 + e⁻ˣ).
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// ln(1 + eˣ).
#[inline(always)]
pub(super) fn softplus(x: f32) -> f32 {
    let u = exp(-x.abs());
    // ln(1 + u) = 2 artanh(u/(2 + u)); the argument is at most ⅓, the next term of the series 1.4e-8.
    let s = u / (2.0 + u);
    let p = polynomial!(
        s * s,
        1.0,
        0.333_333_34,
        0.2,
        0.142_857_15,
        0.111_111_11,
        0.090_909_09,
        0.076_923_08
    );
    let positive = if x > 0.0 { x } else { 0.0 };
    positive + 2.0 * (s * p)
}

/// Φ(x) and e^(−x²/2), of the standard normal distribution.
#[inline(always)]
pub(super) fn normal(x: f32) -> (f32, f32) {
    let a = x.abs();
    let bell = exp(-0.5 * x * x);
    // ½ erfc(a/√2) = ½ e^(−a²/2) E(t), t = 1/(1 + 0.4 a/√2) in (0, 1].
    let t = 1.0 / (1.0 + (0.4 * std::f32::consts::FRAC_1_SQRT_2) * a);
    let e = polynomial!(
        t,
        7.279_230_6e-7,
        0.225_644_94,
        0.226_159_4,
        0.203_973_7,
        0.185_742_69,
        0.095_803_29,
        0.067_949_66,
        0.098_559_55,
        -0.145_974_68,
        0.042_140_754
    );
    let tail = 0.5 * bell * e;
    let cumulative = if x < 0.0 { tail } else { 1.0 - tail };
    // The bell of NaN is NaN, and so is what is made of it.
    (cumulative, bell)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest |f − g| ÷ max(|g|, floor) over a fine grid of [low, high].
    fn worst(
        f: impl Fn(f32) -> f32,
        g: impl Fn(f64) -> f64,
        low: f32,
        high: f32,
        floor: f64,
    ) -> f64 {
        let steps = 400_000;
        (0..=steps)
            .map(|i| low + (high - low) * i as f32 / steps as f32)
            .map(|x| {
                let exact = g(f64::from(x));
                (f64::from(f(x)) - exact).abs() / exact.abs().max(floor)
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn errors_are_a_few_units_in_the_last_place() {
        let tiny = f64::from(f32::MIN_POSITIVE);
        let sigmoid_exact = |x: f64| 1.0 / (1.0 + (-x).exp());
        let softplus_exact = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        let cases = [
            ("exp", worst(exp, f64::exp, -87.0, 88.0, tiny), 2e-7),
            (
                "exp, subnormal",
                worst(exp, f64::exp, -104.0, -87.0, 1e-38),
                2e-7,
            ),
            (
                "exp_m1",
                worst(exp_m1, f64::exp_m1, -20.0, 20.0, tiny),
                4e-7,
            ),
            ("tanh", worst(tanh, f64::tanh, -12.0, 12.0, tiny), 3e-7),
            (
                "tanh, small",
                worst(tanh, f64::tanh, -1e-3, 1e-3, tiny),
                2e-7,
            ),
            (
                "sigmoid",
                worst(sigmoid, sigmoid_exact, -80.0, 80.0, tiny),
                4e-7,
            ),
            (
                "softplus",
                worst(softplus, softplus_exact, -80.0, 80.0, tiny),
                4e-7,
            ),
        ];
        for (name, error, bound) in cases {
            assert!(error < bound, "{name}: {error:e}");
        }
    }

    #[test]
    fn ends_and_not_a_number() {
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp(89.0), f32::INFINITY);
        assert_eq!((tanh(f32::INFINITY), tanh(f32::NEG_INFINITY)), (1.0, -1.0));
        assert_eq!(tanh(-0.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!(
            (sigmoid(f32::INFINITY), sigmoid(f32::NEG_INFINITY)),
            (1.0, 0.0)
        );
        assert_eq!((normal(9e9).0, normal(-9e9).0), (1.0, 0.0));
        assert_eq!(
            (softplus(f32::INFINITY), softplus(f32::NEG_INFINITY)),
            (f32::INFINITY, 0.0)
        );
        for f in [exp, exp_m1, tanh, sigmoid, softplus, |x| normal(x).0] {
            assert!(f(f32::NAN).is_nan());
        }
    }

    #[test]
    fn the_normal_distribution_is_right_in_both_tails() {
        // mpmath.ncdf to 12 digits.
        for (x, cumulative) in [
            (0.0, 0.5),
            (0.5, 0.691_462_461_274),
            (-1.0, 0.158_655_253_931),
            (2.0, 0.977_249_868_052),
            (-4.0, 3.167_124_183_31e-5),
            (-6.0, 9.865_876_450_38e-10),
        ] {
            let error = (f64::from(normal(x).0) - cumulative).abs() / cumulative;
            assert!(error < 3e-6, "{x}: {error:e}");
        }
    }
}
