//! The learning rate over time.

use isograd_core::describe::train::{Per, ScheduleKind, ScheduleSpec};
use std::f64::consts::PI;

/// A schedule of the description for a budget of so many steps.
///
/// ```
/// use isograd::optim::RateSchedule;
/// use isograd_core::describe::train::{Per, ScheduleKind, ScheduleSpec};
///
/// let kind = ScheduleKind::Polynomial { power: 1.0, floor: 0.0, length: None };
/// let spec = ScheduleSpec { kind, warmup: 2, per: Per::Step };
/// let schedule = RateSchedule::new(&spec, 6, 3);
/// let factors: Vec<f64> = (0..6).map(|step| schedule.factor(step)).collect();
/// assert_eq!(factors, [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]);
/// ```
#[derive(Clone, Debug)]
pub struct RateSchedule {
    spec: ScheduleSpec,
    steps: u64,
    per_epoch: u64,
    plateau: Plateau,
}

impl RateSchedule {
    /// A schedule for `steps` steps in all, `per_epoch` of them an epoch.
    pub fn new(spec: &ScheduleSpec, steps: u64, per_epoch: u64) -> Self {
        Self {
            spec: spec.clone(),
            steps,
            per_epoch: per_epoch.max(1),
            plateau: Plateau::default(),
        }
    }

    /// What the rate is multiplied by at a step, from 0.
    pub fn factor(&self, step: u64) -> f64 {
        let warmup = self.spec.warmup as u64;
        let rise = if step < warmup {
            (step + 1) as f64 / warmup as f64
        } else {
            1.0
        };
        let behind = |step: u64| step.saturating_sub(warmup);
        let (time, rest) = match self.spec.per {
            Per::Step => (behind(step), behind(self.steps)),
            Per::Epoch => (
                behind(step) / self.per_epoch,
                behind(self.steps).div_ceil(self.per_epoch),
            ),
        };
        rise * self.course(time, rest.max(1))
    }

    /// An epoch has ended with this validation loss: what a plateau goes by.
    pub fn epoch_ended(&mut self, loss: f64) {
        if let ScheduleKind::Plateau {
            factor,
            patience,
            threshold,
            cooldown,
            floor,
        } = self.spec.kind
        {
            let limits = [patience, cooldown];
            self.plateau.see(loss, threshold, limits, factor, floor);
        }
    }

    fn course(&self, time: u64, rest: u64) -> f64 {
        let t = time as f64;
        let within = |length: Option<usize>| length.map_or(rest as f64, |n| n as f64);
        match &self.spec.kind {
            ScheduleKind::Constant => 1.0,
            ScheduleKind::Step { every, factor } => {
                factor.powf((time / (*every).max(1) as u64) as f64)
            }
            ScheduleKind::MultiStep { at, factor } => {
                let passed = at.iter().filter(|&&at| at as u64 <= time).count();
                factor.powf(passed as f64)
            }
            ScheduleKind::Cosine {
                floor,
                length,
                restarts,
            } => {
                let length = within(*length);
                let share = match restarts {
                    None => (t / length).min(1.0),
                    Some(stretch) => period(t, length, *stretch as f64),
                };
                floor + (1.0 - floor) * (1.0 + (PI * share).cos()) / 2.0
            }
            ScheduleKind::Exponential { factor } => factor.powf(t),
            ScheduleKind::Polynomial {
                power,
                floor,
                length,
            } => {
                let left = 1.0 - (t / within(*length)).min(1.0);
                floor + (1.0 - floor) * left.powf(*power)
            }
            ScheduleKind::Noam { width, rise } => {
                let (n, rise) = (t + 1.0, *rise as f64);
                (*width as f64).powf(-0.5) * n.powf(-0.5).min(n * rise.powf(-1.5))
            }
            ScheduleKind::OneCycle {
                rise,
                start,
                end,
                length,
                linear,
            } => {
                // The phases share their turning point, as in PyTorch.
                let last = within(*length) - 1.0;
                let top = rise * (last + 1.0) - 1.0;
                let (from, to, share) = if t <= top && top > 0.0 {
                    (start.recip(), 1.0, t / top)
                } else {
                    let top = top.max(0.0);
                    let share = if last > top {
                        ((t - top) / (last - top)).min(1.0)
                    } else {
                        1.0
                    };
                    (1.0, (start * end).recip(), share)
                };
                if *linear {
                    from + (to - from) * share
                } else {
                    to + (from - to) * (1.0 + (PI * share).cos()) / 2.0
                }
            }
            ScheduleKind::Plateau { .. } => self.plateau.factor,
            // `ScheduleKind` may grow; a variant without a course here is a mistake of this crate.
            other => unreachable!("no course for {other:?}"),
        }
    }
}

/// How much of its period time has used up, where each one is `stretch` times as long as the last.
fn period(time: f64, length: f64, stretch: f64) -> f64 {
    if stretch == 1.0 {
        return (time % length) / length;
    }
    let (mut begun, mut length) = (0.0, length);
    while time - begun >= length {
        begun += length;
        length *= stretch;
    }
    (time - begun) / length
}

/// What a plateau remembers; a function of the validation losses so far.
#[derive(Clone, Copy, Debug)]
struct Plateau {
    factor: f64,
    best: f64,
    bad: usize,
    rest: usize,
}

impl Default for Plateau {
    fn default() -> Self {
        Self {
            factor: 1.0,
            best: f64::INFINITY,
            bad: 0,
            rest: 0,
        }
    }
}

impl Plateau {
    /// `PyTorch`'s `ReduceLROnPlateau`: relative threshold, smaller is better. A loss that is not a
    /// number is no improvement.
    fn see(
        &mut self,
        loss: f64,
        threshold: f64,
        [patience, cooldown]: [usize; 2],
        factor: f64,
        floor: f64,
    ) {
        let level = if self.best.is_finite() {
            self.best * (1.0 - threshold)
        } else {
            self.best
        };
        if loss < level {
            self.best = loss;
            self.bad = 0;
        } else {
            self.bad += 1;
        }
        if self.rest > 0 {
            self.rest -= 1;
            self.bad = 0;
        }
        if self.bad > patience {
            self.factor = (self.factor * factor).max(floor);
            self.rest = cooldown;
            self.bad = 0;
        }
    }
}
