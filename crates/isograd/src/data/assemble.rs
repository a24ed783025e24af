//! From rows as they are in the files to data: split, encode, shape, scale.

use isograd_core::describe::data::{DataSpec, Scale, TargetKind};
use isograd_core::describe::train::LossKind;
use isograd_core::describe::{DataShape, Shape};

use super::categories::Encoder;
use super::error::{DataError, DataErrorKind};
use super::order::{in_order, split_rows};
use super::part::{Facts, Part, Targets};
use super::raw::{Raw, RawTargets};
use super::scale::{self, Groups};
use super::shape::reshape;
use super::target::{Native, Resolved, TargetPlan};
use super::{Data, augment, label_noise};

/// A part that is not trained on.
pub(crate) enum Held {
    None,
    Fraction(f64),
    Rows(Box<Raw>, Option<Scale>),
}

/// Splits, encodes, shapes, scales.
pub(crate) fn assemble(
    spec: &DataSpec,
    seed: u64,
    loss: Option<LossKind>,
    native: &Native,
    train: Raw,
    held: [Held; 2],
    mut notes: Vec<String>,
) -> Result<Data, DataError> {
    let n = train.len();
    if n == 0 {
        return Err(DataError::new(
            DataErrorKind::Empty,
            "the training part has no rows",
        ));
    }
    // Rows of the training source that go to training, validation and test.
    let mut train_rows = in_order(n);
    let mut taken: [Vec<u32>; 2] = [Vec::new(), Vec::new()];
    for ((held, taken), path) in held.iter().zip(&mut taken).zip(["valid", "test"]) {
        if let Held::Fraction(fraction) = held {
            let fraction = fraction * n as f64 / train_rows.len() as f64;
            let (stay, drawn) = split_rows(seed, path, fraction, train_rows.len());
            if drawn.is_empty() && fraction > 0.0 {
                notes.push(format!("there are too few rows to draw a {path} part"));
            }
            *taken = drawn.iter().map(|&row| train_rows[row as usize]).collect();
            train_rows = stay.iter().map(|&row| train_rows[row as usize]).collect();
        }
    }
    let encoder = Encoder::fit(&train, &train_rows);
    let prepare = |raw: Raw| -> Result<(Raw, Shape), DataError> {
        let mut raw = encoder.encode(raw);
        let native = raw.shape;
        if let Some(shape) = &spec.shape {
            reshape(&mut raw, shape)?;
        }
        Ok((raw, native))
    };
    let (train, native_shape) = prepare(train)?;
    let shape = train.shape;
    let elements = shape.elements();
    notes.extend(train.notes.iter().cloned());
    let groups = Groups::of(native_shape, shape);
    let fitted = |scale| scale::fit(&train.inputs, &train_rows, elements, groups, scale);
    let main = fitted(spec.scale);

    // Parts of their own.
    let mut own: [Option<(Raw, Option<Scale>)>; 2] = [None, None];
    for ((held, own), role) in held.into_iter().zip(&mut own).zip(["valid", "test"]) {
        if let Held::Rows(raw, scale) = held {
            let (raw, _) = prepare(*raw)?;
            if raw.shape != shape {
                return Err(DataError::new(
                    DataErrorKind::Mismatch,
                    format!(
                        "the {role} part has examples of {}, the training part of {shape}",
                        raw.shape
                    ),
                ));
            }
            notes.extend(raw.notes.iter().cloned());
            *own = Some((raw, scale));
        }
    }
    let targets = |raw: &'_ Raw, role: &str| -> Result<RawTargets, DataError> {
        raw.targets.clone().ok_or_else(|| {
            DataError::new(
                DataErrorKind::Description,
                format!("the {role} part has no targets"),
            )
            .help("name the file that has them with `labels` or `targets`")
        })
    };
    let train_targets = targets(&train, "train")?;
    let mut other_targets = Vec::new();
    for ((raw, _), role) in own
        .iter()
        .zip(["valid", "test"])
        .filter_map(|(own, role)| Some((own.as_ref()?, role)))
    {
        other_targets.push(targets(raw, role)?);
    }
    let plan = TargetPlan::new(
        spec.target,
        spec.outputs,
        loss,
        native,
        &train_targets,
        &other_targets.iter().collect::<Vec<_>>(),
    )?;
    notes.extend(plan.notes.iter().cloned());
    let resolved = plan.apply(&train_targets)?;
    let target_scaling = match &resolved {
        Resolved::Real { values, width } if plan.kind == TargetKind::Real => {
            scale::fit_targets(values, *width, &train_rows, spec.target_scale)
        }
        _ => Vec::new(),
    };
    let finish = |resolved: Resolved| match resolved {
        Resolved::Index(classes) => Targets::Index(classes),
        Resolved::Steps { classes, steps } => Targets::Steps { classes, steps },
        Resolved::Real { values, width } => Targets::Real {
            values: values
                .iter()
                .enumerate()
                .map(|(at, &value)| match target_scaling.get(at % width) {
                    Some(scaling) => scaling.scale(value) as f32,
                    None => value as f32,
                })
                .collect(),
            width,
        },
    };
    let all_targets = finish(resolved);
    let inputs_of = |raw: &Raw, rows: &[u32], scale: Option<Scale>| {
        let other = scale.filter(|&scale| scale != spec.scale).map(fitted);
        let scaling = other.as_ref().unwrap_or(&main);
        scale::apply(&raw.inputs, rows, elements, groups, scaling)
    };
    let from_train = |rows: &[u32], scale: Option<Scale>| Part {
        inputs: inputs_of(&train, rows, scale),
        elements,
        targets: all_targets.subset(rows),
        facts: train.facts.subset(rows),
    };
    let mut held_parts = Vec::new();
    for (own, taken) in own.into_iter().zip(&taken) {
        held_parts.push(match own {
            Some((raw, scale)) => {
                let rows = in_order(raw.len());
                let resolved = plan.apply(raw.targets.as_ref().unwrap_or(&train_targets))?;
                Some(Part {
                    inputs: inputs_of(&raw, &rows, scale),
                    elements,
                    targets: finish(resolved),
                    facts: Facts::default(),
                })
            }
            None if taken.is_empty() => None,
            None => Some(from_train(taken, None)),
        });
    }
    let mut train_part = from_train(&train_rows, spec.train.scale);
    train_part.facts.wrong = label_noise::replace(
        &mut train_part.targets,
        (plan.kind, plan.task.outputs()),
        &train_rows,
        spec.label_noise,
        seed,
    )?;
    let image = match (native_shape, shape) {
        (
            _,
            Shape::Image {
                channels,
                height,
                width,
            },
        )
        | (
            Shape::Image {
                channels,
                height,
                width,
            },
            Shape::Flat(_),
        ) => Some([channels, height, width]),
        _ => None,
    };
    augment::check(&spec.augment, image)?;
    let test = held_parts.pop().flatten();
    let valid = held_parts.pop().flatten();
    Ok(Data {
        shape: DataShape {
            input: shape,
            task: plan.task,
            examples: train_part.len(),
        },
        train: train_part,
        valid,
        test,
        target: plan.kind,
        class_names: plan.class_names,
        feature_names: train.names,
        target_scaling,
        augment: spec.augment.clone(),
        shuffle: spec.shuffle,
        notes,
        image,
    })
}
