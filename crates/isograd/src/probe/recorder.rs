//! The sink behind the probes of a network: collects what passes show.

use super::sample::{Sampler, examples};
use super::units::{Cosine, Layout, Slopes, few, part, sums_of_slopes};
use crate::nn::Network;
use crate::nn::activation::curve_of;
use isograd_core::describe::Plan;
use isograd_core::trace::{Role, Site};
use isograd_kernels::{Curve, Direction, Moments, Sink, View, Want, claim, cosines};
use isograd_theory::Activation;
use parking_lot::{Mutex, ReentrantMutex, ReentrantMutexGuard};
use std::cell::RefCell;
use std::mem;
use std::num::NonZeroU32;
use std::ops::Range;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Moments forward and backward of everything; where it is asked for ([`Recorder::look`]), slopes of
    /// activations and correlations from a sample of the batch.
    Step,
    /// Slopes and correlations from everything as well.
    Full,
}

/// Examples of a sample that are compared with each other: 28 pairs.
const PAIRED: usize = 8;

/// Sites between the one that is written and the one that is fetched meanwhile.
const AHEAD: usize = 2;

/// The activation that reads from a site.
#[derive(Clone, Copy, Debug)]
pub(super) struct Feed {
    /// The site of its output.
    pub(super) row: usize,
    pub(super) activation: Activation,
    curve: Option<Curve>,
    pub(super) units: usize,
    /// Where its units' sums begin.
    start: usize,
}

impl Feed {
    /// Where its units' sums are.
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.start + self.units
    }
}

/// What is asked of a site at each pass, in few bytes: those of all sites of a deep network stay in the cache.
#[derive(Clone, Copy, Debug)]
struct Stop {
    /// Where the sums of the units behind it begin, and how many they are.
    start: u32,
    units: u32,
    /// Position in [`Recorder::curves`]; none without an activation behind it.
    curve: Option<NonZeroU32>,
    /// Examples that are wanted as a sample.
    sample: u8,
    /// Of so many of them slopes are taken, at most.
    sloped: u8,
    /// Whether another site says all of it.
    twin: bool,
}

impl Stop {
    /// Where its units' sums are.
    fn range(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.units as usize
    }
}

/// What a site has seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) forward: Moments,
    pub(super) backward: Moments,
    pub(super) examples: usize,
    pub(super) backward_examples: usize,
    /// Σ of the cosines between examples of samples, and how many they are.
    pub(super) alike: (f64, f64),
    /// Numbers of each unit whose slopes were taken, and of how many examples.
    pub(super) sloped: [usize; 2],
}

impl Seen {
    fn begin_forward(&mut self) {
        *self = Self {
            backward: self.backward,
            backward_examples: self.backward_examples,
            ..Self::default()
        };
    }

    fn begin_backward(&mut self) {
        (self.backward, self.backward_examples) = Default::default();
    }
}

/// What a site shows of everything, beside its moments.
#[derive(Clone, Debug, Default)]
pub(super) struct Whole {
    pub(super) slopes: Option<Slopes>,
    pub(super) cosine: Cosine,
}

/// What was seen of all sites between two calls of [`Recorder::collect`].
#[derive(Debug, Default)]
pub struct Measured {
    pub(super) per_example: f64,
    /// What was seen before stands where [`Self::fresh`] says that nothing was since.
    pub(super) seen: Vec<Seen>,
    /// Of each site, whether something was seen forward and backward.
    fresh: Vec<[bool; 2]>,
    /// Σ of the squared slopes of each unit, where its site's slopes were taken.
    pub(super) slopes: Vec<f64>,
    /// Of [`Detail::Full`] only.
    pub(super) whole: Vec<Whole>,
}

impl Measured {
    /// Has nothing stand where nothing was seen.
    pub(super) fn settle(&mut self) {
        for (seen, [forward, backward]) in self.seen.iter_mut().zip(&self.fresh) {
            if !forward {
                seen.begin_forward();
            }
            if !backward {
                seen.begin_backward();
            }
        }
        self.fresh.fill([true; 2]);
    }
}

/// Everything seen, and what outlives a step.
#[derive(Debug, Default)]
struct State {
    now: Measured,
    sampler: Sampler,
}

/// The one thread that a recorder listens to, as long as it lives ([`Recorder::hold`]).
#[derive(Debug)]
pub struct Held<'a>(#[allow(dead_code)] ReentrantMutexGuard<'a, RefCell<State>>);

