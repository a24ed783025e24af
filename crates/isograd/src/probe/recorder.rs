//! The sink behind the probes of a network: collects what a pass shows into rows of a trace.

use super::sample::{Sampler, examples};
use super::units::{Census, Cosine, Layout, Slopes, Window, part};
use crate::nn::Network;
use isograd_core::describe::{NodeId, Plan};
use isograd_core::trace::quantity::{Quantity, Row};
use isograd_core::trace::{Role, Site};
use isograd_kernels::{Direction, Moments, Sink, View, Want, cosines};
use isograd_theory::Activation;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Moments forward and backward of everything; where it is asked for ([`Recorder::look`]), slopes of
    /// activations and correlations from a sample of the batch, the slopes over the last examples of the
    /// training.
    Step,
    /// Slopes and correlations from everything as well.
    Full,
}

/// Examples of a sample that are compared with each other: 28 pairs.
const PAIRED: usize = 8;

/// What a site has seen since the last [`Recorder::take`].
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    forward: Moments,
    backward: Moments,
    examples: usize,
    backward_examples: usize,
    /// Σ of the cosines between examples of samples, and how many they are.
    alike: (f64, f64),
}

/// What a site shows of everything, beside its moments.
#[derive(Clone, Debug, Default)]
struct Whole {
    slopes: Option<Slopes>,
    cosine: Cosine,
}

/// Everything seen, and what outlives a step.
#[derive(Debug, Default)]
struct State {
    seen: Vec<Seen>,
    /// Of [`Detail::Full`] only.
    whole: Vec<Whole>,
    /// Slopes of the activation behind each site.
    windows: Vec<Option<Window>>,
    sampler: Sampler,
}

/// Collects what the probes of one network see, over one pass or several.
#[derive(Debug)]
pub struct Recorder {
    detail: Detail,
    /// Activation behind each site: the row of its node's site, what it is, its units.
    feeds: Vec<Option<(usize, Activation, usize)>>,
    /// Examples of each site that are wanted as a sample.
    samples: Vec<usize>,
    /// Whether samples are wanted now.
    looks: AtomicBool,
    state: Mutex<State>,
}

impl Recorder {
    /// A recorder for this network.
    pub fn new(network: &Network, detail: Detail) -> Self {
        let plan = network.plan();
        let sites = network.sites();
        Self {
            detail,
            feeds: feeds(plan, sites),
            samples: sites
                .iter()
                .map(|site| examples(plan.nodes[site.node].output.elements()))
                .collect(),
            looks: AtomicBool::new(true),
            state: Mutex::new(State {
                seen: vec![Seen::default(); sites.len()],
                whole: match detail {
                    Detail::Step => Vec::new(),
                    Detail::Full => vec![Whole::default(); sites.len()],
                },
                windows: vec![None; sites.len()],
                ..State::default()
            }),
        }
    }

    /// Whether samples of the values are taken from here on, of [`Detail::Step`]; so it begins.
    pub fn look(&self, at_values: bool) {
        self.looks.store(at_values, Ordering::Relaxed);
    }

    // A panic of another thread while it held the lock has nothing to do with the numbers here.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows of what was seen, one a site, and a clean start. `per_example` turns the gradient
    /// of the loss into that of one example's own loss (the batch size for a mean).
    pub fn take(&self, per_example: f64) -> Vec<Row> {
        let mut state = self.lock();
        let mut rows: Vec<Row> = state.seen.iter().map(|s| row(s, per_example)).collect();
        for (site, feed) in self.feeds.iter().enumerate() {
            let Some((at, _, _)) = feed else { continue };
            let whole = state
                .whole
                .get(site)
                .and_then(|whole| whole.slopes.as_ref());
            let whole = whole.map(|slopes| (slopes.census(), true));
            let looked = self.looks.load(Ordering::Relaxed);
            let last = || state.windows[site].as_ref().filter(|_| looked)?.census();
            if let Some((census, enough)) = whole.or_else(last) {
                fill(&mut rows[*at], census, enough);
            }
        }
        for (row, whole) in rows.iter_mut().zip(&state.whole) {
            if let Some(correlation) = whole.cosine.mean() {
                row.set(Quantity::Correlation, correlation);
            }
        }
        state.seen.fill(Seen::default());
        state.whole.fill(Whole::default());
        state.sampler.turn();
        rows
    }
}

/// Puts in what slopes say; `enough`: whether units can be called dead.
fn fill(row: &mut Row, census: Census, enough: bool) {
    row.set(Quantity::SlopeSquare, census.mean_square);
    if enough {
        row.set(Quantity::DeadUnits, census.dead);
    }
    if let Some(saturated) = census.saturated {
        row.set(Quantity::SaturatedUnits, saturated);
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
    let (alike, pairs) = seen.alike;
    if pairs > 0.0 {
        row.set(Quantity::Correlation, (alike / pairs).clamp(-1.0, 1.0));
    }
    row
}

impl Sink for Recorder {
    fn want(&self, site: usize, direction: Direction) -> Want {
        match (self.detail, direction) {
            (Detail::Full, Direction::Forward) => Want::Values,
            (Detail::Step, Direction::Forward) if self.looks.load(Ordering::Relaxed) => {
                Want::Sample(self.samples[site])
            }
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
        let mut state = self.lock();
        let state = &mut *state;
        let seen = &mut state.seen[site];
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
        let Some(view) = view else { return };
        let feed = self.feeds[site];
        if let Some(whole) = state.whole.get_mut(site) {
            whole.cosine.add(&view);
            if let Some((_, activation, units)) = feed {
                let slopes = || Slopes::new(activation, units);
                whole.slopes.get_or_insert_with(slopes).add(&view);
            }
            return;
        }
        let layout = feed.and_then(|(_, _, units)| Layout::of(view.shape, units));
        let channels = match layout {
            Some(layout) => layout.inner > 1,
            None => view.shape.len() == 4,
        };
        let Some(sample) = state.sampler.take(&view, channels) else {
            return;
        };
        let compared = sample.examples.min(PAIRED) * sample.elements;
        let (alike, pairs) = cosines(part(sample.values, 0..compared), sample.elements);
        seen.alike.0 += alike;
        seen.alike.1 += pairs;
        if let (Some((_, activation, units)), Some(_)) = (feed, layout) {
            state.windows[site]
                .get_or_insert_with(|| Window::new(activation, units))
                .add(sample.values, sample.inner, sample.examples);
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
