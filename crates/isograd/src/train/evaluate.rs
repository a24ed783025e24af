//! How good a network is on a part of the data.

use super::loss::Loss;
use super::metric::Scoring;
use super::options::Score;
use crate::data::Part;
use crate::nn::{Network, Pass};
use burn::tensor::{DType, Device, Tensor, TensorData};

/// Predictions of a network and what they are worth.
pub(crate) struct Judge<'a> {
    pub(crate) loss: &'a Loss,
    pub(crate) scoring: &'a Scoring,
    /// Rows evaluated at a time; the loss is the mean over these batches, weighted by their size.
    pub(crate) batch: usize,
}

impl Judge<'_> {
    /// Evaluates a network that is on no autodiff device (`Module::valid`).
    pub(crate) fn score(&self, network: &Network, part: &Part) -> Score {
        let (predictions, outputs, loss) = self.predict(network, part);
        let scored = self.scoring.score(&predictions, outputs, &part.targets);
        Score {
            loss,
            metric: scored.value,
            examples: part.len(),
            scores: scored.scores,
        }
    }

    /// Outputs for every row, row-major, how many an example, and the mean loss.
    pub(crate) fn predict(&self, network: &Network, part: &Part) -> (Vec<f32>, usize, f64) {
        let outputs = network.plan().output.elements();
        let mut predictions = Vec::with_capacity(part.len() * outputs);
        let mut loss = 0.0;
        let rows: Vec<u32> = (0..part.len() as u32).collect();
        for rows in rows.chunks(self.batch.max(1)) {
            let batch = part.batch(rows);
            let x = rows_tensor(batch.inputs, part.elements, &Device::flex(), DType::F32);
            let y = network.forward(x, &Pass::evaluate());
            let value = self.loss.evaluate(y.clone(), &batch.targets).value;
            loss += scalar(&value) * rows.len() as f64;
            predictions.extend(y.into_data().convert::<f32>().iter::<f32>());
        }
        (predictions, outputs, loss / part.len().max(1) as f64)
    }
}

/// Rows as a tensor `[rows, elements]`.
pub(crate) fn rows_tensor(
    values: Vec<f32>,
    elements: usize,
    device: &Device,
    dtype: DType,
) -> Tensor<2> {
    let rows = values.len() / elements.max(1);
    Tensor::from_data(TensorData::new(values, [rows, elements]), (device, dtype))
}

/// The one number of a tensor.
pub(crate) fn scalar(x: &Tensor<1>) -> f64 {
    x.to_data().iter::<f64>().next().unwrap_or(f64::NAN)
}
