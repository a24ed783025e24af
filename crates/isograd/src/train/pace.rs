//! How long steps take, watched and unwatched.

/// Seconds of the steps of one training.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    watched: Vec<f64>,
    unwatched: Vec<f64>,
    probes: f64,
}

/// Fewer steps of either kind say nothing about a difference of a few per cent.
const LEAST: usize = 3;

impl Pace {
    pub(super) fn add(&mut self, watched: bool, seconds: f64) {
        if watched {
            self.watched.push(seconds);
        } else {
            self.unwatched.push(seconds);
        }
    }

    /// Seconds of a probe, which is measurement from end to end.
    pub(super) fn probe(&mut self, seconds: f64) {
        self.probes += seconds;
    }

    /// Seconds that measuring took: the probes, and for each watched step the difference of the
    /// medians of watched and unwatched ones (not below 0). `None` where one kind is missing.
    pub(super) fn measuring(&self) -> Option<f64> {
        if self.watched.len() < LEAST || self.unwatched.len() < LEAST {
            return None;
        }
        let excess = median(&self.watched) - median(&self.unwatched);
        Some(self.probes + excess.max(0.0) * self.watched.len() as f64)
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::Pace;

    #[test]
    fn ten_steps_at_half_as_much_again_and_a_probe() {
        let mut pace = Pace::default();
        for step in 0..100 {
            pace.add(step % 10 == 0, if step % 10 == 0 { 1.5 } else { 1.0 });
        }
        pace.probe(2.0);
        assert!(pace.measuring().is_some_and(|s| (s - 7.0).abs() < 1e-12));
        assert_eq!(Pace::default().measuring(), None);
    }
}
