//! A description made ready: data read, network planned, loss checked.

use crate::data::{Data, DataError, Part, load, probe_rows};
use crate::nn::Build;
use crate::probe::{LastLoss, ThroughTime, gradient_through_time};
use crate::train::loss::resolve_output;
use crate::train::{TrainError, check_curriculum, judges};
use burn::tensor::{DType, Device, Tensor, TensorData};
use isograd_core::describe::{DescribeError, Description, Document, Node, Op, Plan};
use isograd_core::predict::InputMoments;
use std::path::Path;
use std::sync::Arc;

/// A description with its data and its network written out.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What was asked for.
    pub description: Description,
    /// The examples, shared by all trainings on them.
    pub data: Arc<Data>,
    /// The network written out for these data.
    pub plan: Plan,
}

impl Prepared {
    /// Steps of one epoch; the last may have fewer examples.
    pub fn steps_per_epoch(&self) -> u64 {
        let spec = &self.description.train;
        self.data.train.len().div_ceil(spec.batch * spec.accumulate) as u64
    }

    /// Steps that the description's epochs come to, or its own limit if that is less.
    pub fn planned_steps(&self) -> u64 {
        let spec = &self.description.train;
        let all = self.steps_per_epoch() * spec.epochs as u64;
        spec.steps.map_or(all, |steps| all.min(steps as u64))
    }
}

/// Why a description cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The network cannot be computed on these data.
    #[error(transparent)]
    Plan(#[from] Box<DescribeError>),
    /// The loss cannot be computed on what the network puts out.
    #[error("{layer} puts out {outputs} at {path}: {source}")]
    Loss {
        /// The last block's name.
        layer: String,
        /// What it puts out, in words.
        outputs: String,
        /// Its address in the description.
        path: String,
        /// What does not fit.
        source: TrainError,
    },
    /// The difficulty that a curriculum names is not known.
    #[error("train.curriculum: {0}")]
    Curriculum(TrainError),
}

/// Reads the data of a description and plans its network for them. Files are relative to the folder
/// of the description; named sets lie in `data_dir`.
pub fn prepare(document: &Document, data_dir: Option<&Path>) -> Result<Prepared, PrepareError> {
    let description = &document.description;
    let base = document.file.parent().unwrap_or(Path::new("."));
    let loss = Some(description.train.loss.kind);
    let data = Arc::new(load(
        &description.data,
        base,
        data_dir,
        description.seed,
        loss,
    )?);
    prepare_on(document, data)
}

/// Plans the network of a description for data that were read for it before.
pub fn prepare_on(document: &Document, data: Arc<Data>) -> Result<Prepared, PrepareError> {
    let description = &document.description;
    let plan = document.plan(&data.shape).map_err(Box::new)?;
    data.check_ids(&plan)?;
    let prepared = Prepared {
        description: description.clone(),
        data,
        plan,
    };
    judges(&prepared).map_err(|source| {
        let last = prepared
            .plan
            .chain
            .last()
            .map(|&id| &prepared.plan.nodes[id]);
        PrepareError::Loss {
            layer: last.map_or_else(|| "the network".to_owned(), |node| node.name.clone()),
            outputs: prepared.plan.output.words(),
            path: last.map_or_else(|| "network".to_owned(), |node| node.path.clone()),
            source,
        }
    })?;
    check_curriculum(&prepared).map_err(PrepareError::Curriculum)?;
    Ok(prepared)
}

/// Rows that second moment and correlation of the inputs are measured on.
const MOMENT_ROWS: usize = 1000;

/// Second moment and mean cosine of the training part's inputs, on at most 1,000 rows.
pub fn input_moments(data: &Data, seed: u64) -> InputMoments {
    let part: &Part = &data.train;
    let rows = probe_rows(seed, part.len(), MOMENT_ROWS);
    let mut squares = 0.0;
    let mut direction = vec![0.0f64; part.elements];
    let mut count = 0.0;
    for &row in &rows {
        let x = part.row(row as usize);
        let square: f64 = x.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
        squares += square;
        if square > 0.0 && square.is_finite() {
            let norm = square.sqrt();
            for (sum, &v) in direction.iter_mut().zip(x) {
                *sum += f64::from(v) / norm;
            }
            count += 1.0;
        }
    }
    let total: f64 = direction.iter().map(|d| d * d).sum();
    InputMoments {
        second_moment: squares / (rows.len().max(1) * part.elements.max(1)) as f64,
        correlation: if count > 1.0 {
            (total - count) / (count * (count - 1.0))
        } else {
            1.0
        },
    }
}

/// Examples that the gradient through time is measured on.
const THROUGH_TIME_ROWS: usize = 64;

/// The gradient through the states of every recurrent layer of a network before its first step, as
/// [`gradient_through_time`] measures it; layers without a last step are left out.
pub fn initial_through_time(prepared: &Prepared) -> Vec<ThroughTime> {
    let recurrent = |node: &&Node| matches!(node.op, Op::Recurrent { .. });
    let plan = &prepared.plan;
    if !plan.nodes.iter().any(|node| recurrent(&node)) {
        return Vec::new();
    }
    let (seed, data) = (prepared.description.seed, &prepared.data);
    let device = Device::flex().autodiff();
    let network = Build::new(seed, device.clone()).network(plan);
    let rows = probe_rows(seed, data.train.len(), THROUGH_TIME_ROWS);
    let batch = data.train.batch(&rows);
    let x = TensorData::new(batch.inputs, [rows.len(), data.train.elements]);
    let x = Tensor::<2>::from_data(x, (&device, DType::F32));
    let spec = &prepared.description.train.loss;
    let last = plan.chain.last().map(|&id| &plan.nodes[id].op);
    let loss = LastLoss {
        spec,
        output: resolve_output(spec.on, last),
        task: data.shape.task,
        target: data.target,
    };
    let measure = |node: &Node| {
        gradient_through_time(&network, node.id, x.clone(), &batch.targets, &loss).ok()
    };
    plan.nodes
        .iter()
        .filter(recurrent)
        .filter_map(measure)
        .collect()
}
