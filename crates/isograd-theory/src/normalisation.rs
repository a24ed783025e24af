//! Growth of ‖δ‖² per layer in plain networks with a normalisation in front of every activation.
//!
//! The scale of the weights drops out: what normalisation does to the gradient is a property of φ
//! alone, and no initialisation changes it.

use crate::{Activation, Gaussian};

/// The law behind a normalisation with scale 1 and shift 0.
const UNIT: Gaussian = Gaussian {
    mean: 0.0,
    variance: 1.0,
};

/// Large-batch batch normalisation: E\[φ′²\]/Var\[φ\] (Yang et al. 2019, §3, with inputs that are
/// uncorrelated behind the normalisation); its root is the factor on G. ReLU: π/(π − 1), so that a
/// gradient grows by 1.2112 a layer on its way back. Small batches are worse.
pub fn batch_norm_rate(phi: Activation) -> f64 {
    let mean = phi.mean(UNIT);
    phi.slope_square(UNIT) / (phi.second_moment(UNIT) - mean * mean)
}

/// Layer normalisation over many units: E\[φ′²\]/E\[φ²\], for it divides by the second moment over
/// units, in which the mean of φ counts. ReLU: 1.
pub fn layer_norm_rate(phi: Activation) -> f64 {
    phi.slope_square(UNIT) / phi.second_moment(UNIT)
}

#[cfg(test)]
mod tests {
    use super::{batch_norm_rate, layer_norm_rate};
    use crate::Activation;
    use std::f64::consts::PI;

    #[test]
    fn rates_are_the_published_ones() {
        assert!((batch_norm_rate(Activation::Relu) - PI / (PI - 1.0)).abs() < 1e-13);
        let cases = [
            (Activation::Identity, 1.0, 1.0),
            (Activation::Sigmoid, 1.033_59, 0.152_83),
            (Activation::Tanh, 1.177_81, 1.177_81),
            (Activation::Softsign, 1.244_01, 1.244_01),
            (Activation::LeakyRelu { slope: 0.25 }, 1.202_67, 1.0),
            (Activation::Elu { alpha: 1.0 }, 1.079_01, 1.035_90),
            (Activation::Gelu, 1.318_84, 1.072_03),
            (Activation::Silu, 1.212_08, 1.066_63),
            (Activation::Mish, 1.214_26, 1.059_12),
            (Activation::Softplus, 1.080_53, 0.318_46),
        ];
        let mut failing = Vec::new();
        for (phi, batch, layer) in cases {
            let found = (batch_norm_rate(phi), layer_norm_rate(phi));
            if (found.0 - batch).abs() > 6e-6 || (found.1 - layer).abs() > 6e-6 {
                failing.push((phi.name(), found));
            }
        }
        assert!(failing.is_empty(), "{failing:?}");
    }
}
