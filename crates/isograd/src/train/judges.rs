//! What a description's training is judged by.

use super::TrainError;
use super::loss::{Loss, resolve_output};
use super::metric::{Scoring, default_metric, threshold};
use crate::session::Prepared;
use isograd_core::describe::Op;
use isograd_core::describe::train::{Reduction, TrainSpec};

/// Rows that are evaluated at a time where the loss is a plain mean.
const EVALUATION_BATCH: usize = 512;

/// Loss and metric of a prepared description.
pub(crate) fn judges(prepared: &Prepared) -> Result<(Loss, Scoring), TrainError> {
    let spec = &prepared.description.train;
    let data = &prepared.data;
    let last: Option<&Op> = prepared
        .plan
        .chain
        .last()
        .map(|&id| &prepared.plan.nodes[id].op);
    let output = resolve_output(spec.loss.on, last);
    let outputs = prepared.plan.output.elements();
    let loss = Loss::new(&spec.loss, output, outputs, data.shape.task, data.target)?
        .balanced(&data.train.targets);
    let scoring = Scoring {
        metric: spec
            .metric
            .unwrap_or_else(|| default_metric(data.shape.task)),
        threshold: threshold(spec.loss.kind, output),
        task: data.shape.task,
        target: data.target,
        unit: data
            .target_scaling
            .iter()
            .map(|s| s.divisor.unwrap_or(1.0))
            .collect(),
    };
    Ok((loss, scoring))
}

/// Rows evaluated at a time: many, unless the loss depends on how many.
pub(crate) fn evaluation_batch(spec: &TrainSpec) -> usize {
    let loss = &spec.loss;
    if loss.reduction == Reduction::Mean && !loss.pairwise && !loss.sum_over_batch {
        EVALUATION_BATCH
    } else {
        spec.batch
    }
}
