//! When rows are measured: a fixed function of the step.

/// Which training steps measure every site. The loss is there at every step whatever the schedule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Rows at steps 0, `every`, 2·`every` …; `None`: never.
    pub every: Option<u64>,
    /// Of the measured steps every so many-th, from the first on, looks at a sample of the values as well:
    /// slopes, dead and saturated units, correlation.
    pub units: u64,
    /// The global norm of the gradient at every step; without it only where clipping needs it.
    pub norm: bool,
    /// A probe before the first step and one after the last.
    pub probes: bool,
}

impl Default for Schedule {
    /// The norm at every step, rows at every tenth, values at every fiftieth, probes at both ends.
    fn default() -> Self {
        Self {
            every: Some(10),
            units: 5,
            norm: true,
            probes: true,
        }
    }
}

impl Schedule {
    /// Nothing but the loss.
    pub fn none() -> Self {
        Self {
            every: None,
            units: 1,
            norm: false,
            probes: false,
        }
    }

    /// Rows of everything at every step.
    pub fn every_step() -> Self {
        Self {
            every: Some(1),
            units: 1,
            norm: true,
            probes: true,
        }
    }

    /// Whether step number `step` (from 0) measures every site.
    pub fn at(&self, step: u64) -> bool {
        self.every
            .is_some_and(|every| step.is_multiple_of(every.max(1)))
    }

    /// Whether that step looks at a sample of the values as well.
    pub fn units_at(&self, step: u64) -> bool {
        let every = self.every.map(|every| every.max(1) * self.units.max(1));
        every.is_some_and(|every| step.is_multiple_of(every))
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn the_default_measures_at_least_every_tenth_step() {
        let schedule = Schedule::default();
        let steps: Vec<u64> = (0..31).filter(|&s| schedule.at(s)).collect();
        assert_eq!(steps, [0, 10, 20, 30]);
        let units: Vec<u64> = (0..101).filter(|&s| schedule.units_at(s)).collect();
        assert_eq!(units, [0, 50, 100]);
        assert!((0..50).all(|s| Schedule::every_step().units_at(s)));
        assert!(!Schedule::none().units_at(0));
        assert!((0..50).all(|s| Schedule::every_step().at(s) && !Schedule::none().at(s)));
    }
}
