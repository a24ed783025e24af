//! The targets of one batch, and the tensors that losses make of them.

use crate::data::Targets;
use burn::tensor::{DType, Int, Tensor, TensorData};
use isograd_core::describe::Task;
use isograd_core::describe::data::TargetKind;
use std::borrow::Cow;

impl Targets {
    /// The same rows, `times` over.
    pub(crate) fn repeat(&self, times: usize) -> Self {
        match self {
            Self::Index(labels) => Self::Index(labels.repeat(times)),
            Self::Real { values, width } => Self::Real {
                values: values.repeat(times),
                width: *width,
            },
            Self::Steps { classes, steps } => Self::Steps {
                classes: classes.repeat(times),
                steps: *steps,
            },
        }
    }

    /// Whether every number that a loss would see is 0 or 1.
    pub(crate) fn is_zero_or_one(&self, kind: TargetKind) -> bool {
        match self {
            Self::Index(_) | Self::Steps { .. } if kind == TargetKind::OneHot => true,
            Self::Index(labels)
            | Self::Steps {
                classes: labels, ..
            } => labels.iter().all(|&label| label <= 1),
            Self::Real { values, .. } => values.iter().all(|&t| t == 0.0 || t == 1.0),
        }
    }

    /// One target a row, and how many rows an example: every step has a row of its own.
    pub(crate) fn rows(&self) -> (Cow<'_, Self>, usize) {
        match self {
            Self::Steps { classes, steps } => (Cow::Owned(Self::Index(classes.clone())), *steps),
            _ => (Cow::Borrowed(self), 1),
        }
    }

    /// The targets as numbers, and how many an example (a step, where there are steps): a class number as one-hot where the kind
    /// says so, as wide as the larger of the number of classes and of outputs, else as it is.
    pub(crate) fn numbers(
        &self,
        kind: TargetKind,
        task: Task,
        outputs: usize,
    ) -> (Vec<f32>, usize) {
        match self {
            Self::Index(labels)
            | Self::Steps {
                classes: labels, ..
            } if kind == TargetKind::OneHot => {
                let width = task.outputs().max(outputs);
                let mut values = vec![0.0; labels.len() * width];
                for (row, &label) in values.chunks_mut(width).zip(labels) {
                    row[label as usize] = 1.0;
                }
                (values, width)
            }
            Self::Index(labels)
            | Self::Steps {
                classes: labels, ..
            } => (labels.iter().map(|&label| label as f32).collect(), 1),
            Self::Real { values, width } => (values.clone(), *width),
        }
    }
}

/// The targets as a float tensor `[batch, width]` with the type and device of `like`.
pub(super) fn dense(target: &Targets, kind: TargetKind, task: Task, like: &Tensor<2>) -> Tensor<2> {
    let (values, width) = target.numbers(kind, task, like.dims()[1]);
    let rows = target.len();
    Tensor::from_data(
        TensorData::new(values, [rows, width]),
        (&like.device(), like.dtype()),
    )
}

/// The targets as class numbers, one a row.
pub(super) fn class_numbers(target: &Targets) -> Vec<u32> {
    match target {
        Targets::Index(classes) | Targets::Steps { classes, .. } => classes.clone(),
        Targets::Real { values, .. } => values.iter().map(|&t| t as u32).collect(),
    }
}

/// The targets as class numbers `[batch, 1]` on the device of `like`.
pub(super) fn class_tensor(target: &Targets, like: &Tensor<2>) -> Tensor<2, Int> {
    let labels: Vec<i64> = class_numbers(target).into_iter().map(i64::from).collect();
    let rows = labels.len();
    Tensor::from_data(
        TensorData::new(labels, [rows, 1]),
        (&like.device(), DType::I64),
    )
}

/// Class numbers `[batch, 1]` as rows of zeros and a one, `[batch, outputs of like]`.
pub(super) fn one_hot(classes: &Tensor<2, Int>, like: &Tensor<2>) -> Tensor<2> {
    let [rows, outputs] = [classes.dims()[0], like.dims()[1]];
    let mut values = vec![0.0f32; rows * outputs];
    let labels = classes.to_data();
    for (row, class) in values.chunks_mut(outputs).zip(labels.iter::<i64>()) {
        row[class as usize] = 1.0;
    }
    Tensor::from_data(
        TensorData::new(values, [rows, outputs]),
        (&like.device(), like.dtype()),
    )
}
