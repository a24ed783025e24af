//! What can be known about a loss before training.

use isograd_core::describe::data::TargetKind;
use isograd_core::describe::train::{ClassWeights, LossKind, LossSpec, OutputKind};
use isograd_core::describe::{Op, Task};

/// Why a loss cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LossError {
    /// A label has no output of its own.
    #[error(
        "labels go up to {}, but the network has {outputs} {}; end it with a dense block of \
         \"classes\" units",
        .classes - 1, if *.outputs == 1 { "output" } else { "outputs" }
    )]
    LabelBeyondOutputs {
        /// Classes of the data.
        classes: usize,
        /// Outputs of the network.
        outputs: usize,
    },
    /// Neither equal nor one of them 1.
    #[error(
        "the data have {targets} targets an example, but the network has {outputs} outputs; end it \
         with a dense block of \"outputs\" units"
    )]
    Widths {
        /// Targets an example.
        targets: usize,
        /// Outputs of the network.
        outputs: usize,
    },
    /// Targets at every step need outputs at every step.
    #[error(
        "the data have a target at each of {steps} steps, but the network has {outputs} outputs; \
         end it with a sequence of as many steps and a dense block of \"classes\" units"
    )]
    Steps {
        /// Steps of an example.
        steps: usize,
        /// Outputs of the network, all steps together.
        outputs: usize,
    },
    /// Pairs of examples have one target each.
    #[error(
        "`pairwise` compares every prediction with every target, but there is a target at each of \
         {steps} steps; leave it out"
    )]
    PairsOfSteps {
        /// Steps of an example.
        steps: usize,
    },
    /// One weight a class.
    #[error("`class_weights` has {given} numbers, but the data have {classes} classes")]
    Weights {
        /// Weights given.
        given: usize,
        /// Classes of the data.
        classes: usize,
    },
    /// An angle needs directions.
    #[error(
        "the angle loss compares two angles (polar angle and azimuth), but there are {targets} \
         targets an example and {outputs} outputs; use mse or mae for other targets"
    )]
    NotDirections {
        /// Targets an example.
        targets: usize,
        /// Outputs of the network.
        outputs: usize,
    },
}

/// Whether a loss can be computed on this many outputs. What computes but is wrong passes: a loss
/// that does not fit the target, one output for many classes in a loss that broadcasts, one class.
///
/// - A class number ([`TargetKind::Index`]) must be below the number of outputs in cross-entropy,
///   and is a plain number, broadcast over all outputs, in every other loss.
/// - One-hot targets are as wide as the network where it has more outputs than there are classes,
///   and are broadcast against a single output.
/// - A binary target is a number; in cross-entropy on several outputs it is class 0 or 1.
/// - With a target at every step, `outputs` counts those of all steps, and what is said here holds at
///   each step.
/// - Other targets must be as wide as the network, or one of the two 1.
pub fn check(
    spec: &LossSpec,
    outputs: usize,
    task: Task,
    target: TargetKind,
) -> Result<(), LossError> {
    let steps = task.steps();
    if steps == 0 || !outputs.is_multiple_of(steps) || outputs < steps {
        return Err(LossError::Steps { steps, outputs });
    }
    if steps > 1 && spec.pairwise {
        return Err(LossError::PairsOfSteps { steps });
    }
    let outputs = outputs / steps;
    let classes = task.outputs();
    let width = match target {
        TargetKind::Index | TargetKind::Binary => 1,
        TargetKind::OneHot | TargetKind::MultiHot | TargetKind::Real => classes,
    };
    if let ClassWeights::Given(weights) = &spec.class_weights {
        let classes = if target == TargetKind::Binary {
            2
        } else {
            classes
        };
        if weights.len() != classes {
            let given = weights.len();
            return Err(LossError::Weights { given, classes });
        }
    }
    if matches!(spec.kind, LossKind::Angle { .. }) {
        return if (width, outputs) == (2, 2) {
            Ok(())
        } else {
            Err(LossError::NotDirections {
                targets: width,
                outputs,
            })
        };
    }
    let beyond = || LossError::LabelBeyondOutputs { classes, outputs };
    let fits = match target {
        TargetKind::Index if spec.kind == LossKind::CrossEntropy => {
            return (classes <= outputs).then_some(()).ok_or_else(beyond);
        }
        TargetKind::OneHot => {
            return (outputs == 1 || classes <= outputs)
                .then_some(())
                .ok_or_else(beyond);
        }
        TargetKind::Index | TargetKind::Binary => true,
        TargetKind::MultiHot | TargetKind::Real => width == outputs || width == 1 || outputs == 1,
    };
    fits.then_some(()).ok_or(LossError::Widths {
        targets: width,
        outputs,
    })
}

/// What the outputs of a network are to a loss: what the description says, else probabilities where
/// the last block is a softmax or a sigmoid (hard sigmoid too), else logits.
pub fn resolve_output(on: Option<OutputKind>, last: Option<&Op>) -> OutputKind {
    on.unwrap_or(if last.is_some_and(Op::gives_probabilities) {
        OutputKind::Probabilities
    } else {
        OutputKind::Logits
    })
}
