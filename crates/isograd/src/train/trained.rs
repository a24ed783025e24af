//! Networks that were trained before: read back and evaluated.

use super::evaluate::Judge;
use super::fit::{evaluation_batch, judges};
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
    let (loss, scoring) = judges(prepared)?;
    let judge = Judge {
        loss: &loss,
        scoring: &scoring,
        batch: evaluation_batch(&prepared.description.train),
    };
    Ok(judge.score(network, part))
}
