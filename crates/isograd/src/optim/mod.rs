//! Optimisers that work on one flattened parameter at a time.
//!
//! Burn's own optimisers keep their state under random identifiers, clip each tensor by itself and
//! do not say what step they took. These key their state by the parameter's path, so that a run can
//! be resumed bit by bit, and hand back the step for the update ratio.

mod adadelta;
mod adagrad;
mod adam;
pub mod clip;
mod rmsprop;
mod sgd;
mod state;

#[cfg(test)]
mod tests;

pub use clip::{Clipped, clip};
pub use state::StateError;

use burn::tensor::Tensor;
use isograd_core::describe::train::{OptimizerKind, OptimizerSpec};
use state::{Slots, State};

/// What an optimiser does with one gradient.
trait Rule: std::fmt::Debug + Send {
    /// Names of the tensors it keeps for each parameter.
    fn slots(&self) -> &'static [&'static str];

    /// The step to *subtract* from the parameter, rate included, decoupled decay not.
    fn step(&self, now: Now, slots: &mut Slots<'_>, gradient: Tensor<1>) -> Tensor<1>;

    /// λ of a decay lr·λ·w of the matrices that passes the gradient by.
    fn decoupled_decay(&self) -> f64 {
        0.0
    }

    /// λ of a decay λ·w that is added to every gradient.
    fn coupled_decay(&self) -> f64 {
        0.0
    }
}

/// Where training stands.
#[derive(Clone, Copy, Debug)]
struct Now {
    /// Learning rate of this step.
    lr: f64,
    /// Number of this step, from 1.
    step: u64,
}

/// A parameter after its step.
#[derive(Clone, Debug)]
pub struct Stepped {
    /// Its new values.
    pub parameter: Tensor<1>,
    /// ΔW of this step, decoupled decay left out; where it was asked for.
    pub moved: Option<Tensor<1>>,
}

/// An optimiser with its state.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use isograd::optim::Optimizer;
/// use isograd_core::describe::train::{OptimizerKind, OptimizerSpec};
///
/// let kind = OptimizerKind::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 };
/// let spec = OptimizerSpec { kind, lr: 0.5, decay: 0.0, gradient_sign: 1.0 };
/// let mut optimizer = Optimizer::new(&spec);
/// let lr = optimizer.advance();
/// let (w, g) = ([1.0, 2.0], [2.0, 4.0]);
/// let device = Device::flex();
/// let w = Tensor::<1>::from_floats(w, &device);
/// let g = Tensor::<1>::from_floats(g, &device);
/// let stepped = optimizer.step("dense1.weight", w, g, true, lr, false);
/// assert_eq!(stepped.parameter.into_data().to_vec::<f32>().unwrap(), [0.0, 0.0]);
/// ```
#[derive(Debug)]
pub struct Optimizer {
    rule: Box<dyn Rule>,
    lr: f64,
    decay: f64,
    gradient_sign: f64,
    steps: u64,
    state: State,
}

impl Optimizer {
    /// An optimiser that has not stepped yet.
    pub fn new(spec: &OptimizerSpec) -> Self {
        let rule = rule(spec.kind);
        Self {
            state: State::new(rule.slots()),
            rule,
            lr: spec.lr,
            decay: spec.decay,
            gradient_sign: spec.gradient_sign,
            steps: 0,
        }
    }

    /// The learning rate at a step counted from 0: lr / (1 + decay·step).
    pub fn lr_at(&self, step: u64) -> f64 {
        self.lr / (1.0 + self.decay * step as f64)
    }

    /// Steps begun.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Begins a step, to be called once before the parameters are stepped, and says its learning
    /// rate by the description.
    pub fn advance(&mut self) -> f64 {
        self.steps += 1;
        self.lr_at(self.steps - 1)
    }

    /// Steps one parameter.
    ///
    /// `path` names it and keys its state; `matrix` is true for weight matrices and kernels, the only
    /// ones that decoupled decay shrinks. Works in place where the handles of `parameter` and
    /// `gradient` are the only ones. Neither tensor may be tracked by autodiff.
    ///
    /// # Panics
    /// Before the first [`advance`](Self::advance), and where a path comes back with another size.
    pub fn step(
        &mut self,
        path: &str,
        parameter: Tensor<1>,
        gradient: Tensor<1>,
        matrix: bool,
        lr: f64,
        want_moved: bool,
    ) -> Stepped {
        assert!(self.steps > 0, "a step begins with `advance`");
        let now = Now {
            lr,
            step: self.steps,
        };
        let gradient = if self.gradient_sign == 1.0 {
            gradient
        } else {
            gradient.mul_scalar(self.gradient_sign)
        };
        let coupled = self.rule.coupled_decay();
        let gradient = if coupled == 0.0 {
            gradient
        } else {
            gradient + parameter.clone().mul_scalar(coupled)
        };
        let mut slots = self.state.of(path);
        let step = self.rule.step(now, &mut slots, gradient);
        let moved = want_moved.then(|| step.clone().neg());
        let shrink = lr * self.rule.decoupled_decay();
        let parameter = if matrix && shrink != 0.0 {
            parameter.mul_scalar(1.0 - shrink)
        } else {
            parameter
        };
        Stepped {
            parameter: parameter - step,
            moved,
        }
    }

    /// All state tensors, by `path:slot`, in a fixed order; with [`steps`](Self::steps) all that a
    /// checkpoint needs.
    pub fn state(&self) -> Vec<(String, Tensor<1>)> {
        self.state.list()
    }

    /// Replaces the state by one that [`state`](Self::state) gave after `steps` steps. Fails, and
    /// leaves all as it was, where a name is not one of this optimiser's.
    pub fn load(
        &mut self,
        steps: u64,
        tensors: impl IntoIterator<Item = (String, Tensor<1>)>,
    ) -> Result<(), StateError> {
        self.state = State::read(self.rule.slots(), tensors)?;
        self.steps = steps;
        Ok(())
    }
}

/// The rule of a description's optimiser.
fn rule(kind: OptimizerKind) -> Box<dyn Rule> {
    match kind {
        OptimizerKind::Sgd {
            momentum,
            nesterov,
            weight_decay,
        } => Box::new(sgd::Sgd {
            momentum,
            nesterov,
            weight_decay,
        }),
        OptimizerKind::Adam {
            beta1,
            beta2,
            epsilon,
        } => Box::new(adam::Adam {
            beta1,
            beta2,
            epsilon,
            weight_decay: 0.0,
        }),
        OptimizerKind::AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } => Box::new(adam::Adam {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        }),
        OptimizerKind::RmsProp { rho, epsilon } => Box::new(rmsprop::RmsProp { rho, epsilon }),
        OptimizerKind::Adagrad {
            initial_accumulator,
            epsilon,
        } => Box::new(adagrad::Adagrad {
            initial_accumulator,
            epsilon,
        }),
        OptimizerKind::Adadelta { rho, epsilon } => Box::new(adadelta::Adadelta { rho, epsilon }),
        // `OptimizerKind` may grow; a variant without a rule here is a mistake of this crate.
        other => unreachable!("no rule for {other:?}"),
    }
}
