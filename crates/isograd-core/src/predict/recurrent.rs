//! Recurrent layers at initialisation: the variance map walked over the steps, and χ of a step.
//!
//! Of a vanilla cell h′ = φ(U x + W h + b) with independent weights, the pre-activation is Gaussian
//! over the units with variance n·Var\[W\]·E\[h²\] + inputs·Var\[U\]·E\[x²\] + Var\[b\] (Chen, Pennington
//! and Schoenholz 2018, §3, without their gate), as in a deep network whose layers share W: in the
//! limit of wide layers sharing changes neither map (Yang 2019). The gradient's energy is multiplied
//! by χ = n·Var\[W\]·E\[φ′²\] at each step back.

use super::backward::Backward;
use super::norm;
use super::signal::{Form, Signal};
use super::weights::{Fans, Moments};
use crate::describe::network::Init;
use crate::describe::recurrent::{Cell, Recurrent, Returns};
use isograd_theory::Activation;

/// A relative change of the variance below which the steps that follow are all the same.
const SETTLED: f64 = 1e-12;

/// What is expected of a recurrent layer.
pub(super) struct Expected {
    pub(super) out: Signal,
    pub(super) pass: Backward,
    /// χ of the last step.
    pub(super) chi: f64,
}

/// Why the theory does not reach a block; `None` where it does.
pub(super) fn beyond(block: &Recurrent) -> Option<&'static str> {
    match (block.cell, block.recurrent_init) {
        (Cell::Gru | Cell::Lstm, _) => Some("gated cells are beyond the theory"),
        (_, Init::Identity { .. } | Init::Constant { .. }) => {
            Some("weights between states that are not drawn are beyond the theory")
        }
        _ => None,
    }
}

/// Walks a vanilla cell over `steps` steps of an input with these moments.
pub(super) fn vanilla(
    x: Signal,
    block: &Recurrent,
    inputs: f64,
    steps: usize,
    [init, bias]: [Option<Init>; 2],
) -> Expected {
    let n = block.units as f64;
    let fans = |input| Fans {
        input,
        output: n,
        taps: 1.0,
    };
    let of = |init: Option<Init>, input| {
        init.map_or_else(Moments::default, |init| Moments::of(init, fans(input)))
    };
    let (from_input, bias) = (of(init, inputs), of(bias, inputs));
    let from_state = Moments::of(block.recurrent_init, fans(n));
    let phi = match block.cell {
        Cell::Relu => Activation::Relu,
        _ => Activation::Tanh,
    };
    let nothing = Signal {
        mean: 0.0,
        square: 0.0,
        spread: 0.0,
        form: Form::Other,
    };
    // The bias of a normalised sum comes behind the normalisation.
    let (before, behind) = if block.normalised {
        (Moments::default(), bias)
    } else {
        (bias, Moments::default())
    };
    let read = x.weighted(inputs, from_input, before);
    let mut state = nothing;
    let mut states = Vec::new();
    // E[φ′²] over what the normalisation divides by.
    let mut slopes = Vec::new();
    while states.len() < steps {
        let sum = read.plus(state.weighted(n, from_state, Moments::default()));
        let (sum, divided) = if block.normalised {
            let (sum, pass) = norm::layer(sum, n, 1e-5);
            let shifted = Signal {
                mean: sum.mean + behind.mean,
                square: sum.square + behind.variance + behind.mean * behind.mean,
                ..sum
            };
            (shifted, pass.energy)
        } else {
            (sum, 1.0)
        };
        let next = sum.activated(phi);
        let still = (next.square - state.square).abs() <= SETTLED * next.square;
        slopes.push(phi.slope_square(sum.law()) * divided);
        states.push(next);
        state = next;
        if still || !next.is_finite() {
            break;
        }
    }
    let settled = states.len() - 1;
    let at = |step: usize| step.min(settled);
    let (count, w) = (steps as f64, n * from_state.variance);
    let chi = w * slopes[at(steps - 1)];
    // From the end: what each state gets of its own, and through the step after it.
    let own = match block.returns {
        Returns::Sequence => 1.0 / count,
        Returns::Last => 0.0,
    };
    let (mut here, mut energy) = (0.0, 0.0);
    for step in (0..steps).rev() {
        let later = here * w * slopes[at(step + 1)];
        let first = f64::from(u8::from(
            step + 1 == steps && block.returns == Returns::Last,
        ));
        here = own + first + later;
        energy += here * slopes[at(step)] * inputs * from_input.variance;
    }
    let out = match block.returns {
        Returns::Last => state,
        Returns::Sequence => {
            let mean = |f: fn(&Signal) -> f64| {
                (0..steps).map(|step| f(&states[at(step)])).sum::<f64>() / count
            };
            Signal {
                mean: mean(|s| s.mean),
                square: mean(|s| s.square),
                spread: mean(|s| s.spread),
                form: Form::Other,
            }
        }
    };
    let mut pass = Backward::scaled(energy, 0.0);
    // The same matrix at every step: counted as if each had one of its own, which is wide enough.
    pass.ln_variance = 2.0 * count / n.max(1.0);
    Expected { out, pass, chi }
}
