//! Layer-sequential unit variance (Mishkin and Matas 2015): orthogonal weights, each layer's divided
//! by the standard deviation of its output on one batch, in the order in which they compute.

use super::network::Network;
use super::parameters::Parameters;
use super::pass::Pass;
use super::signal::Signal;
use burn::module::{Module as _, Param};
use burn::tensor::Tensor;
use isograd_core::describe::network::Init;
use isograd_core::describe::{Node, NodeId, Op};
use std::sync::{Arc, Mutex};

/// Factors found while a batch passes through the network: what is behind a layer sees its scaled
/// output, so one pass is enough for all.
#[derive(Debug, Default)]
pub struct Calibration(Mutex<Vec<(NodeId, f64)>>);

impl Calibration {
    /// The node's output with its weights scaled; the output itself where there is nothing to do.
    pub(super) fn scale(&self, node: &Node, y: Signal, own: Option<&Parameters>) -> Signal {
        let Some((tolerance, iterations)) = asked(&node.op) else {
            return y;
        };
        let bias = match own {
            Some(Parameters::Dense(p)) => p.bias.as_ref(),
            Some(Parameters::Conv1d(p)) => p.bias.as_ref(),
            Some(Parameters::Conv2d(p)) => p.bias.as_ref(),
            _ => return y,
        };
        let bias = bias.map(Param::val);
        let mut y = y;
        let mut factor = 1.0;
        for _ in 0..iterations {
            let now = variance(&y);
            if !now.is_finite() || now <= 0.0 || (now - 1.0).abs() < tolerance {
                break;
            }
            let by = now.sqrt().recip();
            factor *= by;
            // W is scaled, b is not: (y − b)·by + b.
            y = match y {
                Signal::Flat(y) => Signal::Flat(rescaled(y, bias.clone(), 1, by)),
                Signal::Sequence(y) => Signal::Sequence(rescaled(y, bias.clone(), 2, by)),
                Signal::Image(y) => Signal::Image(rescaled(y, bias.clone(), 1, by)),
            };
        }
        if let Ok(mut factors) = self.0.lock() {
            factors.push((node.id, factor));
        }
        y
    }
}

/// Tolerance and most iterations of a node with such weights.
fn asked(op: &Op) -> Option<(f64, usize)> {
    match op {
        Op::Dense {
            init: Init::Lsuv {
                tolerance,
                iterations,
            },
            ..
        }
        | Op::Conv1d {
            init: Init::Lsuv {
                tolerance,
                iterations,
            },
            ..
        }
        | Op::Conv2d {
            init: Init::Lsuv {
                tolerance,
                iterations,
            },
            ..
        } => Some((*tolerance, *iterations)),
        _ => None,
    }
}

fn rescaled<const D: usize>(
    y: Tensor<D>,
    bias: Option<Tensor<1>>,
    axis: usize,
    by: f64,
) -> Tensor<D> {
    match bias {
        None => y * by,
        Some(bias) => {
            let mut shape = [1; D];
            shape[axis] = bias.dims()[0];
            let bias = bias.reshape(shape);
            (y - bias.clone()) * by + bias
        }
    }
}

/// Variance over the batch, all units and positions.
fn variance(y: &Signal) -> f64 {
    let values: Vec<f64> = y.clone().into_rows().into_data().iter().collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count
}

/// Prepares the layers whose weights a batch decides; the network as it is where there are none.
///
/// `batch` gives the rows of one training batch on no autodiff device, `pass` how they go through
/// (a probe, which leaves no trace).
pub fn lsuv(network: Network, batch: impl FnOnce() -> Tensor<2>, pass: Pass) -> Network {
    let nodes = &network.frame.plan.nodes;
    if !nodes.iter().any(|node| asked(&node.op).is_some()) {
        return network;
    }
    let calibration = Arc::new(Calibration::default());
    let pass = Pass {
        calibrate: Some(calibration.clone()),
        ..pass
    };
    network.valid().forward(batch(), &pass);
    let factors = calibration.0.lock().map(|f| f.clone()).unwrap_or_default();
    let frame = network.frame.clone();
    let mut network = network;
    for (id, parameters) in &mut network.parameters {
        let Some((_, factor)) = factors.iter().find(|(node, _)| node == id) else {
            continue;
        };
        let trained = !frame.plan.nodes[*id].frozen;
        // Where the weights are made with a gain, it is the gain that scales them.
        match parameters {
            Parameters::Dense(p) => match &mut p.gain {
                Some(gain) => *gain = scaled(gain, *factor, trained),
                None => p.weight = scaled(&p.weight, *factor, trained),
            },
            Parameters::Conv1d(p) => match &mut p.gain {
                Some(gain) => *gain = scaled(gain, *factor, trained),
                None => p.weight = scaled(&p.weight, *factor, trained),
            },
            Parameters::Conv2d(p) => match &mut p.gain {
                Some(gain) => *gain = scaled(gain, *factor, trained),
                None => p.weight = scaled(&p.weight, *factor, trained),
            },
            _ => {}
        }
    }
    network
}

fn scaled<const D: usize>(
    weight: &Param<Tensor<D>>,
    factor: f64,
    trained: bool,
) -> Param<Tensor<D>> {
    let value = weight.val().detach() * factor;
    Param::from_tensor(value.detach()).set_require_grad(trained)
}
