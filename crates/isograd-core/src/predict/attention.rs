//! Sequences of vectors: embedding, positions, attention at initialisation.
//!
//! **Attention.** With queries and keys of second moments q and k the scores q·k/√(features/heads)
//! differ between two keys with variance s = q·(the part of k that differs from step to step): the
//! weights of a softmax over T such scores have Σw² = eˢ/T (E\[e²ˣ\]/E\[eˣ\]² of a Gaussian). A mean
//! of values with these weights keeps what the steps share, and of the rest eˢ/T: attention at
//! initialisation is near an average, and stacked without a path beside it makes all steps equal
//! (rank collapse, Dong et al. 2021). As in pooling, two steps of an example are taken to be as
//! correlated as two examples.
//!
//! Backward each of δ's steps goes to the values with the same weights: eˢ/T of the energy is left of
//! gradients that are independent from step to step, all of what they have in common; and what is left
//! is the same at all steps, so that layer by layer the gradients of the steps become one. To queries
//! and keys it goes through the scores, whose derivative is w·(δ·v − its mean): energies eˢ/T·E\[v²\]·k
//! and eˢ/T·E\[v²\]·q, v without what the steps share.

use super::backward::{Backward, Energy};
use super::pool;
use super::signal::{Form, Signal};
use super::weights::{Fans, Moments};
use crate::describe::network::Init;
use crate::describe::sinusoid;

/// Vectors looked up by ids; two examples have the same id at a step with probability `same`.
pub(super) fn embedded(vectors: Moments, same: f64) -> Signal {
    let square = vectors.variance + vectors.mean * vectors.mean;
    Signal {
        mean: vectors.mean,
        square,
        spread: vectors.variance * (1.0 - same),
        form: Form::Gaussian,
    }
}

/// The same vector for all examples is added at every step.
pub(super) fn placed(x: Signal, vectors: Moments) -> Signal {
    Signal {
        mean: x.mean + vectors.mean,
        square: x.square
            + 2.0 * x.mean * vectors.mean
            + vectors.mean * vectors.mean
            + vectors.variance,
        ..x
    }
}

/// Mean and variance of sines and cosines over steps and features.
pub(super) fn sinusoid_moments(steps: usize, features: usize) -> Moments {
    let values = sinusoid(steps, features);
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    Moments {
        mean,
        variance: values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n,
    }
}

/// What an attention is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attention {
    /// Features of a step.
    pub features: f64,
    /// Features of a step of the memory.
    pub from: f64,
    /// Steps of the keys.
    pub steps: usize,
    pub causal: bool,
    /// Keys and values are made from another block's output.
    pub cross: bool,
    pub rate: f64,
    pub init: Init,
    pub bias: Option<Init>,
    pub value_gain: f64,
}

/// What attention does to signal and gradient.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    /// What leaves it.
    pub out: Signal,
    /// Variance of the scores between keys.
    pub scores: f64,
    /// Energy through the values, if each step gave all to one; 0 for those of another block.
    values: f64,
    /// Energy through queries and keys, if each step looked at one.
    looks: f64,
    /// Mean over the queries of Σw²: what of a gradient is left that differs from step to step.
    inverse: f64,
    /// What of that is the same at all steps then.
    joined: f64,
    /// What is left of a gradient that is the same at all steps, and what of that is so still.
    common: (f64, f64),
    ln_variance: f64,
}

impl Flow {
    /// Energy for gradients that are independent from step to step.
    pub(super) fn apart(self) -> f64 {
        self.inverse * (self.values + self.looks)
    }

    /// The gradient in front of it.
    pub(super) fn apply(self, behind: Energy) -> Energy {
        let together = behind.steps * self.common.0;
        let apart = (1.0 - behind.steps) * self.inverse;
        let energy = self.values * (together + apart) + self.looks * self.inverse;
        let same = self.values * (together * self.common.1 + apart * self.joined);
        let pass = Backward {
            energy,
            from_sum: 0.0,
            to_sum: energy,
            sum: 0.0,
            ln_variance: self.ln_variance,
        };
        Energy {
            steps: if energy > 0.0 { same / energy } else { 0.0 },
            ..pass.apply(behind)
        }
    }
}

impl Attention {
    /// Signal forward and gradient backward, for what enters and what it looks at.
    pub(super) fn flow(self, x: Signal, memory: Signal) -> Flow {
        let fans = |input| Fans {
            output: self.features,
            ..Fans::square(input)
        };
        let moments = |init: Init, input| Moments::of(init, fans(input));
        let bias = self
            .bias
            .map_or_else(Moments::default, |b| moments(b, self.features));
        let strong = self.init.scaled(self.value_gain);
        let (query, key) = (
            moments(self.init, self.features),
            moments(self.init, self.from),
        );
        let (value, output) = (moments(strong, self.from), moments(strong, self.features));

        let q = x.weighted(self.features, query, bias);
        let k = memory.weighted(self.from, key, bias);
        let v = memory.weighted(self.from, value, bias);
        let scores = q.square * k.spread;
        let grown = scores.exp() / (1.0 - self.rate);
        let inverse = self.inverse_steps(grown);
        let (mixed, _) = pool::average(v, inverse);

        let of = |w: Moments, inputs: f64| inputs * w.variance;
        let back = of(output, self.features);
        let mut looks = v.spread * k.square * of(query, self.features);
        let mut values = 0.0;
        if !self.cross {
            looks += v.spread * q.square * of(key, self.from);
            values = of(value, self.from);
        }
        let steps = self.steps.max(1) as f64;
        let (common, joined) = if self.causal {
            // Of the key j all queries i ≥ j take 1/i.
            let mut taken = 0.0;
            let mut energy = 0.0;
            for step in (1..=self.steps).rev() {
                taken += 1.0 / step as f64;
                energy += taken * taken;
            }
            (
                (energy / steps, steps / energy.max(1.0)),
                1.0 / taken.max(1.0),
            )
        } else {
            ((1.0, 1.0), 1.0 / grown.max(1.0))
        };
        Flow {
            out: mixed.weighted(self.features, output, bias),
            scores,
            values: back * values,
            looks: back * looks,
            inverse,
            joined,
            common,
            ln_variance: 4.0 / self.features.max(1.0),
        }
    }

    /// Mean over the queries of Σw², `grown` times that of equal weights.
    fn inverse_steps(self, grown: f64) -> f64 {
        let of = |steps: usize| (grown / steps.max(1) as f64).min(1.0);
        if self.causal {
            (1..=self.steps).map(of).sum::<f64>() / self.steps.max(1) as f64
        } else {
            of(self.steps)
        }
    }
}
