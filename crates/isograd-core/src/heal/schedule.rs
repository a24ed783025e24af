//! How the search spends its budget: successive halving (Karnin et al. 2013; Jamieson and Talwalkar
//! 2016), then a last round on several seeds.

use super::error::HealError;
use super::options::HealOptions;

/// One round: so many candidates, each for this share of a training, on one seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Round {
    /// Share of a training.
    pub(crate) share: f64,
    /// Candidates that enter.
    pub(crate) candidates: usize,
}

/// The whole search, with its cost known before it begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Schedule {
    /// Rounds on one seed; empty when the candidates are few.
    pub(crate) rounds: Vec<Round>,
    /// Candidates of the last round.
    pub(crate) finalists: usize,
    /// Share of a training in the last round.
    pub(crate) final_share: f64,
}

/// Below this share of its normal length a round says nothing any more.
const LEAST_SCALE: f64 = 0.25;

impl Schedule {
    /// The schedule for so many candidates: shares are shortened to as little as a quarter, then the
    /// candidates that rank last are left out, until the search and the smallest verdict fit the
    /// budget. Candidates that enter: [`Self::entries`].
    pub(crate) fn new(candidates: usize, options: &HealOptions) -> Result<Self, HealError> {
        let available = options.budget_trainings - verdict_cost(options.verdict_seeds);
        let most = candidates.min(options.most_candidates);
        for count in (1..=most).rev() {
            for scale in [1.0, 0.7, 0.5, 0.35, LEAST_SCALE] {
                let schedule = Self::of(count, options, scale);
                if schedule.cost(options) <= available {
                    return Ok(schedule);
                }
            }
        }
        let least =
            Self::of(1, options, LEAST_SCALE).cost(options) + verdict_cost(options.verdict_seeds);
        Err(HealError::Options(format!(
            "a budget of {} trainings does not pay for one candidate and its verdict; the least is {least}",
            options.budget_trainings
        )))
    }

    fn of(candidates: usize, options: &HealOptions, scale: f64) -> Self {
        let final_share = options.final_share * scale;
        let mut rounds = Vec::new();
        let (mut left, mut share) = (candidates, options.first_share * scale);
        while left > options.finalists && share < final_share {
            rounds.push(Round {
                share,
                candidates: left,
            });
            left = left.div_ceil(2).max(options.finalists);
            share *= 2.0;
        }
        Self {
            rounds,
            finalists: left.min(options.finalists),
            final_share,
        }
    }

    /// Candidates that enter the first round.
    pub(crate) fn entries(&self) -> usize {
        self.rounds.first().map_or(self.finalists, |r| r.candidates)
    }

    /// What the search costs, in trainings, the control's trials in the last round included.
    pub(crate) fn cost(&self, options: &HealOptions) -> f64 {
        let halving: f64 = self
            .rounds
            .iter()
            .map(|r| r.share * r.candidates as f64)
            .sum();
        halving + self.final_share * ((self.finalists + 1) * options.choice_seeds) as f64
    }
}

/// What a verdict on so many seeds costs, in trainings.
pub(crate) fn verdict_cost(seeds: usize) -> f64 {
    2.0 * seeds as f64
}

#[cfg(test)]
mod tests {
    use super::{Schedule, verdict_cost};
    use crate::heal::options::HealOptions;

    #[test]
    fn the_defaults_by_hand() {
        let options = HealOptions::default();
        let schedule = Schedule::new(16, &options).unwrap_or_else(|e| panic!("{e}"));
        let rounds: Vec<_> = schedule
            .rounds
            .iter()
            .map(|r| (r.share, r.candidates))
            .collect();
        assert_eq!(rounds, [(0.125, 16), (0.25, 8)]);
        assert_eq!((schedule.finalists, schedule.final_share), (3, 0.5));
        // 2 + 2 + ½ · (3 + 1) · 3.
        assert_eq!(schedule.cost(&options), 10.0);
        let few = Schedule::new(2, &options).unwrap_or_else(|e| panic!("{e}"));
        assert!(few.rounds.is_empty() && few.finalists == 2);
    }

    #[test]
    fn every_schedule_fits_its_budget_or_is_refused() {
        for budget in [1.0, 6.0, 7.0, 7.5, 8.0, 9.0, 12.0, 16.0, 20.0, 100.0] {
            for candidates in 1..=40 {
                let options = HealOptions {
                    budget_trainings: budget,
                    ..HealOptions::default()
                };
                match Schedule::new(candidates, &options) {
                    Ok(s) => {
                        assert!(s.cost(&options) + verdict_cost(3) <= budget);
                        assert!(s.entries() >= 1 && s.entries() <= candidates.min(16));
                        for pair in s.rounds.windows(2) {
                            assert!(pair[1].candidates < pair[0].candidates);
                            assert!(pair[1].share > pair[0].share);
                        }
                    }
                    Err(e) => assert!(budget < 7.0 && e.to_string().contains("budget"), "{e}"),
                }
            }
        }
    }
}
