//! Optimisers that work on one flattened parameter at a time.
//!
//! Burn's own optimisers keep their state under random identifiers, clip each tensor by itself and
//! do not say what step they took. These key their state by the parameter's path, so that a run can
//! be resumed bit by bit, and hand back the step for the update ratio.

mod adadelta;
mod adagrad;
mod adam;
mod adan;
pub mod clip;
mod lamb;
mod lion;
mod muon;
mod nadam;
pub mod parameter;
mod rmsprop;
mod roster;
mod schedule;
mod sgd;
mod sign;
mod state;

#[cfg(test)]
mod tests;

pub use clip::{Clipped, Gradient, clip};
pub(crate) use clip::{by_tensor, limit};
pub use isograd_kernels::Norms;
pub use parameter::{Parameter, Place, Places};
pub use schedule::RateSchedule;
pub use state::StateError;

use burn::module::Module;
use burn::tensor::Tensor;
use isograd_core::describe::train::{OptimizerKind, OptimizerSpec};
use isograd_kernels::{Rule as Fused, Update, Values, moments, update};
pub(crate) use roster::Roster;
pub(crate) use state::Kept;
use state::{Slots, State};

/// What an optimiser does with one gradient.
trait Rule: std::fmt::Debug + Send + Sync {
    /// Names of the tensors it keeps for each parameter.
    fn slots(&self) -> &'static [&'static str];

    /// The same as a kernel of one pass, at the step with this number; where there is one, it takes
    /// the place of [`step`](Self::step) on the backends that it knows.
    fn fused(&self, _step: u64) -> Option<Fused> {
        None
    }

    /// Called once before the parameters take the step with this number, from 1.
    fn begin(&mut self, _step: u64) {}

    /// The step to *subtract* from the parameter (given with its weights), rate included, decoupled
    /// decay not.
    fn step(
        &self,
        now: Now,
        of: (&Parameter, &Tensor<1>),
        slots: &mut Slots<'_>,
        gradient: Tensor<1>,
    ) -> Tensor<1>;

    /// The rate of this parameter.
    fn rate(&self, now: Now, _parameter: &Parameter) -> f64 {
        now.lr
    }

    /// What decoupled decay means.
    fn decoupled(&self) -> Decay {
        Decay::Outside
    }
}

/// How decoupled decay acts, on matrices and kernels only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decay {
    /// w ← (1 − lr·λ)·w − step.
    Outside,
    /// w ← (w − step)/(1 + lr·λ).
    Proximal,
    /// The rule has it in its step.
    Inside,
}

/// Where training stands.
#[derive(Clone, Copy, Debug)]
struct Now {
    /// Learning rate of this step.
    lr: f64,
    /// The same as a share of the description's rate, for rules that have a second one.
    course: f64,
    /// Number of this step, from 1.
    step: u64,
}

/// A parameter after its step.
#[derive(Clone, Debug)]
pub struct Stepped {
    /// Its new values.
    pub parameter: Tensor<1>,
    /// Norms of the step, where they were asked for.
    pub norms: Option<Norms>,
}

/// An optimiser with its state.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use isograd::optim::{Optimizer, Parameter};
/// use isograd_core::describe::train::{OptimizerKind, OptimizerSpec};
///
/// let kind = OptimizerKind::Sgd { momentum: 0.0, nesterov: false };
/// let mut optimizer = Optimizer::new(&OptimizerSpec::new(kind, 0.5));
/// let lr = optimizer.advance();
/// let (w, g) = ([1.0, 2.0], [2.0, 4.0]);
/// let device = Device::flex();
/// let w = Tensor::<1>::from_floats(w, &device);
/// let g = Tensor::<1>::from_floats(g, &device);
/// let parameter = Parameter::new("dense1.weight", [1, 2]);
/// let stepped = optimizer.step(&parameter, w, g, lr, false);
/// assert_eq!(stepped.parameter.into_data().to_vec::<f32>().unwrap(), [0.0, 0.0]);
/// ```
#[derive(Debug)]
pub struct Optimizer {
    rule: Box<dyn Rule>,
    lr: f64,
    decay: f64,
    gradient_sign: f64,
    weight_decay: f64,
    decoupled: bool,
    steps: u64,
    /// The rule as a kernel, at this step.
    fused: Option<Fused>,
    state: State,
    roster: Roster,
}

