//! How the training loss went, as far as the trace tells.

use super::Examination;
use super::profile::{Line, line};
use crate::describe::data::TargetScale;
use crate::describe::train::{ClassWeights, LossKind, OptimizerKind, Reduction};
use crate::describe::{Description, Plan};

/// Steps below which a trace says nothing about learning: a quarter of them must give a median.
const FEWEST_STEPS: usize = 20;

/// Standard error of a median over that of a mean, √(π/2), for normal noise.
const MEDIAN_ERROR: f64 = 1.253_314_137_315_5;

/// Standard deviation over the median absolute value, for normal noise: 1/Φ⁻¹(¾).
const MAD_TO_DEVIATION: f64 = 1.482_602_218_505_6;

/// Standard errors beyond which a difference is not noise: the 0.1 % point of the normal
/// distribution.
const SURE: f64 = 3.090_232_306_167_8;

/// Share of the loss of a constant prediction above which nothing of substance was learned: with
/// cross-entropy, less than a tenth of the information in the labels.
const HARDLY: f64 = 0.9;

/// Loss over training steps, with the windows in which it is judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Course {
    /// Step and loss of every training step on record, up to the first that is not finite.
    pub losses: Vec<(f64, f64)>,
    /// The first step whose loss is not finite.
    pub broke_at: Option<u64>,
    /// Loss of the first step.
    pub start: Option<f64>,
    /// Median of the last quarter.
    pub end: Option<f64>,
    /// Median of the second quarter.
    pub middle: f64,
    /// Standard error of such a median, from the differences of consecutive losses.
    pub error: f64,
    /// Expected loss of the best constant prediction if all classes are equally frequent, or of a
    /// standardised target; `None` where it depends on data that a trace does not have.
    pub constant: Option<f64>,
    /// The optimiser rescales each gradient by its own size.
    pub adaptive: bool,
}

impl Course {
    pub(super) fn new(exam: &Examination<'_>) -> Self {
        let mut course = Self {
            constant: constant_loss(exam.description, exam.plan),
            adaptive: !matches!(
                exam.description.train.optimizer.kind,
                OptimizerKind::Sgd { .. }
            ),
            ..Self::default()
        };
        for record in exam.trace.steps() {
            if !record.network.loss.is_finite() {
                course.broke_at = Some(record.step);
                break;
            }
            course
                .losses
                .push((record.step as f64, record.network.loss));
        }
        let losses: Vec<f64> = course.losses.iter().map(|&(_, loss)| loss).collect();
        course.start = losses.first().copied();
        let n = losses.len();
        if n >= FEWEST_STEPS {
            course.end = Some(median(&losses[n - n / 4..]));
            course.middle = median(&losses[n / 4..n / 2]);
            let jumps: Vec<f64> = losses[n / 2..]
                .windows(2)
                .map(|w| (w[1] - w[0]).abs())
                .collect();
            let noise = MAD_TO_DEVIATION * median(&jumps) / std::f64::consts::SQRT_2;
            course.error = MEDIAN_ERROR * noise / ((n / 4) as f64).sqrt();
        }
        course
    }

    /// Loss that must be left behind: the constant prediction's, else the first.
    fn level(&self) -> Option<f64> {
        self.constant.or(self.start)
    }

    /// The loss is still where a constant prediction has it (or where it began), and no longer falls.
    pub(super) fn stalled(&self) -> bool {
        let (Some(end), Some(level)) = (self.end, self.level()) else {
            return false;
        };
        end > HARDLY * level && self.middle - end < (SURE * self.error).max(0.01 * level)
    }

    /// The loss is clearly below that of a constant prediction (or of the beginning).
    pub(super) fn learned(&self) -> bool {
        matches!((self.end, self.level()), (Some(end), Some(level)) if end < HARDLY * level)
            && self.broke_at.is_none()
    }

    /// The loss ended clearly above where it began, or ceased to be finite.
    pub(super) fn diverged(&self) -> bool {
        let risen = match (self.start, self.end) {
            // The first loss is a single batch: its own noise is that of a median of one.
            (Some(start), Some(end)) => {
                let single = self.error / MEDIAN_ERROR * ((self.losses.len() / 4) as f64).sqrt();
                end - start > SURE * (self.error + single) && end > start.abs() * 1.1
            }
            _ => false,
        };
        risen || (self.broke_at.is_some() && self.start.is_some())
    }

    /// A straight line through the losses of a part of the course: `from` and `to` are shares of it.
    pub(super) fn trend(&self, from: f64, to: f64) -> Option<Line> {
        let at = |share: f64| (share * self.losses.len() as f64) as usize;
        line(self.losses.get(at(from)..at(to))?)
    }

    /// Steps that the description asks for, as far as the trace tells how long an epoch is; else
    /// those on record in every epoch.
    pub(super) fn budget(&self, exam: &Examination<'_>) -> f64 {
        let done = self.losses.last().map_or(0.0, |&(step, _)| step + 1.0);
        let train = &exam.description.train;
        let by_epochs = exam
            .trace
            .validations
            .iter()
            .rev()
            .find(|v| v.step > 0 && v.epoch > 0.0)
            .map(|v| v.step as f64 / v.epoch * train.epochs as f64);
        let budget = match (by_epochs, train.steps) {
            (Some(epochs), Some(steps)) => epochs.min(steps as f64),
            (Some(epochs), None) => epochs,
            (None, Some(steps)) => steps as f64,
            // An epoch has at least the steps that were seen, or the budget is smaller than this:
            // too large a budget only makes the judgement milder.
            (None, None) => done * train.epochs.max(1) as f64,
        };
        budget.max(done)
    }
}

/// Loss of the best constant prediction, where the description alone tells it.
fn constant_loss(description: &Description, plan: &Plan) -> Option<f64> {
    let loss = &description.train.loss;
    let usual = loss.reduction == Reduction::Mean
        && loss.over_outputs == Reduction::Mean
        && loss.over_classes == Reduction::Sum
        && !loss.sum_over_batch
        && !loss.pairwise
        && loss.pos_weight == 1.0
        && loss.label_smoothing == 0.0
        && !matches!(loss.class_weights, ClassWeights::Given(_));
    let base = match loss.kind {
        _ if !usual => None,
        LossKind::CrossEntropy if plan.output.units() > 1 => {
            Some((plan.output.units() as f64).ln())
        }
        LossKind::BinaryCrossEntropy => Some(std::f64::consts::LN_2),
        LossKind::Mse if description.data.target_scale == TargetScale::Standard => Some(1.0),
        _ => None,
    };
    base.map(|b| b * loss.factor)
        .filter(|b| b.is_finite() && *b > 0.0)
}

/// Median of numbers; NaN of none. NaN counts as largest.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}
