//! When rows are measured: a fixed function of the step.

/// Which training steps measure every site. The loss and the global norm are measured at every
/// step whatever the schedule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Rows at steps 0, `every`, 2·`every` …; `None`: never.
    pub every: Option<u64>,
    /// A probe before the first step and one after the last.
    pub probes: bool,
}

impl Default for Schedule {
    /// Rows at every tenth step, probes at both ends.
    fn default() -> Self {
        Self {
            every: Some(10),
            probes: true,
        }
    }
}

impl Schedule {
    /// Nothing but loss and global norm.
    pub fn none() -> Self {
        Self {
            every: None,
            probes: false,
        }
    }

    /// Rows at every step.
    pub fn every_step() -> Self {
        Self {
            every: Some(1),
            probes: true,
        }
    }

    /// Whether step number `step` (from 0) measures every site.
    pub fn at(&self, step: u64) -> bool {
        self.every
            .is_some_and(|every| step.is_multiple_of(every.max(1)))
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
        assert!((0..50).all(|s| Schedule::every_step().at(s) && !Schedule::none().at(s)));
    }
}
