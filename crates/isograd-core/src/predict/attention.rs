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
//! Backward each of δ's steps goes to the values with the same weights, eˢ/T of the energy for
//! gradients that are independent from step to step; and to queries and keys through the scores,
//! whose derivative is w·(δ·v − its mean): energies eˢ/T·E\[v²\]·k and eˢ/T·E\[v²\]·q, v without what
//! the steps share.

use super::backward::Backward;
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

impl Attention {
    /// Signal, backward pass, and the variance of the scores between keys.
    pub(super) fn pass(self, x: Signal, memory: Signal) -> (Signal, Backward, f64) {
        let fans = |input| Fans {
            taps: 1.0,
            input,
            output: self.features,
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
        let inverse = (self.inverse_steps(scores.exp()) / (1.0 - self.rate)).min(1.0);
        let (mixed, _) = pool::average(v, inverse);
        let out = mixed.weighted(self.features, output, bias);

        let of = |w: Moments, inputs: f64| inputs * w.variance;
        let mut through = v.spread * k.square * of(query, self.features);
        if !self.cross {
            through += of(value, self.from) + v.spread * q.square * of(key, self.from);
        }
        let energy = of(output, self.features) * inverse * through;
        let pass = Backward {
            energy,
            from_sum: 0.0,
            to_sum: energy,
            sum: 0.0,
            ln_variance: 4.0 / self.features.max(1.0),
        };
        (out, pass, scores)
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
