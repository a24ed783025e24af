//! The probes at both ends of a training, and weights that a batch decides.

use super::super::PROBE_EXAMPLES;
use super::super::evaluate::rows_tensor;
use super::Fit;
use crate::data::probe_rows;
use crate::nn::{Mode, Network, Pass, lsuv};
use crate::probe::{Detail, Reader, Recorder, WeightRow, weight_norms};
use crate::session::Prepared;
use burn::tensor::{DType, Device};
use isograd_core::trace::quantity::Row;
use isograd_core::trace::{Network as Whole, Record, RecordKind};
use std::sync::Arc;
use std::time::Instant;

impl Fit<'_> {
    /// Measures everything on distinct training examples, without an update.
    pub(super) fn probe(&mut self) {
        let begun = Instant::now();
        let rows = probe_rows(self.seed, self.part().len(), PROBE_EXAMPLES);
        let recorder = Arc::new(Recorder::new(self.network(), Detail::Full));
        let (mut losses, mut batches, mut factor) = (0.0, 0.0, 1.0);
        let mut first: Option<(f64, Vec<(usize, f64)>)> = None;
        // Batches of the size of training: batch statistics are what they are there.
        for rows in rows.chunks(self.spec().batch) {
            let batch = self.part().batch(rows);
            let pass = Pass {
                mode: Mode::Probe,
                ..Pass::train(self.seed, self.step)
            };
            let examples = rows.len();
            let watched = pass.watched(recorder.clone());
            let Some(mut found) = self.source().gather([(batch, watched)], examples) else {
                continue;
            };
            losses += found.loss;
            batches += 1.0;
            factor = found.per_example;
            if first.is_none() {
                if let Some(network) = &self.network {
                    let gradients = &mut found.gradients;
                    let roster = gradients.enlist(network, &self.places, &mut self.optimizer);
                    gradients.penalise(&self.penalties, roster);
                }
                let norms = found.gradients.norms();
                let global = norms.iter().map(|(_, n)| n * n).sum::<f64>().sqrt();
                first = Some((global, norms));
            }
        }
        let mut rows = Reader::of(&recorder).rows(&mut recorder.collect(factor));
        let (global, gradients) = first.unwrap_or_default();
        self.probe_weights(&gradients, &mut rows);
        let lr = self.optimizer.lr_at(self.step) * self.schedule.factor(self.step);
        let record = Record {
            step: self.step,
            kind: RecordKind::Probe,
            network: Whole {
                loss: losses / batches,
                lr,
                global_norm: global,
                clipped_norm: global,
            },
            rows: Arc::new(rows),
        };
        self.record(record, None, Vec::new());
        self.pace.probe(begun.elapsed().as_secs_f64());
    }

    fn probe_weights(&self, gradients: &[(usize, f64)], rows: &mut [Row]) {
        let now = weight_norms(self.network());
        let measured: Vec<(usize, WeightRow)> = gradients
            .iter()
            .map(|&(place, gradient)| {
                let row = WeightRow {
                    gradient: Some(gradient),
                    norm: now[place],
                    ..WeightRow::default()
                };
                (place, row)
            })
            .collect();
        self.weights.fill(&measured, rows);
    }
}

/// The network with those weights set that one batch, the first of training, decides.
pub(super) fn calibrated(network: Network, prepared: &Prepared, seed: u64) -> Network {
    let part = &prepared.data.train;
    let batch = || {
        let mut rows = prepared.data.order(seed, 0);
        rows.truncate(prepared.description.train.batch);
        let inputs = part.batch(&rows).inputs;
        rows_tensor(inputs, part.elements, &Device::flex(), DType::F32)
    };
    let pass = Pass {
        mode: Mode::Probe,
        ..Pass::train(seed, 0)
    };
    lsuv(network, batch, pass)
}
