//! The gradient through time: how much of what is wrong at the last step reaches the states before it.

use crate::data::Targets;
use crate::nn::{Mode, Network, Pass};
use crate::train::loss::{Loss, LossError};
use burn::tensor::Tensor;
use isograd_core::describe::data::TargetKind;
use isograd_core::describe::recurrent::Cell;
use isograd_core::describe::train::{LossSpec, OutputKind};
use isograd_core::describe::{NodeId, Op, Shape, Task};
use isograd_kernels::{Direction, Moments, Sink, View, Want};
use std::sync::{Arc, Mutex, PoisonError};

/// ‖∂L/∂h_{T−k}‖ ÷ ‖∂L/∂h_T‖ against the lag k, L the loss at step T alone: of a loss summed over
/// steps every state has a part of its own, which hides the decay (Pascanu et al. 2013).
#[derive(Clone, Debug, PartialEq)]
pub struct ThroughTime {
    /// The recurrent node.
    pub node: NodeId,
    /// Of the states h, from lag 0 on.
    pub state: Vec<f64>,
    /// Of an LSTM's cells c, relative to ‖∂L/∂c_T‖.
    pub cell: Option<Vec<f64>>,
}

/// Why the gradient through time cannot be measured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThroughTimeError {
    /// The node is not recurrent.
    #[error("{0} has no states")]
    NoStates(String),
    /// Two directions have no last step in common.
    #[error("{0} reads in both directions, which have no last step in common")]
    BothDirections(String),
    /// The loss does not fit the network.
    #[error(transparent)]
    Loss(#[from] LossError),
}

/// What the loss of a measurement is.
#[derive(Clone, Debug)]
pub struct LastLoss<'a> {
    /// The loss of the description.
    pub spec: &'a LossSpec,
    /// What the outputs are to it.
    pub output: OutputKind,
    /// What the targets are.
    pub task: Task,
    /// How they are written.
    pub target: TargetKind,
}

/// Measures the gradient through the states of the recurrent node `node`, of the loss at the last
/// step where there is a target at every step, else of the loss as it is. The network's parameters
/// must be on an autodiff device; nothing of it changes.
///
/// # Shapes
///
/// - `x`: `[batch, elements]`
pub fn gradient_through_time(
    network: &Network,
    node: NodeId,
    x: Tensor<2>,
    targets: &Targets,
    loss: &LastLoss<'_>,
) -> Result<ThroughTime, ThroughTimeError> {
    let plan = network.plan();
    let name = || {
        plan.nodes
            .get(node)
            .map_or_else(String::new, |n| n.name.clone())
    };
    let found = plan.nodes.get(node).map(|n| (&n.op, n.input));
    let Some((Op::Recurrent { block, .. }, Shape::Sequence { steps, .. })) = found else {
        return Err(ThroughTimeError::NoStates(name()));
    };
    if block.bidirectional {
        return Err(ThroughTimeError::BothDirections(name()));
    }
    let seen = Arc::new(Energies(Mutex::new(vec![0.0; 2 * steps])));
    let pass = Pass {
        mode: Mode::Probe,
        states: Some((node, seen.clone())),
        ..Pass::evaluate()
    };
    let y = network.forward(x, &pass);
    let [batch, outputs] = y.dims();
    let (y, targets, task) = match (targets, loss.task) {
        (Targets::Steps { classes, steps }, Task::Steps { classes: of, .. }) => {
            let last = classes.chunks_exact(*steps).map(|c| c[steps - 1]).collect();
            let width = outputs / steps;
            let y = y.narrow(1, outputs - width, width);
            (
                y,
                Targets::Index(last),
                Task::Classification { classes: of },
            )
        }
        (targets, task) => (y, targets.clone(), task),
    };
    debug_assert_eq!(batch, targets.len());
    let judge = Loss::new(loss.spec, loss.output, y.dims()[1], task, loss.target)?;
    judge.evaluate(y, &targets).value.backward();
    let energies = seen.0.lock().unwrap_or_else(PoisonError::into_inner);
    let (state, cell) = energies.split_at(steps);
    Ok(ThroughTime {
        node,
        state: by_lag(state),
        cell: (block.cell == Cell::Lstm).then(|| by_lag(cell)),
    })
}

/// Norms from the last step back, relative to the last.
fn by_lag(energies: &[f64]) -> Vec<f64> {
    let last = energies.last().copied().unwrap_or(0.0);
    energies.iter().rev().map(|e| (e / last).sqrt()).collect()
}

/// ‖∂L/∂(what a site sees)‖².
struct Energies(Mutex<Vec<f64>>);

impl Sink for Energies {
    fn want(&self, _: usize, direction: Direction) -> Want {
        match direction {
            Direction::Forward => Want::Nothing,
            Direction::Backward => Want::Moments,
        }
    }

    fn receive(
        &self,
        site: usize,
        direction: Direction,
        _: usize,
        moments: Moments,
        _: Option<View<'_>>,
    ) {
        if direction == Direction::Backward {
            let mut energies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            energies[site] += moments.sum_squares;
        }
    }
}