/// Collects what the probes of one network see, over one pass or several.
#[derive(Debug)]
pub struct Recorder {
    detail: Detail,
    /// Activation behind each site.
    pub(super) feeds: Arc<[Option<Feed>]>,
    /// For each site, another one through which the same tensor flows forward, which says all of it.
    pub(super) twins: Arc<[Option<usize>]>,
    stops: Vec<Stop>,
    /// The activations behind sites; without a curve all slopes are 1.
    curves: Vec<Option<Curve>>,
    /// Whether samples are wanted now.
    looks: AtomicBool,
    /// Whoever has it already need not ask the processor for it again, which would wait for all that it has
    /// still to write: the whole tensor that was just shown.
    state: ReentrantMutex<RefCell<State>>,
    /// What was read.
    spare: Mutex<Vec<Measured>>,
}

impl Recorder {
    /// A recorder for this network.
    pub fn new(network: &Network, detail: Detail) -> Self {
        let plan = network.plan();
        let sites = network.sites();
        let (feeds, mut twins) = neighbours(plan, sites);
        if detail == Detail::Full {
            twins.fill(None);
        }
        let mut curves = Vec::new();
        let stops = sites
            .iter()
            .zip(&feeds)
            .zip(&twins)
            .map(|((site, feed), twin)| {
                let most = examples(plan.nodes[site.node].output.elements());
                let sloped = feed.map_or(0, |feed| few(feed.activation, most));
                Stop {
                    start: feed.map_or(0, |feed| small(feed.start)),
                    units: feed.map_or(0, |feed| small(feed.units)),
                    curve: feed.and_then(|feed| {
                        let known = curves.iter().position(|curve| *curve == feed.curve);
                        let place = known.unwrap_or(curves.len());
                        if known.is_none() {
                            curves.push(feed.curve);
                        }
                        NonZeroU32::new(small(place + 1))
                    }),
                    sample: small(most.min(PAIRED).max(sloped)),
                    sloped: small(sloped),
                    twin: twin.is_some(),
                }
            });
        let stops = stops.collect();
        let recorder = Self {
            detail,
            feeds: feeds.into(),
            twins: twins.into(),
            stops,
            curves,
            looks: AtomicBool::new(true),
            state: ReentrantMutex::default(),
            spare: Mutex::default(),
        };
        recorder.state.lock().borrow_mut().now = recorder.nothing();
        recorder
    }

    /// Has this thread alone say what it sees from here on, which then costs less; others wait, so that none
    /// may be waited for that does. It may be held several times.
    pub fn hold(&self) -> Held<'_> {
        Held(self.state.lock())
    }

    /// Whether samples of the values are taken from here on, of [`Detail::Step`]; so it begins.
    pub fn look(&self, at_values: bool) {
        self.looks.store(at_values, Ordering::Relaxed);
    }

    fn nothing(&self) -> Measured {
        let sites = self.feeds.len();
        let units: usize = self.feeds.iter().flatten().map(|feed| feed.units).sum();
        let of = |detail, count| if self.detail == detail { count } else { 0 };
        Measured {
            per_example: 1.0,
            seen: vec![Seen::default(); sites],
            fresh: vec![[false; 2]; sites],
            slopes: vec![0.0; of(Detail::Step, units)],
            whole: vec![Whole::default(); of(Detail::Full, sites)],
        }
    }

    /// What was seen, and a clean start. `per_example` turns the gradient of the loss into that of one
    /// example's own loss (the batch size for a mean).
    pub fn collect(&self, per_example: f64) -> Measured {
        let spare = self.spare.lock().pop();
        let clean = spare.unwrap_or_else(|| self.nothing());
        let state = self.state.lock();
        let mut state = state.borrow_mut();
        state.sampler.turn();
        Measured {
            per_example,
            ..mem::replace(&mut state.now, clean)
        }
    }

    /// Has the processor fetch where the next sites in this direction write: another thread has read it
    /// since it was written. `sampled`: whether there are slopes to write.
    fn approach(&self, now: &Measured, site: usize, direction: Direction, sampled: bool) {
        let next = match direction {
            Direction::Forward => site.checked_add(AHEAD),
            Direction::Backward => site.checked_sub(AHEAD),
        };
        let Some((next, seen)) = next.and_then(|next| Some((next, now.seen.get(next)?))) else {
            return;
        };
        claim(slice::from_ref(seen));
        if sampled && let Some(slopes) = now.slopes.get(self.stops[next].range()) {
            claim(slopes);
        }
    }

    /// Takes back what was read: a network of many layers would need new memory at each step.
    pub fn give_back(&self, mut measured: Measured) {
        measured.fresh.fill([false; 2]);
        measured.whole.fill(Whole::default());
        self.spare.lock().push(measured);
    }
}

