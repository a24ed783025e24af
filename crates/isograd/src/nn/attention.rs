//! Multi-head attention (Vaswani et al. 2017).

use super::dense::{Dense, side_by_side};
use super::dropout::mask_like;
use super::pass::{Mode, Pass};
use burn::module::Module;
use burn::tensor::Tensor;
use isograd_core::describe::WeightForm;
use isograd_kernels::{self as kernel, Looks, Watch, attend, attend_to_self};

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
    /// softmax(Q Kᵀ / √d) V of every head, then `output`, which `watch` sees.
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
        watch: Option<Watch>,
    ) -> Tensor<3> {
        let AttentionOptions {
            heads,
            causal,
            rate,
        } = options;
        let [batch, steps, _] = x.dims();
        let keys = memory.as_ref().map_or(steps, |memory| memory.dims()[1]);
        let mask = (rate > 0.0 && pass.mode != Mode::Evaluate)
            .then(|| mask_like(&x, [batch, heads, steps, keys], rate, layer, pass));
        let looks = Looks { heads, causal };
        let mixed = match memory {
            None => {
                let all = side_by_side(&[&self.query, &self.key, &self.value], x);
                attend_to_self(all, mask, looks)
            }
            Some(memory) => {
                let memory = side_by_side(&[&self.key, &self.value], memory);
                attend(self.query.forward(x), memory, mask, looks)
            }
        };
        let seen = kernel::Dense {
            before: watch,
            ..kernel::Dense::default()
        };
        self.output.forward_then(mixed, WeightForm::Plain, seen)
    }
}
