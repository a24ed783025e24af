//! One step of a training.

use super::super::accumulate::{Gathered, Source};
use super::super::step::{Collected, needs_weights};
use super::super::update::{Telling, Told, update_network};
use super::Fit;
use crate::nn::{Mode, Pass};
use crate::probe::Measured;
use burn::tensor::DType;
use isograd_core::trace::{Network as Whole, Record, RecordKind};
use std::sync::Arc;

impl Fit<'_> {
    /// One training step on these rows; its loss.
    pub(super) fn one_step(&mut self, rows: &[u32], watched: bool) -> f64 {
        let mut pass = Pass::train(self.seed, self.step);
        let recorder = self.recorder.clone();
        let held = watched.then(|| recorder.hold());
        if watched {
            self.recorder.look(self.watch.units_at(self.step));
            pass = pass.watched(self.recorder.clone());
        }
        let Some(Gathered {
            loss,
            per_example,
            mut gradients,
        }) = self.gather(rows, &pass)
        else {
            return f64::NAN;
        };
        drop(held);
        let spec = self.spec();
        let Some(network) = &self.network else {
            return loss;
        };
        let roster = gradients.enlist(network, &self.places, &mut self.optimizer);
        gradients.penalise(&self.penalties, roster);
        let clipped = gradients.clip(&spec.clip, roster);
        if let Some(clipped) = &clipped {
            self.clipping
                .enter(clipped.norm_before, clipped.norm_after, clipped.any);
            let by_tensor = gradients.paths(roster).zip(clipped.tensors.iter().copied());
            self.clipping.enter_tensors(by_tensor);
        }
        let mut measured = watched.then(|| self.recorder.collect(per_example));
        let known = clipped.as_ref().map_or(0.0, |clipped| clipped.norm_before);
        if !(loss.is_finite() && known.is_finite()) {
            measured = measured.or_else(|| self.look_again(rows, per_example));
        }
        let lr = self.optimizer.advance() * self.schedule.factor(self.step);
        let lr = self.range.map_or(lr, |range| range.rate(self.step));
        let norm = clipped.is_none() && self.watch.norm;
        let hold = norm && measured.is_none() && !self.provenance_known;
        let Told {
            norm: whole,
            rows: mut weights,
            held,
        } = self.update(gradients, lr, norm, measured.is_some(), hold);
        if !held.is_empty() {
            // The others have moved, which is seldom what a number that is none depends on.
            measured = measured.or_else(|| self.look_again(rows, per_example));
            let told = self.update(held, lr, false, measured.is_some(), false);
            weights.extend(told.rows);
        }
        let global_norm = clipped
            .as_ref()
            .map_or(whole, |clipped| clipped.norm_before);
        let known = norm || clipped.is_some();
        let clipped_norm = clipped.map_or(whole, |clipped| clipped.norm_after);
        let finite = loss.is_finite() && (global_norm.is_finite() || !known);
        self.provenance_known |= !finite;
        self.bad_in_a_row = if finite { 0 } else { self.bad_in_a_row + 1 };
        let record = Record {
            step: self.step,
            kind: RecordKind::Step,
            network: Whole {
                loss,
                lr,
                global_norm,
                clipped_norm,
            },
            rows: Arc::default(),
        };
        self.record(record, measured, weights);
        self.step += 1;
        self.recent.0 += loss;
        self.recent.1 += 1;
        loss
    }

    /// The first bad step says where the first bad number is, scheduled or not.
    fn look_again(&self, rows: &[u32], per_example: f64) -> Option<Measured> {
        if self.provenance_known {
            return None;
        }
        let pass = Pass {
            mode: Mode::Probe,
            ..Pass::train(self.seed, self.step)
        };
        self.gather(rows, &pass.watched(self.recorder.clone()));
        Some(self.recorder.collect(per_example))
    }

    /// Steps the network by these gradients.
    fn update(
        &mut self,
        gradients: Collected,
        lr: f64,
        norm: bool,
        rows: bool,
        hold: bool,
    ) -> Told {
        let network = self.network.take();
        let network = network.unwrap_or_else(|| unreachable!("taken only inside a step"));
        let telling = Telling {
            norm,
            rows: rows.then_some(&mut self.courses),
            hold,
        };
        let (network, told) = update_network(network, gradients, &mut self.optimizer, lr, telling);
        self.network = Some(network);
        told
    }

    /// Loss and gradients of one step on these rows, batch by batch. Each draws random numbers of its
    /// own.
    fn gather(&self, rows: &[u32], pass: &Pass) -> Option<Gathered> {
        let first = self.step * self.spec().accumulate as u64;
        let batches = rows.chunks(self.spec().batch).zip(first..);
        let batches = batches.map(|(rows, position)| {
            let batch = self.prepared.data.train_batch(rows, self.seed, position);
            let step = position;
            (
                batch,
                Pass {
                    step,
                    ..pass.clone()
                },
            )
        });
        self.source().gather(batches, rows.len())
    }

    pub(super) fn source(&self) -> Source<'_> {
        Source {
            network: self.network(),
            cuts: &self.cuts,
            loss: &self.loss,
            device: &self.device,
            dtype: DType::F32,
            weights: needs_weights(&self.penalties, &self.spec().clip),
        }
    }
}