impl Sink for Recorder {
    fn want(&self, site: usize, direction: Direction) -> Want {
        let stop = &self.stops[site];
        match (self.detail, direction) {
            (_, Direction::Forward) if stop.twin => Want::Nothing,
            (Detail::Full, Direction::Forward) => Want::Values,
            (Detail::Step, Direction::Forward) if self.looks.load(Ordering::Relaxed) => {
                Want::Sample(stop.sample.into())
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
        let state = self.state.lock();
        let State { now, sampler } = &mut *state.borrow_mut();
        self.approach(now, site, direction, view.is_some());
        let (seen, fresh) = (&mut now.seen[site], &mut now.fresh[site]);
        // What stands there was read by another thread since: it is written over, not waited for.
        match direction {
            Direction::Forward if *fresh == [false; 2] => {
                fresh[0] = true;
                *seen = Seen {
                    forward: moments,
                    examples: batch,
                    ..Seen::default()
                };
            }
            Direction::Forward => {
                if !mem::replace(&mut fresh[0], true) {
                    seen.begin_forward();
                }
                seen.forward = seen.forward.merged(moments);
                seen.examples += batch;
            }
            Direction::Backward if !mem::replace(&mut fresh[1], true) => {
                (seen.backward, seen.backward_examples) = (moments, batch);
            }
            Direction::Backward => {
                seen.backward = seen.backward.merged(moments);
                seen.backward_examples += batch;
            }
        }
        let Some(view) = view else { return };
        if let Some(whole) = now.whole.get_mut(site) {
            whole.cosine.add(&view);
            if let Some(feed) = self.feeds[site] {
                let slopes = || Slopes::new(feed.activation, feed.units);
                whole.slopes.get_or_insert_with(slopes).add(&view);
            }
            return;
        }
        let stop = self.stops[site];
        let units = stop.units as usize;
        let curve = stop
            .curve
            .map(|place| self.curves[place.get() as usize - 1]);
        let layout = curve.and_then(|_| Layout::of(view.shape, units));
        let channels = match layout {
            Some(layout) => layout.inner > 1,
            None => view.shape.len() == 4,
        };
        let Some(sample) = sampler.take(&view, channels) else {
            return;
        };
        let compared = sample.examples.min(PAIRED) * sample.elements;
        let (alike, pairs) = cosines(part(sample.values, 0..compared), sample.elements);
        seen.alike.0 += alike;
        seen.alike.1 += pairs;
        if let (Some(curve), Some(_)) = (curve, layout) {
            let sums = &mut now.slopes[stop.range()];
            if seen.sloped[0] == 0 {
                sums.fill(0.0);
            }
            let taken = sample.examples.min(stop.sloped.into());
            let values = part(sample.values, 0..taken * sample.elements);
            sums_of_slopes(curve, values, sample.inner, sums);
            seen.sloped[0] += taken * sample.elements / units.max(1);
            seen.sloped[1] += taken;
        }
    }
}

/// A count that has room.
///
/// # Panics
/// Where it has none: of four thousand million units.
fn small<T: TryFrom<usize>>(count: usize) -> T {
    T::try_from(count).unwrap_or_else(|_| panic!("too many units are watched"))
}

/// For each site, the activation that reads from it, and where it is the beginning of a body that no
/// activation reads from, the site of what the block reads.
fn neighbours(plan: &Plan, sites: &[Site]) -> (Vec<Option<Feed>>, Vec<Option<usize>>) {
    let mut places = vec![[None; 2]; plan.nodes.len()];
    for (position, site) in sites.iter().enumerate() {
        places[site.node][usize::from(site.role == Role::Branch)] = Some(position);
    }
    let mut feeds = vec![None; sites.len()];
    let mut twins = vec![None; sites.len()];
    let mut start = 0;
    let mut chains = vec![(None, plan.chain.as_slice())];
    for node in &plan.nodes {
        let inner = node.op.chains();
        if !inner.main.is_empty() {
            chains.push((places[node.id][1], inner.main));
        }
        chains.push((None, inner.beside));
    }
    for (before, chain) in chains {
        let mut from = before;
        for &id in chain {
            let [output, branch] = places[id];
            let activation = plan.nodes[id].op.activation();
            if let (Some(from), Some(activation), Some(row)) = (from, activation, output) {
                let units = plan.nodes[id].output.units();
                feeds[from] = Some(Feed {
                    row,
                    activation,
                    curve: curve_of(activation),
                    units,
                    start,
                });
                start += units;
            }
            if let Some(branch) = branch {
                twins[branch] = from;
            }
            from = output;
        }
    }
    for (feed, twin) in feeds.iter().zip(&mut twins) {
        if feed.is_some() {
            *twin = None;
        }
    }
    (feeds, twins)
}
