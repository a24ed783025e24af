//! Networks that were trained before: read back and evaluated.

use super::evaluate::Judge;
use super::judges::{evaluation_batch, judges};
use super::{Score, TrainError};
use crate::data::Part;
use crate::nn::{Build, Network};
use crate::session::Prepared;
use crate::store::{self, StoreError};
use burn::tensor::Device;
use std::path::Path;

/// The network of a prepared description with the parameters that [`store::save`] wrote to `file`.
pub fn restore(prepared: &Prepared, file: &Path) -> Result<Network, StoreError> {
    let seed = prepared.description.seed;
    let mut network = Build::new(seed, Device::flex()).network(&prepared.plan);
    store::load(&mut network, file)?;
    Ok(network)
}

/// How good a network is on a part of the data, by the description's loss and metric.
pub fn evaluate(prepared: &Prepared, network: &Network, part: &Part) -> Result<Score, TrainError> {
    judged(prepared, |judge| judge.score(network, part))
}

/// Something said by the description's loss and metric.
fn judged<T>(prepared: &Prepared, say: impl FnOnce(&Judge<'_>) -> T) -> Result<T, TrainError> {
    let (loss, scoring) = judges(prepared)?;
    Ok(say(&Judge {
        loss: &loss,
        scoring: &scoring,
        batch: evaluation_batch(&prepared.description.train),
    }))
}

/// What a network puts out for the rows of a part.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// Row-major, in the targets' own unit where they were scaled; a row an example, or a row a step
    /// where there is a target at every step.
    pub values: Vec<f64>,
    /// Numbers a row.
    pub outputs: usize,
    /// Rows of an example: 1, or its steps.
    pub steps: usize,
    /// How good each row is, as the scores of [`Score`] say it of examples.
    pub scores: Vec<f32>,
}

/// The outputs of a network for every row of a part, in order.
pub fn predictions(
    prepared: &Prepared,
    network: &Network,
    part: &Part,
) -> Result<Predictions, TrainError> {
    let (values, outputs, scores) = judged(prepared, |judge| {
        let (values, outputs, _) = judge.predict(network, part);
        let scored = judge.scoring.score_rows(&values, outputs, &part.targets);
        (values, outputs, scored.scores)
    })?;
    let steps = prepared.data.shape.task.steps().max(1);
    let outputs = outputs / steps;
    let scaling = &prepared.data.target_scaling;
    let unscaled = values.iter().enumerate().map(|(i, &value)| {
        let value = f64::from(value);
        match scaling.len() {
            0 => value,
            n => scaling[i % outputs.max(1) % n].unscale(value),
        }
    });
    Ok(Predictions {
        values: unscaled.collect(),
        outputs,
        steps,
        scores,
    })
}
