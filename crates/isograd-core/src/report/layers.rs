//! Prediction and measurement of every layer, side by side.

use crate::describe::{NodeId, Plan};
use crate::diagnose::{Finding, Severity};
use crate::predict::Prediction;
use crate::trace::{Quantity, Record, Role, Trace, sites};

/// One layer, as people count them, before the first step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerRow {
    /// Name of the block with weights.
    pub name: String,
    /// Kinds of what follows it, in order, in the description's words.
    pub followed_by: Vec<&'static str>,
    /// Predicted gradient norm G of the layer's output, in the unit of the measured ones where the
    /// network's output was measured, else relative to the network's output.
    pub predicted_gradient: Option<f64>,
    /// Measured gradient norm G of the layer's output.
    pub gradient: Option<f64>,
    /// Measured root mean square of the layer's output.
    pub activation_rms: Option<f64>,
    /// Predicted second moment E\[x²\] of the layer's output.
    pub predicted_second_moment: Option<f64>,
    /// Measured mean cosine between the outputs of different examples.
    pub correlation: Option<f64>,
    /// The same, predicted.
    pub predicted_correlation: Option<f64>,
    /// Share of dead units of the layer's activation.
    pub dead_units: Option<f64>,
    /// Share of saturated units of the layer's activation.
    pub saturated_units: Option<f64>,
    /// ‖ΔW‖ / ‖W‖ at the last training step that was measured.
    pub update_ratio: Option<f64>,
    /// 20·log₁₀ of G at the layer's input over G at its output, predicted: the sum over its nodes.
    pub predicted_gain_db: Option<f64>,
}

/// One row a layer, in order. A trace without records gives the prediction alone.
pub fn rows(plan: &Plan, prediction: &Prediction, trace: &Trace) -> Vec<LayerRow> {
    let measured = Measured::new(trace);
    let output = plan.chain.last().copied();
    let scale = output.and_then(|n| measured.probe(n, Quantity::Gradient));
    plan.layers
        .iter()
        .map(|layer| {
            let predicted = prediction
                .nodes
                .get(layer.output)
                .copied()
                .unwrap_or_default();
            let gains = layer
                .nodes
                .iter()
                .map(|&n| prediction.nodes.get(n)?.gain_db);
            let probe = |node, quantity| measured.probe(node, quantity);
            let activation = |quantity| layer.activation.and_then(|n| probe(n, quantity));
            LayerRow {
                name: layer.name.clone(),
                followed_by: layer.nodes[1.min(layer.nodes.len())..]
                    .iter()
                    .map(|&n| sites::kind(&plan.nodes[n].op))
                    .collect(),
                predicted_gradient: predicted.gradient.map(|g| g * scale.unwrap_or(1.0)),
                gradient: probe(layer.output, Quantity::Gradient),
                activation_rms: probe(layer.output, Quantity::ForwardRms),
                predicted_second_moment: predicted.second_moment,
                correlation: probe(layer.output, Quantity::Correlation),
                predicted_correlation: predicted.correlation,
                dead_units: activation(Quantity::DeadUnits),
                saturated_units: activation(Quantity::SaturatedUnits),
                update_ratio: measured.last_step(layer.weights, Quantity::UpdateRatio),
                predicted_gain_db: gains.sum(),
            }
        })
        .collect()
}

/// The worst severity with which a finding names each layer or one of its nodes.
pub fn marks(plan: &Plan, findings: &[Finding]) -> Vec<Option<Severity>> {
    let names = |layer: &crate::describe::plan::Layer, word: &str| {
        layer.name == word || layer.nodes.iter().any(|&n| plan.nodes[n].name == word)
    };
    plan.layers
        .iter()
        .map(|layer| {
            let here = |f: &&Finding| f.layers.iter().any(|word| names(layer, word));
            findings.iter().filter(here).map(|f| f.severity).max()
        })
        .collect()
}

/// Finds numbers by node.
struct Measured<'a> {
    trace: &'a Trace,
    probe: Option<&'a Record>,
    step: Option<&'a Record>,
}

impl<'a> Measured<'a> {
    fn new(trace: &'a Trace) -> Self {
        Self {
            trace,
            probe: trace.first_probe(),
            step: trace.steps().rfind(|r| !r.rows.is_empty()),
        }
    }

    fn get(&self, record: Option<&Record>, node: NodeId, quantity: Quantity) -> Option<f64> {
        let is_output = |s: &crate::trace::Site| s.node == node && s.role == Role::Output;
        let site = self.trace.sites.iter().position(is_output)?;
        record?.rows.get(site)?.get(quantity)
    }

    fn probe(&self, node: NodeId, quantity: Quantity) -> Option<f64> {
        self.get(self.probe, node, quantity)
    }

    fn last_step(&self, node: NodeId, quantity: Quantity) -> Option<f64> {
        self.get(self.step, node, quantity)
    }
}
