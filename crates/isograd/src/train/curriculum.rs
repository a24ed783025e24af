//! How difficult each training example is, and the curriculum that follows from it.

use super::TrainError;
use super::evaluate::{rows_tensor, scalar};
use super::fit::train;
use super::judges::{evaluation_batch, judges};
use super::options::{Silent, TrainOptions};
use crate::data::{Curriculum, Data};
use crate::nn::Pass;
use crate::probe::Schedule;
use crate::session::Prepared;
use burn::module::Module as _;
use burn::tensor::{DType, Device};
use isograd_core::describe::curriculum::Difficulty;
use isograd_core::describe::{Block, plan};
use isograd_core::random::{Purpose, stream};
use rand::RngExt as _;

/// The curriculum of a description, if it has one; a reference network is trained here.
pub fn curriculum(prepared: &Prepared, seed: u64) -> Result<Option<Curriculum>, TrainError> {
    let Some(spec) = &prepared.description.train.curriculum else {
        return Ok(None);
    };
    let difficulty = difficulty(prepared, &spec.difficulty, seed)?;
    let steps = prepared.planned_steps();
    let budget = &prepared.description.train;
    let batch = budget.batch * budget.accumulate.max(1);
    Ok(Some(Curriculum::new(spec, &difficulty, seed, steps, batch)))
}

/// How difficult each training example is, high for difficult; a reference network is trained here,
/// where one is asked for.
pub fn difficulty(prepared: &Prepared, of: &Difficulty, seed: u64) -> Result<Vec<f64>, TrainError> {
    match of {
        Difficulty::Loss { epochs, layers } => by_loss(prepared, seed, *epochs, layers.as_deref()),
        other => known(&prepared.data, other),
    }
}

/// Fails where the difficulty that a description names is not in its data, or its reference network
/// cannot be computed.
pub(crate) fn check(prepared: &Prepared) -> Result<(), TrainError> {
    let spec = prepared.description.train.curriculum.as_ref();
    match spec.map(|spec| &spec.difficulty) {
        None | Some(Difficulty::Loss { layers: None, .. }) => Ok(()),
        Some(Difficulty::Loss { epochs, layers }) => {
            judges(&reference(prepared, *epochs, layers.as_deref())?).map(|_| ())
        }
        Some(other) => known(&prepared.data, other).map(|_| ()),
    }
}

/// What the data themselves say.
fn known(data: &Data, difficulty: &Difficulty) -> Result<Vec<f64>, TrainError> {
    let part = &data.train;
    let wide = |values: &[f32]| values.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
    let missing = |what: &str| Err(TrainError::Curriculum(what.to_owned()));
    match difficulty {
        Difficulty::Scores if part.facts.scores.is_empty() => {
            missing("scores need a file: `scores` of `data.train`")
        }
        Difficulty::Scores => Ok(wide(&part.facts.scores)),
        Difficulty::Length if part.facts.drawn.is_empty() => missing(
            "all sequences have one length: give the source a `least_length`, if it is a generator of sequences",
        ),
        Difficulty::Length => Ok(wide(&part.facts.drawn)),
        Difficulty::Noise => {
            let facts = &part.facts;
            if facts.drawn.is_empty() && facts.wrong.is_empty() {
                return missing(
                    "all examples have the same noise: give the source a `least_noise`, or the data a \
                     `label_noise`",
                );
            }
            let largest = facts.drawn.iter().copied().fold(0.0f32, f32::max);
            Ok((0..part.len())
                .map(|row| {
                    let level = facts.drawn.get(row).copied().unwrap_or(0.0);
                    let wrong = facts.wrong.get(row).copied().unwrap_or(false);
                    f64::from(if wrong { largest + 1.0 + level } else { level })
                })
                .collect())
        }
        Difficulty::Column(name) => {
            let names = &data.feature_names;
            let number = names
                .iter()
                .position(|known| known == name)
                .or_else(|| name.parse().ok().filter(|&n: &usize| n < part.elements));
            match number {
                Some(column) => Ok((0..part.len())
                    .map(|row| f64::from(part.row(row)[column]))
                    .collect()),
                None if names.is_empty() => missing(&format!(
                    "`{name}` is no column: the inputs have {}, from 0, without names",
                    part.elements
                )),
                None => missing(&format!(
                    "`{name}` is no column: the inputs have {}",
                    names.join(", ")
                )),
            }
        }
        Difficulty::Loss { .. } => unreachable!("trained, not known"),
    }
}

/// The reference: the same description with these layers and epochs, without a curriculum.
fn reference(
    prepared: &Prepared,
    epochs: usize,
    layers: Option<&[Block]>,
) -> Result<Prepared, TrainError> {
    let mut description = prepared.description.clone();
    description.train.curriculum = None;
    description.train.epochs = epochs;
    description.train.steps = None;
    if let Some(layers) = layers {
        description.network.layers = layers.to_vec();
    }
    let plan = plan(&description, &prepared.data.shape)
        .map_err(|e| TrainError::Curriculum(format!("the reference network: {e}")))?;
    Ok(Prepared {
        description,
        data: prepared.data.clone(),
        plan,
    })
}

/// The loss of each example under a reference that is trained first, by a seed of its own.
fn by_loss(
    prepared: &Prepared,
    seed: u64,
    epochs: usize,
    layers: Option<&[Block]>,
) -> Result<Vec<f64>, TrainError> {
    let reference = reference(prepared, epochs, layers)?;
    let options = TrainOptions {
        watch: Schedule::none(),
        seed: Some(stream(seed, Purpose::Curriculum, "reference", 0).random()),
        ..TrainOptions::default()
    };
    let done = train(&reference, &options, &mut Silent)?;
    let network = done.network.valid();
    let (loss, _) = judges(&reference)?;
    let part = &reference.data.train;
    let all: Vec<u32> = (0..part.len() as u32).collect();
    let mut losses = Vec::with_capacity(part.len());
    for rows in all.chunks(evaluation_batch(&reference.description.train).max(1)) {
        let batch = part.batch(rows);
        let x = rows_tensor(batch.inputs, part.elements, &Device::flex(), DType::F32);
        let y = network.forward(x, &Pass::evaluate());
        for (i, one) in (0..rows.len() as u32).enumerate() {
            let value = loss.evaluate(y.clone().narrow(0, i, 1), &batch.targets.subset(&[one]));
            losses.push(scalar(&value.value));
        }
    }
    Ok(losses)
}