impl Optimizer {
    /// An optimiser that has not stepped yet.
    pub fn new(spec: &OptimizerSpec) -> Self {
        let rule = rule(spec);
        Self {
            state: State::new(rule.slots()),
            rule,
            lr: spec.lr,
            decay: spec.decay,
            gradient_sign: spec.gradient_sign,
            weight_decay: spec.weight_decay,
            decoupled: spec.decoupled,
            steps: 0,
            fused: None,
            roster: Roster::default(),
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
        self.rule.begin(self.steps);
        self.fused = self.rule.fused(self.steps);
        self.lr_at(self.steps - 1)
    }

    /// Steps one parameter; with `measure` its norms come back as well.
    ///
    /// Works in place where the handles of `weights` and `gradient` are the only ones. Neither tensor
    /// may be tracked by autodiff.
    ///
    /// # Panics
    /// Before the first [`advance`](Self::advance), and where a path comes back with another size.
    pub fn step(
        &mut self,
        parameter: &Parameter,
        weights: Tensor<1>,
        gradient: Tensor<1>,
        lr: f64,
        measure: bool,
    ) -> Stepped {
        let key = self.state.key(&parameter.path);
        let mut kept = self.state.take(key);
        let rate = Rate { lr, factor: 1.0 };
        let gradient = Values::of(gradient);
        let (parameter, norms) =
            self.step_as(parameter, &mut kept, weights, &gradient, rate, measure);
        self.state.put(key, kept);
        Stepped { parameter, norms }
    }

    /// Whether a parameter on the roster is a matrix or a kernel.
    pub(crate) fn is_matrix(&self, place: usize) -> bool {
        self.roster.parameter(place).is_matrix()
    }

    /// The parameters that are stepped.
    pub(crate) fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Takes the state of a parameter on the roster out, to be put back after its step: so that several
    /// can be stepped at the same time.
    pub(crate) fn take(&mut self, place: usize) -> Kept {
        self.state.take(self.roster.at(place).1)
    }

    pub(crate) fn put(&mut self, place: usize, kept: Kept) {
        self.state.put(self.roster.at(place).1, kept);
    }

    /// Steps a parameter on the roster, whose state was taken out.
    pub(crate) fn step_at<const D: usize>(
        &self,
        place: usize,
        kept: &mut Kept,
        weights: Tensor<D>,
        gradient: &Values,
        rate: Rate,
        measure: bool,
    ) -> (Tensor<D>, Option<Norms>) {
        let parameter = self.roster.parameter(place);
        self.step_as(parameter, kept, weights, gradient, rate, measure)
    }

    fn step_as<const D: usize>(
        &self,
        parameter: &Parameter,
        kept: &mut Kept,
        weights: Tensor<D>,
        gradient: &Values,
        rate: Rate,
        measure: bool,
    ) -> (Tensor<D>, Option<Norms>) {
        assert!(self.steps > 0, "a step begins with `advance`");
        let lr = rate.lr;
        let now = Now {
            lr,
            course: if self.lr == 0.0 { 1.0 } else { lr / self.lr },
            step: self.steps,
        };
        let shrink = if self.decoupled && parameter.is_matrix() {
            self.rule.rate(now, parameter) * self.weight_decay
        } else {
            0.0
        };
        let spared = self.decoupled || self.weight_decay == 0.0 || undecayed(&parameter.path);
        let decay = if spared { 0.0 } else { self.weight_decay };
        let factor = rate.factor * self.gradient_sign;
        let fused = self.fused.and_then(|rule| Some((rule, kept.fused()?)));
        let weights = match fused {
            None => weights,
            Some((rule, state)) => {
                let by = Update {
                    rule,
                    rate: lr,
                    factor,
                    decay,
                    keep: 1.0 - shrink,
                };
                match update(&by, weights, gradient, state, measure) {
                    Ok(stepped) => return stepped,
                    Err(weights) => weights,
                }
            }
        };
        let mut slots = kept.slots(self.rule.slots().len());
        let gradient = gradient.clone().into_tensor();
        let norm = |x: &Tensor<1>| moments(x).sum_squares.sqrt();
        let arrived = measure.then(|| norm(&gradient));
        let dims = weights.dims();
        let weights = flat(weights);
        let gradient = if factor == 1.0 {
            gradient
        } else {
            gradient.mul_scalar(factor)
        };
        let gradient = if decay == 0.0 {
            gradient
        } else {
            gradient + weights.clone().mul_scalar(decay)
        };
        let step = self
            .rule
            .step(now, (parameter, &weights), &mut slots, gradient);
        let before = measure.then(|| norm(&weights));
        let (weights, step) = match self.rule.decoupled() {
            _ if shrink == 0.0 => (weights, step),
            Decay::Inside => (weights, step),
            Decay::Outside => (weights.mul_scalar(1.0 - shrink), step),
            Decay::Proximal => {
                let factor = (1.0 + shrink).recip();
                (weights.mul_scalar(factor), step.mul_scalar(factor))
            }
        };
        let norms = before.zip(arrived).map(|(weights, gradient)| Norms {
            weights,
            moved: norm(&step),
            gradient,
        });
        ((weights - step).reshape(dims), norms)
    }

    /// The parameters of a module, which stay what they are from step to step: looked up by their
    /// names where `find` does not know those of the last call.
    pub(crate) fn enlist<M: Module>(
        &mut self,
        module: &M,
        places: &Places,
        mut find: impl FnMut(&Roster) -> bool,
    ) -> &Roster {
        // Where nothing has a gradient, nothing is missed.
        if self.roster.starts().is_empty() || !find(&self.roster) {
            let state = &mut self.state;
            self.roster = Roster::of(module, places, |path| state.key(path));
            find(&self.roster);
        }
        &self.roster
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
        self.roster = Roster::default();
        self.steps = steps;
        Ok(())
    }
}

/// How far a step goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// Learning rate.
    pub(crate) lr: f64,
    /// In front of the gradient: what clipping leaves of it.
    pub(crate) factor: f64,
}

