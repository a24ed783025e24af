//! Multi-head attention (Vaswani et al. 2017).

use super::dense::Dense;
use super::dropout::drop_elements;
use super::pass::{Mode, Pass};
use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};

/// An attention's parameters, each a dense layer from features to features. Head h has columns
/// h·d … (h + 1)·d of queries, keys and values, d = features / heads.
#[derive(Module, Debug)]
pub struct Attention {
    /// What a step looks for.
    pub query: Dense,
    /// What a step is found by.
    pub key: Dense,
    /// What a step gives.
    pub value: Dense,
    /// Of all heads together.
    pub output: Dense,
}

/// The numbers of an attention that are not learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttentionOptions {
    /// Heads; they divide the features.
    pub heads: usize,
    /// A step sees itself and the steps before it only.
    pub causal: bool,
    /// Dropout of the attention weights.
    pub rate: f64,
}

impl Attention {
    /// softmax(Q Kᵀ / √d) V of every head, then `output`.
    ///
    /// # Shapes
    ///
    /// - `x` and the result: `[batch, steps, features]`
    /// - `memory`: `[batch, other steps, other features]`; default `x`
    pub fn forward(
        &self,
        x: Tensor<3>,
        memory: Option<Tensor<3>>,
        options: AttentionOptions,
        layer: &str,
        pass: &Pass,
    ) -> Tensor<3> {
        let AttentionOptions {
            heads,
            causal,
            rate,
        } = options;
        let [batch, steps, features] = x.dims();
        let width = features / heads.max(1);
        // Strides do: nothing is copied.
        let split = |y: Tensor<3>| {
            let length = y.dims()[1];
            y.reshape([batch, length, heads, width]).swap_dims(1, 2)
        };
        let memory = memory.unwrap_or_else(|| x.clone());
        // Scaled here, where numbers are fewer than in the scores.
        let query = split(self.query.forward(x) * (width as f64).sqrt().recip());
        let key = split(self.key.forward(memory.clone()));
        let value = split(self.value.forward(memory));

        let mut scores = query.matmul(key.swap_dims(2, 3));
        if causal {
            let mask = future(&scores);
            scores = scores + mask;
        }
        let mut weights = softmax(scores, 3);
        if rate > 0.0 && pass.mode != Mode::Evaluate {
            weights = drop_elements(weights, rate, layer, pass);
        }
        let mixed = weights.matmul(value).swap_dims(1, 2);
        self.output.forward(mixed.reshape([batch, steps, features]))
    }
}

/// What scores of steps to come are moved by: −∞, for weights of 0; `[1, 1, steps, keys]`.
fn future(scores: &Tensor<4>) -> Tensor<4> {
    let [_, _, steps, keys] = scores.dims();
    let mask: Vec<f32> = (0..steps)
        .flat_map(|step| (0..keys).map(move |key| if key > step { f32::NEG_INFINITY } else { 0.0 }))
        .collect();
    let mask = TensorData::new(mask, [1, 1, steps, keys]).convert_dtype(scores.dtype());
    Tensor::from_data(mask, (&scores.device(), scores.dtype()))
}
