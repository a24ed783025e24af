//! What a search may spend, and on which seeds.

use super::error::HealError;

/// Options of [`super::heal`].
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | `budget_trainings` | 20 | all trials together cost at most this many full trainings | > 0 |
/// | `most_candidates` | 16 | candidates that are tried at all | ≥ 1 |
/// | `first_share` | 1/8 | share of a training in the first round of the search | (0, 1] |
/// | `final_share` | 1/2 | share of a training in its last round | \\[first_share, 1\\] |
/// | `finalists` | 3 | candidates in the last round | ≥ 1 |
/// | `choice_seeds` | 3 | seeds of the last round | ≥ 2 |
/// | `verdict_seeds` | 3 | fresh seeds of the verdict, at least | ≥ 3 |
/// | `most_verdict_seeds` | 6 | fresh seeds of the verdict, at most, as the budget allows | ≥ `verdict_seeds` |
#[derive(Clone, Debug, PartialEq)]
pub struct HealOptions {
    /// All trials together cost at most this many full trainings.
    pub budget_trainings: f64,
    /// Candidates that are tried at all.
    pub most_candidates: usize,
    /// Share of a training in the first round of the search.
    pub first_share: f64,
    /// Share of a training in the last round of the search.
    pub final_share: f64,
    /// Candidates in the last round.
    pub finalists: usize,
    /// Seeds of the last round; earlier rounds use the first of them.
    pub choice_seeds: usize,
    /// Fresh seeds of the verdict, at least.
    pub verdict_seeds: usize,
    /// Fresh seeds of the verdict, at most.
    pub most_verdict_seeds: usize,
}

impl Default for HealOptions {
    fn default() -> Self {
        Self {
            budget_trainings: 20.0,
            most_candidates: 16,
            first_share: 0.125,
            final_share: 0.5,
            finalists: 3,
            choice_seeds: 3,
            verdict_seeds: 3,
            most_verdict_seeds: 6,
        }
    }
}

/// Distance between the seeds of the choice and those of the verdict.
const VERDICT_OFFSET: u64 = 1000;
/// More seeds than this on either side would meet the other side's.
const MOST_SEEDS: usize = VERDICT_OFFSET as usize - 1;

impl HealOptions {
    /// Says which option is out of range.
    pub fn check(&self) -> Result<(), HealError> {
        let wrong = |text: String| Err(HealError::Options(text));
        let share = |x: f64| x > 0.0 && x <= 1.0;
        if !(self.budget_trainings > 0.0 && self.budget_trainings.is_finite()) {
            return wrong(format!(
                "budget_trainings is {}, must be a positive number of trainings",
                self.budget_trainings
            ));
        }
        if !share(self.first_share) || !share(self.final_share) {
            return wrong(format!(
                "first_share and final_share are {} and {}, must be above 0 and at most 1",
                self.first_share, self.final_share
            ));
        }
        if self.first_share > self.final_share {
            return wrong(format!(
                "first_share {} exceeds final_share {}",
                self.first_share, self.final_share
            ));
        }
        if self.most_candidates == 0 || self.finalists == 0 {
            return wrong("most_candidates and finalists must be at least 1".into());
        }
        if self.choice_seeds < 2 || self.choice_seeds > MOST_SEEDS {
            return wrong(format!(
                "choice_seeds is {}, must be 2 to {MOST_SEEDS}: one seed has no spread",
                self.choice_seeds
            ));
        }
        if self.verdict_seeds < 3 || self.most_verdict_seeds > MOST_SEEDS {
            return wrong(format!(
                "verdict_seeds is {}, must be 3 to {MOST_SEEDS}",
                self.verdict_seeds
            ));
        }
        if self.most_verdict_seeds < self.verdict_seeds {
            return wrong(format!(
                "most_verdict_seeds {} is below verdict_seeds {}",
                self.most_verdict_seeds, self.verdict_seeds
            ));
        }
        Ok(())
    }

    /// Seeds for choosing, of a description with this seed (which the diagnosis has used).
    pub fn seeds_of_choice(&self, seed: u64) -> Vec<u64> {
        (1..=self.choice_seeds as u64)
            .map(|k| seed.wrapping_add(k))
            .collect()
    }

    /// So many seeds for the verdict; no trial of the search, nor the diagnosis, uses one of them.
    pub fn seeds_of_verdict(&self, seed: u64, count: usize) -> Vec<u64> {
        (1..=count as u64)
            .map(|k| seed.wrapping_add(VERDICT_OFFSET + k))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::HealOptions;

    #[test]
    fn no_seed_of_the_verdict_is_known_to_the_search() {
        let options = HealOptions {
            choice_seeds: 999,
            verdict_seeds: 999,
            most_verdict_seeds: 999,
            ..HealOptions::default()
        };
        assert!(options.check().is_ok());
        for seed in [0, 1, 1001, u64::MAX] {
            let mut known = options.seeds_of_choice(seed);
            known.push(seed);
            let fresh = options.seeds_of_verdict(seed, 999);
            assert!(fresh.iter().all(|s| !known.contains(s)), "seed {seed}");
        }
    }

    #[test]
    fn options_out_of_range_are_named() {
        let good = HealOptions::default;
        let cases = [
            (
                "budget_trainings",
                HealOptions {
                    budget_trainings: 0.0,
                    ..good()
                },
            ),
            (
                "budget_trainings",
                HealOptions {
                    budget_trainings: f64::NAN,
                    ..good()
                },
            ),
            (
                "first_share",
                HealOptions {
                    first_share: 0.0,
                    ..good()
                },
            ),
            (
                "first_share",
                HealOptions {
                    first_share: 0.9,
                    ..good()
                },
            ),
            (
                "final_share",
                HealOptions {
                    final_share: 1.5,
                    ..good()
                },
            ),
            (
                "finalists",
                HealOptions {
                    finalists: 0,
                    ..good()
                },
            ),
            (
                "most_candidates",
                HealOptions {
                    most_candidates: 0,
                    ..good()
                },
            ),
            (
                "choice_seeds",
                HealOptions {
                    choice_seeds: 1,
                    ..good()
                },
            ),
            (
                "verdict_seeds",
                HealOptions {
                    verdict_seeds: 2,
                    ..good()
                },
            ),
            (
                "most_verdict_seeds",
                HealOptions {
                    most_verdict_seeds: 2,
                    ..good()
                },
            ),
        ];
        let missed: Vec<_> = cases
            .iter()
            .filter(|(word, options)| !options.check().is_err_and(|e| e.to_string().contains(word)))
            .collect();
        assert!(missed.is_empty(), "{missed:?}");
        assert!(good().check().is_ok());
    }
}
