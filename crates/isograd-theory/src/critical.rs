//! The critical line, where gradients neither vanish nor explode: χ₁(q*) = 1.

use crate::map::{Layer, SearchParams, roots};
use crate::{Activation, Gaussian, TheoryError};

/// A critical initialisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Critical {
    /// σ_w² and σ_b².
    pub layer: Layer,
    /// The fixed point of the variance at which χ₁ = 1.
    pub q: f64,
    /// ∂q′/∂q there: above 1 the forward signal leaves this point again (GELU, SiLU, Mish).
    pub variance_slope: f64,
}

/// The critical initialisation that keeps variance `q` > 0: σ_w² = 1/E\[φ′²\], σ_b² = q − σ_w²E\[φ²\].
pub fn critical_at(phi: Activation, q: f64) -> Result<Critical, TheoryError> {
    let (layer, bias_variance) = unchecked(phi, q);
    // Homogeneous activations have σ_b² = 0 up to rounding.
    if bias_variance < -1e-12 * q || bias_variance.is_nan() {
        return Err(TheoryError::NoCriticalPoint {
            activation: phi.name(),
            q,
            bias_variance,
        });
    }
    Ok(Critical {
        layer,
        q,
        variance_slope: layer.variance_slope(q),
    })
}

fn unchecked(phi: Activation, q: f64) -> (Layer, f64) {
    let law = Gaussian::centred(q);
    let weight_variance = 1.0 / phi.slope_square(law);
    let bias_variance = q - weight_variance * phi.second_moment(law);
    let layer = Layer {
        activation: phi,
        weight_variance,
        bias_variance: bias_variance.max(0.0),
    };
    (layer, bias_variance)
}

/// The critical initialisation with this bias variance, at the smallest q* that has one.
///
/// With `bias_variance` = 0 and φ(0) = 0 that is the limit q* → 0, which every input reaches in
/// the end (tanh: σ_w² = 1, approached as q = 1/(2l)).
pub fn critical(
    phi: Activation,
    bias_variance: f64,
    params: SearchParams,
) -> Result<Critical, TheoryError> {
    let grid = params.grid()?;
    if bias_variance == 0.0 && phi.value(0.0) == 0.0 {
        let (layer, _) = unchecked(phi, f64::MIN_POSITIVE);
        let layer = Layer {
            bias_variance,
            ..layer
        };
        return Ok(Critical {
            layer,
            q: 0.0,
            variance_slope: layer.variance_slope(f64::MIN_POSITIVE),
        });
    }
    let root = roots(&grid, |q| unchecked(phi, q).1 - bias_variance).next();
    let Some(q) = root.filter(|_| bias_variance >= 0.0 && phi.homogeneous().is_none()) else {
        return Err(TheoryError::NoCriticalWeight {
            activation: phi.name(),
            bias_variance,
            lowest: params.lowest,
            highest: params.highest,
        });
    };
    let layer = Layer {
        bias_variance,
        ..unchecked(phi, q).0
    };
    Ok(Critical {
        layer,
        q,
        variance_slope: layer.variance_slope(q),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{critical, critical_at};
    use crate::map::SearchParams;
    use crate::{Activation, TheoryError};

    #[test]
    fn the_line_of_tanh() {
        // q*, σ_w², σ_b² and σ_b², σ_w²: tables of another program (trapezoid rule, numpy).
        let at_q = [
            (0.01, 1.019_711, 1.26e-6, 1e-8),
            (0.1, 1.177_569, 8.32e-4, 1e-6),
            (0.5, 1.687_975, 0.038_041, 1e-6),
            (1.0, 2.153_303, 0.150_965, 1e-6),
            (3.0, 3.424_457, 0.981_491, 1e-6),
        ];
        for (q, weight, bias, digit) in at_q {
            let found = critical_at(Activation::Tanh, q).unwrap();
            assert!(
                (found.layer.weight_variance - weight).abs() < 1e-6,
                "{found:?}"
            );
            assert!(
                (found.layer.bias_variance - bias).abs() < digit,
                "{found:?}"
            );
        }
        let at_bias = [
            (1e-5, 1.039_52),
            (0.001, 1.189_19),
            (0.02, 1.544_19),
            (0.05, 1.760_95),
            (0.3, 2.505_13),
        ];
        for (bias, weight) in at_bias {
            let found = critical(Activation::Tanh, bias, SearchParams::default()).unwrap();
            assert!(
                (found.layer.weight_variance - weight).abs() < 1e-5,
                "{found:?}"
            );
            assert!((found.layer.chi(found.q) - 1.0).abs() < 1e-12);
            assert!((found.layer.variance(found.q) / found.q - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn at_unit_variance() {
        // σ_w and σ_b at q* = 1.
        let cases = [
            (Activation::Softsign, 2.095_78, 0.442_89),
            (Activation::Elu { alpha: 1.0 }, 1.223_43, 0.186_17),
            (Activation::Gelu, 1.481_11, 0.259_21),
            (Activation::Silu, 1.623_32, 0.249_94),
            (Activation::Mish, 1.444_76, 0.236_26),
            (Activation::Relu, std::f64::consts::SQRT_2, 0.0),
        ];
        for (phi, weight, bias) in cases {
            let layer = critical_at(phi, 1.0).unwrap().layer;
            assert!(
                (layer.weight_variance.sqrt() - weight).abs() < 1e-5,
                "{layer:?}"
            );
            assert!(
                (layer.bias_variance.sqrt() - bias).abs() < 1e-5,
                "{layer:?}"
            );
        }
    }

    #[test]
    fn sigmoid_is_critical_only_where_it_saturates() {
        assert!(matches!(
            critical_at(Activation::Sigmoid, 1.0),
            Err(TheoryError::NoCriticalPoint { bias_variance, .. }) if (bias_variance + 5.54).abs() < 0.01
        ));
        let found = critical(Activation::Sigmoid, 0.0, SearchParams::default()).unwrap();
        assert!(
            (found.layer.weight_variance.sqrt() - 10.1493).abs() < 1e-4,
            "{found:?}"
        );
        assert!((found.q - 45.62).abs() < 0.01 && (found.variance_slope - 0.060).abs() < 1e-3);
    }

    #[test]
    fn without_bias_the_limit_of_small_variance() {
        for (phi, weight) in [
            (Activation::Tanh, 1.0),
            (Activation::Relu, 2.0),
            (Activation::Gelu, 4.0),
        ] {
            let found = critical(phi, 0.0, SearchParams::default()).unwrap();
            assert!(
                (found.layer.weight_variance - weight).abs() < 1e-12,
                "{found:?}"
            );
        }
        assert!(matches!(
            critical(Activation::Relu, 0.1, SearchParams::default()),
            Err(TheoryError::NoCriticalWeight { .. })
        ));
    }
}
