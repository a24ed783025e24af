//! What is normal: the limits that several rules share, each with its derivation.

use super::context::{is_weighted, outermost};
use crate::describe::{NodeId, Plan};
use statrs::distribution::{Binomial, ContinuousCDF as _, DiscreteCDF as _, Normal};
use statrs::function::erf::erfc_inv;

/// Probability with which a network that is as it should be crosses a limit that is a quantile, for
/// one rule at one place.
pub(super) const FALSE_ALARM: f64 = 1e-3;

/// Ratio of G over the depth at which the far half of the layers hardly takes part, in dB.
///
/// One small step of gradient descent lowers the loss by lr·Σ_ℓ ‖∂L/∂W_ℓ‖², and ‖∂L/∂W_ℓ‖ goes as
/// G_ℓ. Where G falls by a constant factor a layer and by R over the depth, the half of the layers
/// with the smaller gradients contributes R / (1 + R) of that sum (half the depth is a factor √R in
/// G, R in its square). At R = 0.01, −40 dB, it contributes less than 1 %: the network learns as if
/// that half were frozen.
pub(super) const DEPTH_DB: f64 = 40.0;

/// The same at R = 0.1: a share below 10 %, which counts only together with a loss that stays where
/// it is and an optimiser that does not rescale gradients.
pub(super) const WEAK_DEPTH_DB: f64 = 20.0;

/// Ratio of G beyond which an update at the small end is lost in the rounding of `f32` even where
/// the update at the large end is as large as the weights: 20·log₁₀(2⁻²⁴).
pub(super) const ROUNDING_DB: f64 = -144.494_397_918_71;

/// c in the variance Σ c/n of ln G²: for Gaussian weights the squared norm is multiplied, a layer,
/// by a mean of n terms φ′²·z² relative to their expectation, with variance
/// (3·E[φ′⁴]/E[φ′²]² − 1)/n. That is 2/n where φ′ is constant and 5/n for ReLU, whose kurtosis of
/// slopes, 2, is the largest of the activations at hand (Hanin and Nica 2018, Products of many large
/// random matrices, theorem 1: log-normal with β = 5·Σ 1/n).
const LOG_VARIANCE: f64 = 5.0;

/// How far G may wander over the depth by the chance of its random weights alone, in dB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Band {
    /// Lower end of 20·log₁₀(G_first/G_last) for a critical network.
    pub low_db: f64,
    /// Its upper end.
    pub high_db: f64,
}

impl Band {
    /// The band between the first and the last of `points`. With β = Σ c/n over the weights between
    /// them, ln G² is normal with mean −β/2 and variance β.
    pub(super) fn between(plan: &Plan, points: &[NodeId]) -> Self {
        let (Some(&first), Some(&last)) = (points.first(), points.last()) else {
            return Self {
                low_db: 0.0,
                high_db: 0.0,
            };
        };
        // A residual block adds one random term to the identity: counted as one layer.
        let mut counted = Vec::new();
        let mut beta = 0.0;
        for node in plan.nodes.iter().filter(|n| is_weighted(&n.op)) {
            let outer = outermost(&plan.nodes, node.id);
            if outer > first && outer <= last && !counted.contains(&outer) {
                counted.push(outer);
                beta += LOG_VARIANCE / node.output.units().max(1) as f64;
            }
        }
        let to_db = 10.0 / std::f64::consts::LN_10;
        let spread = normal_quantile(FALSE_ALARM) * beta.sqrt();
        Self {
            low_db: to_db * (-beta / 2.0 - spread),
            high_db: to_db * (spread - beta / 2.0).max(0.0),
        }
    }

    /// Below what a ratio in dB has vanished: beyond both the band and a derived limit.
    pub(super) fn vanished(self, limit_db: f64) -> f64 {
        self.low_db.min(-limit_db)
    }

    /// Above what a ratio in dB has exploded.
    pub(super) fn exploded(self, limit_db: f64) -> f64 {
        self.high_db.max(limit_db)
    }
}

/// The point that a standard normal variable exceeds with probability `tail`.
pub(super) fn normal_quantile(tail: f64) -> f64 {
    std::f64::consts::SQRT_2 * erfc_inv(2.0 * tail)
}

/// Standard normal distribution function.
pub(super) fn normal_cdf(x: f64) -> f64 {
    Normal::standard().cdf(x)
}

/// Probability that at least `share` of `units` has a property that each has with probability
/// `null`; 1 where nothing can be said.
pub(super) fn binomial_tail(share: f64, units: usize, null: f64) -> f64 {
    let count = (share * units as f64).round();
    if !(count > 0.0 && null >= 0.0) {
        return 1.0;
    }
    match Binomial::new(null.min(1.0), units as u64) {
        Ok(binomial) => binomial.sf(count as u64 - 1),
        Err(_) => 1.0,
    }
}
