//! What the rules about gradients over depth share: vanishing, exploding, wrong initial gain.

use super::blame::Account;
use super::context::Context;
use super::finding::Severity;
use super::limits::{Band, DEPTH_DB, ROUNDING_DB, WEAK_DEPTH_DB};
use super::profile::Profile;
use crate::trace::{Quantity, Record};

/// Gradient and signal over the depth, at initialisation and later.
pub(super) struct Depth<'a> {
    /// The record at initialisation.
    pub initial: &'a Record,
    /// G at initialisation.
    pub before: Option<Profile>,
    /// G at the end of the trace.
    pub after: Option<Profile>,
    /// Forward RMS at initialisation: its `db` is negative where the signal grows.
    pub forward: Option<Profile>,
    /// Forward RMS at the end.
    pub forward_after: Option<Profile>,
    /// What the chance of random weights allows.
    pub band: Band,
}

impl<'a> Depth<'a> {
    /// `None` where no layer was measured or the network has no depth.
    pub(super) fn new(ctx: &Context<'a>) -> Option<Self> {
        let initial = ctx.initial()?;
        if ctx.points.len() < 2 {
            return None;
        }
        let latest = ctx.latest();
        Some(Self {
            initial,
            before: ctx.profile(initial, Quantity::Gradient),
            after: latest.and_then(|r| ctx.profile(r, Quantity::Gradient)),
            forward: ctx.profile(initial, Quantity::ForwardRms),
            forward_after: latest.and_then(|r| ctx.profile(r, Quantity::ForwardRms)),
            band: Band::between(ctx.exam.plan, &ctx.points),
        })
    }

    /// The ratio is below the lower limit.
    pub(super) fn vanishes(&self, profile: Option<Profile>) -> bool {
        profile.is_some_and(|p| p.db < self.band.vanished(DEPTH_DB))
    }

    /// The ratio is below the weaker of the lower limits.
    pub(super) fn fades(&self, profile: Option<Profile>) -> bool {
        profile.is_some_and(|p| p.db < self.band.vanished(WEAK_DEPTH_DB))
    }

    /// The gradient's ratio is above the upper limit.
    pub(super) fn explodes(&self, profile: Option<Profile>) -> bool {
        profile.is_some_and(|p| p.db > self.band.exploded(DEPTH_DB))
    }

    /// The signal grows beyond the upper limit.
    pub(super) fn signal_explodes(&self, forward: Option<Profile>) -> bool {
        forward.is_some_and(|p| -p.db > self.band.exploded(DEPTH_DB))
    }

    /// The gradient or the signal leaves its limits at initialisation, either way.
    pub(super) fn unhealthy(&self) -> bool {
        self.vanishes(self.before)
            || self.explodes(self.before)
            || self.signal_explodes(self.forward)
    }
}

/// The first layers' gradient is lost in rounding, or the last ones'.
pub(super) fn beyond_rounding(profile: Option<Profile>) -> bool {
    profile.is_some_and(|p| p.db.abs() > -ROUNDING_DB)
}

/// How bad a gradient of the wrong size is, by what came of it. `persists`: it is still so at the end
/// of the trace, as far as that is known.
pub(super) fn severity(ctx: &Context<'_>, persists: bool, beyond_rounding: bool) -> Severity {
    let course = &ctx.course;
    if course.stalled() || course.diverged() {
        Severity::Critical
    } else if !persists || (course.learned() && course.adaptive && early_layers_move(ctx)) {
        Severity::Info
    } else if beyond_rounding && !course.learned() {
        Severity::Critical
    } else {
        Severity::Warning
    }
}

/// Mean update ratio of the first and of the second half of the layers with weights, over all steps
/// on which it was measured.
pub(super) fn update_by_half(ctx: &Context<'_>) -> Option<(f64, f64)> {
    let weights: Vec<usize> = ctx.trained_weights().collect();
    let mean = |nodes: &[usize]| {
        let ratios: Vec<f64> = ctx
            .exam
            .trace
            .steps()
            .flat_map(|r| {
                nodes
                    .iter()
                    .filter_map(|&n| ctx.get(r, n, Quantity::UpdateRatio))
            })
            .filter(|r| r.is_finite())
            .collect();
        (!ratios.is_empty()).then(|| ratios.iter().sum::<f64>() / ratios.len() as f64)
    };
    let (first, second) = weights.split_at(weights.len() / 2);
    Some((mean(first)?, mean(second)?))
}

/// The optimiser makes up for the size of the gradients: the first half of the layers changes at
/// least a tenth as much as the second.
fn early_layers_move(ctx: &Context<'_>) -> bool {
    update_by_half(ctx).is_some_and(|(first, second)| first >= 0.1 * second)
}

/// What does most of it, in words: `96 % of it through the derivative of sigmoid in 30 layers`.
pub(super) fn main_mechanism(account: &Account) -> String {
    match account.by_mechanism().first() {
        Some(m) if m.share > 0.0 && m.excess_db.abs() > 0.0 => format!(
            ", {:.0} % of it through {} ({} of them)",
            100.0 * m.share,
            m.mechanism.describe(&m.kind),
            m.nodes
        ),
        _ => String::new(),
    }
}

/// A ratio in dB, for people.
pub(super) fn decibels(db: f64) -> String {
    if db.is_infinite() {
        "to nothing".to_owned()
    } else {
        format!("by {:.0} dB", db.abs())
    }
}

/// Names of the layers whose gradient, against that of the last point, is beyond the limit in dB.
pub(super) fn layers_beyond(
    ctx: &Context<'_>,
    record: &Record,
    beyond: impl Fn(f64) -> bool,
) -> Vec<String> {
    let last = ctx
        .points
        .last()
        .and_then(|&n| ctx.get(record, n, Quantity::Gradient));
    let Some(last) = last else { return Vec::new() };
    let plan = ctx.exam.plan;
    plan.layers
        .iter()
        .filter(|l| {
            let point = super::context::outermost(&plan.nodes, l.activation.unwrap_or(l.weights));
            ctx.points.contains(&point)
                && ctx
                    .get(record, point, Quantity::Gradient)
                    .is_some_and(|g| beyond(super::profile::db(g, last)))
        })
        .map(|l| l.name.clone())
        .collect()
}
