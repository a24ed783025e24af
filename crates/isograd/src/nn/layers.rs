//! Blocks for a model of one's own, without a description.

use super::batch_norm::BatchNorm;
use super::conv2d::Conv2d;
use super::dense::Dense;
use super::init::{Fans, sample};
use super::layer_norm::LayerNorm;
use super::rms_norm::RmsNorm;
use burn::module::{Param, RunningState};
use burn::tensor::{Device, Tensor, TensorData};
use isograd_core::describe::network::Init;
use isograd_core::random::{Purpose, stream};
use std::sync::atomic::{AtomicU64, Ordering};

/// What the weights of a new block are drawn by, until `initialise` draws them by another rule.
const GLOROT: Init = Init::GlorotUniform { gain: 1.0 };

/// Blocks made so far: each has a stream of its own.
static MADE: AtomicU64 = AtomicU64::new(0);

fn drawn<const D: usize>(dims: [usize; D], fans: Fans, device: &Device) -> Param<Tensor<D>> {
    let made = MADE.fetch_add(1, Ordering::Relaxed);
    let mut stream = stream(0, Purpose::Init, "a new block", made);
    let values = sample(&GLOROT, &dims, fans, &mut stream);
    let data = TensorData::new(values, dims).convert::<f32>();
    Param::from_tensor(Tensor::from_data(data, device))
}

fn zeros(units: usize, device: &Device) -> Param<Tensor<1>> {
    Param::from_tensor(Tensor::zeros([units], device))
}

fn ones(units: usize, device: &Device) -> Param<Tensor<1>> {
    Param::from_tensor(Tensor::ones([units], device))
}

impl Dense {
    /// Weights by Glorot's rule, in the order in which a program makes its blocks;
    /// [`initialise`](super::initialise) draws those of a whole model by seed and path. Biases are
    /// zero.
    pub fn new(inputs: usize, units: usize, device: &Device) -> Self {
        let fans = Fans {
            fan_in: inputs,
            fan_out: units,
        };
        Self {
            weight: drawn([inputs, units], fans, device),
            bias: Some(zeros(units, device)),
            gain: None,
        }
    }
}

impl Conv2d {
    /// Weights by Glorot's rule, biases zero: see [`Dense::new`].
    pub fn new(channels: usize, filters: usize, kernel: [usize; 2], device: &Device) -> Self {
        let area = kernel[0] * kernel[1];
        let fans = Fans {
            fan_in: channels * area,
            fan_out: filters * area,
        };
        Self {
            weight: drawn([filters, channels, kernel[0], kernel[1]], fans, device),
            bias: Some(zeros(filters, device)),
            gain: None,
        }
    }
}

impl BatchNorm {
    /// Scale and running variance 1, shift and running mean 0.
    pub fn new(units: usize, device: &Device) -> Self {
        Self {
            gamma: ones(units, device),
            beta: zeros(units, device),
            running_mean: RunningState::new(Tensor::zeros([units], device)),
            running_var: RunningState::new(Tensor::ones([units], device)),
        }
    }
}

impl LayerNorm {
    /// Scale 1, shift 0.
    pub fn new(elements: usize, device: &Device) -> Self {
        Self {
            gamma: ones(elements, device),
            beta: zeros(elements, device),
        }
    }
}

impl RmsNorm {
    /// Scale 1.
    pub fn new(elements: usize, device: &Device) -> Self {
        Self {
            gamma: Some(ones(elements, device)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::nn::initialise;
    use burn::module::Module;
    use burn::nn::conv::{Conv1dConfig, ConvTranspose2dConfig};
    use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};

    #[derive(Module, Debug)]
    struct Mixed {
        table: Embedding,
        stem: Linear,
        body: Vec<Dense>,
        norm: BatchNorm,
        image: Conv2d,
        signal: burn::nn::conv::Conv1d,
        up: burn::nn::conv::ConvTranspose2d,
    }

    fn mixed(device: &Device) -> Mixed {
        Mixed {
            table: EmbeddingConfig::new(9, 4).init(device),
            stem: LinearConfig::new(40, 60).init(device),
            body: (0..2).map(|_| Dense::new(50, 50, device)).collect(),
            norm: BatchNorm::new(7, device),
            image: Conv2d::new(20, 30, [3, 3], device),
            signal: Conv1dConfig::new(40, 20, 3).init(device),
            up: ConvTranspose2dConfig::new([16, 24], [3, 3]).init(device),
        }
    }

    fn list<const D: usize>(x: &Param<Tensor<D>>) -> Vec<f64> {
        x.val().into_data().iter::<f64>().collect()
    }

    /// Σw²/n times the fan-in, for He's rule 2.
    fn scaled<const D: usize>(x: &Param<Tensor<D>>, fan_in: usize) -> f64 {
        let values = list(x);
        values.iter().map(|w| w * w).sum::<f64>() / values.len() as f64 * fan_in as f64
    }

    #[test]
    fn weights_of_every_kind_have_the_variance_of_their_fan_in() {
        let device = Device::flex().autodiff();
        let before = mixed(&device);
        let init = "he_normal".parse().unwrap();
        let after = initialise(before.clone(), &init, 3);
        for (what, got) in [
            ("Linear", scaled(&after.stem.weight, 40)),
            ("Dense", scaled(&after.body[1].weight, 50)),
            ("Conv2d", scaled(&after.image.weight, 20 * 9)),
            ("Conv1d", scaled(&after.signal.weight, 40 * 3)),
            ("ConvTranspose2d", scaled(&after.up.weight, 16 * 9)),
        ] {
            // 2,400 draws or more: the variance has a relative deviation of √(2/2400) = 0.03.
            assert!((got / 2.0 - 1.0).abs() < 0.12, "{what}: {got}");
        }
        assert_eq!(list(&after.table.weight), list(&before.table.weight));
        assert_eq!(list(&after.norm.gamma), [1.0; 7]);
        assert!(
            list(after.stem.bias.as_ref().unwrap())
                .iter()
                .all(|b| *b == 0.0)
        );
        assert_ne!(list(&after.body[0].weight), list(&after.body[1].weight));
        assert!(after.stem.weight.is_require_grad());
        let again = initialise(mixed(&device), &init, 3);
        assert_eq!(list(&after.up.weight), list(&again.up.weight));
    }

    #[test]
    fn new_blocks_differ_and_frozen_weights_stay() {
        let device = Device::flex().autodiff();
        let (a, b) = (Dense::new(8, 8, &device), Dense::new(8, 8, &device));
        assert_ne!(list(&a.weight), list(&b.weight));
        let frozen = a.no_grad();
        let after = initialise(frozen.clone(), &"ones".parse().unwrap(), 1);
        assert_eq!(list(&after.weight), list(&frozen.weight));
    }
}
