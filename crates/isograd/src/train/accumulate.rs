//! Loss and gradients of one step, from one batch or from several after each other.

use super::evaluate::{rows_tensor, scalar};
use super::loss::Loss;
use super::step::Collected;
use crate::data::Batch;
use crate::nn::{Cuts, Network, Pass};
use burn::tensor::{DType, Device};

/// What a step is computed from.
pub(super) struct Source<'a> {
    pub(super) network: &'a Network,
    /// Where it is cut for gradient checkpointing.
    pub(super) cuts: &'a Cuts,
    pub(super) loss: &'a Loss,
    pub(super) device: &'a Device,
    pub(super) dtype: DType,
    /// Collects the weights beside their gradients.
    pub(super) weights: bool,
}

/// Loss and gradients of one step.
pub(super) struct Gathered {
    pub(super) loss: f64,
    /// Factor to one example's own loss, as [`super::loss::LossValue::per_example`].
    pub(super) per_example: f64,
    pub(super) gradients: Collected,
}

impl Source<'_> {
    /// Forward and backward through each batch; a batch counts as many times as it has examples
    /// where the loss is a mean, so that the sum is the loss of all `examples` together. `None`
    /// without a batch.
    pub(super) fn gather(
        &self,
        batches: impl IntoIterator<Item = (Batch, Pass)>,
        examples: usize,
    ) -> Option<Gathered> {
        let mut all: Option<Gathered> = None;
        for (batch, pass) in batches {
            let rows = batch.targets.len();
            let share = if self.loss.is_mean() {
                rows as f64 / examples as f64
            } else {
                1.0
            };
            let elements = self.network.plan().input.elements();
            let x = rows_tensor(batch.inputs, elements, self.device, self.dtype);
            let (y, pieces) = self.network.forward_in_pieces(x, &pass, self.cuts);
            let found = self.loss.evaluate(y, &batch.targets);
            let value = if share == 1.0 {
                found.value
            } else {
                found.value.mul_scalar(share)
            };
            let loss = scalar(&value.clone().inner());
            let mut parts = Vec::with_capacity(self.cuts.pieces());
            pieces.backward(&value, |nodes, gradients| {
                let part = Collected::take_nodes(self.network, nodes, gradients, self.weights);
                parts.push(part);
            });
            let gradients = Collected::joined(parts);
            match &mut all {
                Some(all) => {
                    all.loss += loss;
                    all.gradients.add(gradients);
                }
                None => {
                    all = Some(Gathered {
                        loss,
                        per_example: found.per_example / share,
                        gradients,
                    });
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::data::Part;
    use crate::nn::Build;
    use crate::session::prepare;
    use crate::train::judges;
    use burn::module::{Module, ModuleMapper, Param};
    use burn::tensor::Tensor;
    use isograd_core::describe::Document;
    use std::path::Path;

    struct Double;

    impl ModuleMapper for Double {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|x| x.cast(DType::F64).detach().require_grad())
        }
    }

    /// Loss, factor to one example and gradients of the first 22 rows in batches of this size.
    fn gathered(loss: &str, batch: usize) -> (f64, f64, Vec<f64>) {
        let text = format!(
            "[data]\nsource = {{ name = \"blobs\", samples = 64, classes = 3 }}\n\
             [network]\nlayers = [{{ dense = 7 }}, \"tanh\", \"layer_norm\", {{ dense = \"classes\" }}]\n\
             [train]\nloss = {loss}\noptimizer = \"sgd\"\n"
        );
        let document = Document::parse(&text, Path::new("a.toml")).unwrap();
        let prepared = prepare(&document, None).unwrap();
        let device = Device::flex().autodiff();
        let network = Build::new(3, device.clone())
            .network(&prepared.plan)
            .map(&mut Double);
        let part: &Part = &prepared.data.train;
        let rows: Vec<u32> = (0..22).collect();
        let batches = rows
            .chunks(batch)
            .map(|rows| (part.batch(rows), Pass::train(1, 0)));
        let (loss, _) = judges(&prepared).unwrap();
        let source = Source {
            network: &network,
            cuts: &Cuts::none(),
            loss: &loss,
            device: &device,
            dtype: DType::F64,
            weights: false,
        };
        let found = source.gather(batches, rows.len()).unwrap();
        let values = found.gradients.values();
        (found.loss, found.per_example, values)
    }

    #[test]
    fn several_batches_are_one_large_batch() {
        for loss in [
            "\"cross_entropy\"",
            "{ name = \"mse\", reduction = \"sum\" }",
            "{ name = \"cross_entropy\", class_weights = \"balanced\", label_smoothing = 0.1 }",
        ] {
            let (whole, factor, gradients) = gathered(loss, 22);
            // 11 twice, 5 four times and 2, 8 twice and 6.
            for batch in [11, 5, 8] {
                let (sum, own, parts) = gathered(loss, batch);
                assert!(
                    (sum / whole - 1.0).abs() < 1e-12,
                    "{loss} {batch}: {sum} {whole}"
                );
                assert!((own / factor - 1.0).abs() < 1e-12, "{own} {factor}");
                let largest = gradients.iter().fold(0.0f64, |m, g| m.max(g.abs()));
                assert!(largest > 1e-3 && gradients.len() == parts.len());
                for (a, b) in parts.iter().zip(&gradients) {
                    assert!((a - b).abs() < 1e-6 * largest, "{loss} {batch}: {a} {b}");
                }
            }
        }
    }
}
