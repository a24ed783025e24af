//! The sink behind the probes of a network: collects what a pass shows into rows of a trace.

use super::units::{Cosine, Slopes};
use crate::nn::Network;
use isograd_core::describe::{NodeId, Plan};
use isograd_core::trace::quantity::{Quantity, Row};
use isograd_core::trace::{Role, Site};
use isograd_kernels::{Direction, Moments, Sink, View, Want};
use isograd_theory::Activation;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Moments forward and backward.
    Moments,
    /// Also slopes of activations and correlations, from the values.
    Full,
}

/// What a site has seen since the last [`Recorder::take`].
#[derive(Clone, Debug, Default)]
struct Seen {
    forward: Moments,
    backward: Moments,
    examples: usize,
    backward_examples: usize,
    slopes: Option<Slopes>,
    cosine: Cosine,
}

/// Collects what the probes of one network see, over one pass or several.
#[derive(Debug)]
pub struct Recorder {
    detail: Detail,
    /// Activation behind each site: the row of its node's site, what it is, its units.
    feeds: Vec<Option<(usize, Activation, usize)>>,
    seen: Mutex<Vec<Seen>>,
}

impl Recorder {
    /// A recorder for this network.
    pub fn new(network: &Network, detail: Detail) -> Self {
        let plan = network.plan();
        let sites = network.sites();
        Self {
            detail,
            feeds: feeds(plan, sites),
            seen: Mutex::new(vec![Seen::default(); sites.len()]),
        }
    }

    // A panic of another thread while it held the lock has nothing to do with the numbers here.
    fn lock(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows of what was seen, one a site, and a clean start. `per_example` turns the gradient
    /// of the loss into that of one example's own loss (the batch size for a mean).
    pub fn take(&self, per_example: f64) -> Vec<Row> {
        let mut seen = self.lock();
        let mut rows: Vec<Row> = seen.iter().map(|s| row(s, per_example)).collect();
        for (site, feed) in self.feeds.iter().enumerate() {
            if let (Some((row, _, _)), Some(slopes)) = (feed, &seen[site].slopes) {
                rows[*row].set(Quantity::DeadUnits, slopes.dead());
                rows[*row].set(Quantity::SlopeSquare, slopes.mean_square());
                if slopes.saturating() {
                    rows[*row].set(Quantity::SaturatedUnits, slopes.saturated());
                }
            }
        }
        seen.iter_mut().for_each(|s| *s = Seen::default());
        rows
    }
}

fn row(seen: &Seen, per_example: f64) -> Row {
    let mut row = Row::default();
    if seen.examples > 0 {
        let forward = &seen.forward;
        row.set(Quantity::ForwardMean, forward.mean());
        row.set(Quantity::ForwardRms, forward.rms());
        row.set(Quantity::ForwardMaxAbs, forward.max_abs);
        row.set(Quantity::ForwardNonFinite, forward.non_finite as f64);
        row.set(Quantity::Examples, seen.examples as f64);
    }
    if seen.backward_examples > 0 {
        let backward = &seen.backward;
        let factor = per_example.abs();
        let norm = (backward.sum_squares / seen.backward_examples as f64).sqrt();
        row.set(Quantity::Gradient, factor * norm);
        row.set(Quantity::GradientRms, factor * backward.rms());
        row.set(Quantity::GradientMaxAbs, factor * backward.max_abs);
        row.set(Quantity::GradientNonFinite, backward.non_finite as f64);
    }
    if let Some(correlation) = seen.cosine.mean() {
        row.set(Quantity::Correlation, correlation);
    }
    row
}

impl Sink for Recorder {
    fn want(&self, _: usize, direction: Direction) -> Want {
        match (self.detail, direction) {
            (Detail::Full, Direction::Forward) => Want::Values,
            _ => Want::Moments,
        }
    }

    fn receive(
        &self,
        site: usize,
        direction: Direction,
        batch: usize,
        moments: Moments,
        view: Option<View<'_>>,
    ) {
        let mut all = self.lock();
        let seen = &mut all[site];
        match direction {
            Direction::Forward => {
                seen.forward = seen.forward.merged(moments);
                seen.examples += batch;
            }
            Direction::Backward => {
                seen.backward = seen.backward.merged(moments);
                seen.backward_examples += batch;
            }
        }
        if let Some(view) = view {
            seen.cosine.add(&view);
            if let Some((_, activation, units)) = self.feeds[site] {
                seen.slopes
                    .get_or_insert_with(|| Slopes::new(activation, units))
                    .add(&view);
            }
        }
    }
}

/// For each site, the activation that reads from it.
fn feeds(plan: &Plan, sites: &[Site]) -> Vec<Option<(usize, Activation, usize)>> {
    let position =
        |node: NodeId, role: Role| sites.iter().position(|s| s.node == node && s.role == role);
    let mut by_node = vec![None; plan.nodes.len()];
    for (position, site) in sites.iter().enumerate() {
        if site.role == Role::Output {
            by_node[site.node] = Some(position);
        }
    }
    let mut feeds = vec![None; sites.len()];
    let mut link = |from: Option<usize>, to: NodeId| {
        if let (Some(from), Some(phi), Some(row)) =
            (from, plan.nodes[to].op.activation(), by_node[to])
        {
            feeds[from] = Some((row, phi, plan.nodes[to].output.units()));
        }
    };
    let mut chains = vec![(None, plan.chain.as_slice())];
    for node in &plan.nodes {
        let inner = node.op.chains();
        if !inner.main.is_empty() {
            chains.push((position(node.id, Role::Branch), inner.main));
        }
        chains.push((None, inner.beside));
    }
    for (start, chain) in chains {
        let mut from = start;
        for &id in chain {
            link(from, id);
            from = by_node[id];
        }
    }
    feeds
}