pub(crate) fn flat<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let elements = x.shape().num_elements();
    x.reshape([elements])
}

/// True for parameters that weight decay passes by: the slopes of a PReLU, which it would take
/// towards ReLU (He et al. 2015, §2.1).
fn undecayed(path: &str) -> bool {
    path.rsplit('.').next() == Some("slope")
}

/// The rule of a description's optimiser.
fn rule(spec: &OptimizerSpec) -> Box<dyn Rule> {
    let adam = |beta1, beta2, epsilon| adam::Adam {
        beta1,
        beta2,
        epsilon,
    };
    match spec.kind {
        OptimizerKind::Sgd { momentum, nesterov } => Box::new(sgd::Sgd { momentum, nesterov }),
        OptimizerKind::Sign { momentum } => Box::new(sign::Sign { momentum }),
        OptimizerKind::Adam {
            beta1,
            beta2,
            epsilon,
        }
        | OptimizerKind::AdamW {
            beta1,
            beta2,
            epsilon,
        } => Box::new(adam(beta1, beta2, epsilon)),
        OptimizerKind::NAdam {
            beta1,
            beta2,
            epsilon,
            momentum_decay,
        } => Box::new(nadam::NAdam {
            beta1,
            beta2,
            epsilon,
            momentum_decay,
            product: (0, 1.0),
        }),
        OptimizerKind::Lion { beta1, beta2 } => Box::new(lion::Lion { beta1, beta2 }),
        OptimizerKind::Lamb {
            beta1,
            beta2,
            epsilon,
        } => Box::new(lamb::Lamb {
            adam: adam(beta1, beta2, epsilon),
            weight_decay: spec.weight_decay,
        }),
        OptimizerKind::Muon {
            momentum,
            nesterov,
            ns_steps,
            scale,
            aux_lr,
            beta1,
            beta2,
            epsilon,
        } => Box::new(muon::Muon {
            momentum,
            nesterov,
            ns_steps,
            scale,
            aux_lr,
            adam: adam(beta1, beta2, epsilon),
        }),
        OptimizerKind::Adan {
            beta1,
            beta2,
            beta3,
            epsilon,
        } => Box::new(adan::Adan {
            beta1,
            beta2,
            beta3,
            epsilon,
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
