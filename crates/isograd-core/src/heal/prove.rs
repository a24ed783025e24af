//! Search, then verdict.

use super::candidate::Candidate;
use super::error::HealError;
use super::healing::{MetricChange, TrialRecord};
use super::ledger::Ledger;
use super::observer::HealObserver;
use super::options::HealOptions;
use super::search::search;
use super::trainer::Trainer;
use super::verdict::{judge, seeds_needed};

/// What the trials came to.
#[derive(Debug)]
pub(crate) struct Proof {
    /// Position of the candidate that was accepted.
    pub(crate) accepted: Option<usize>,
    /// Why, in one sentence.
    pub(crate) reason: String,
    /// The verdict's figures, if there was one.
    pub(crate) metric: Option<MetricChange>,
    /// Every trial.
    pub(crate) trials: Vec<TrialRecord>,
    /// What they cost, in full trainings.
    pub(crate) cost: f64,
}

/// Chooses among the candidates (best guess first) and judges the one that was chosen; `outputs` is
/// how many numbers the network puts out.
pub(crate) fn prove(
    control: &Candidate,
    candidates: &[Candidate],
    outputs: usize,
    trainer: &mut dyn Trainer,
    options: &HealOptions,
    observer: &mut dyn HealObserver,
) -> Result<Proof, HealError> {
    let mut ledger = Ledger::new(trainer, observer, options.budget_trainings);
    let choice = search(&mut ledger, control, candidates, options)?;
    let (accepted, reason, metric) = match choice {
        None => (
            None,
            format!(
                "none of {} candidates was better than the control by a point on the rows for choosing",
                candidates.len()
            ),
            None,
        ),
        Some(choice) => {
            let candidate = &candidates[choice.candidate];
            let seeds = seeds_needed(&choice.against_control, ledger.left(), options);
            let verdict = judge(&mut ledger, control, candidate, seeds, outputs, options)?;
            (
                verdict.accepted.then_some(choice.candidate),
                format!("{}: {}", candidate.title, verdict.reason),
                Some(verdict.metric),
            )
        }
    };
    let (cost, trials) = ledger.close();
    Ok(Proof {
        accepted,
        reason,
        metric,
        trials,
        cost,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Proof, prove};
    use crate::describe::Patch;
    use crate::heal::candidate::Candidate;
    use crate::heal::error::HealError;
    use crate::heal::fake::{Fake, description};
    use crate::heal::healing::TrialRecord;
    use crate::heal::observer::HealObserver;
    use crate::heal::options::HealOptions;
    use crate::heal::trainer::{Evaluate, TrainerError};
    use std::ops::ControlFlow;

    const CONTROL: f64 = 100.0;

    /// Candidate k has the learning rate k, and so many edits.
    fn candidates(edits: &[usize]) -> Vec<Candidate> {
        edits
            .iter()
            .enumerate()
            .map(|(k, &edits)| Candidate {
                title: format!("candidate {k}"),
                edits,
                patch: Patch::default(),
                description: description(k as f64),
            })
            .collect()
    }

    fn run(fake: &mut Fake, edits: &[usize], options: &HealOptions) -> Result<Proof, HealError> {
        let control = Candidate::control(&description(CONTROL));
        prove(&control, &candidates(edits), 1, fake, options, &mut ())
    }

    /// Levels by candidate; the control has `control`.
    fn levels(control: f64, levels: Vec<f64>) -> Fake {
        Fake::new(move |d, _| {
            let lr = d.train.optimizer.lr;
            Ok(if lr == CONTROL {
                control
            } else {
                levels[lr as usize]
            })
        })
    }

    #[test]
    fn the_right_remedy_is_found_within_the_budget_and_proved_on_fresh_seeds() {
        for right in [0, 5, 11] {
            let mut truth = vec![0.12; 12];
            truth[right] = 0.85;
            let mut fake = levels(0.1, truth);
            let proof = run(&mut fake, &[2; 12], &HealOptions::default()).unwrap();
            assert_eq!(proof.accepted, Some(right), "{}", proof.reason);
            assert_eq!(proof.cost, fake.cost());
            assert_eq!(proof.trials.len(), fake.calls.len());
            assert!(proof.cost <= 20.0);
            let metric = proof.metric.unwrap();
            assert!(
                metric.interval[0] > 0.5 && metric.interval[1] < 1.0,
                "{metric:?}"
            );
            assert!((metric.after - 0.85).abs() < 0.06 && (metric.before - 0.1).abs() < 0.06);

            let (choice, verdict) = (fake.seeds(Evaluate::Choice), fake.seeds(Evaluate::Verdict));
            assert!(verdict.iter().all(|s| !choice.contains(s) && *s != 7));
            // After the first trial of the verdict nothing is chosen any more.
            let first = fake
                .calls
                .iter()
                .position(|c| c.1.evaluate == Evaluate::Verdict)
                .unwrap();
            assert!(
                fake.calls[first..]
                    .iter()
                    .all(|c| c.1.evaluate == Evaluate::Verdict)
            );
            // Control and candidate take turns with the same seed, at full length.
            for pair in fake.calls[first..].chunks(2) {
                assert_eq!(pair[0].1, pair[1].1);
                assert_eq!(pair[0].1.budget, 1.0);
                assert_eq!(pair[0].0.train.optimizer.lr, CONTROL);
                assert_eq!(pair[1].0.train.optimizer.lr, right as f64);
            }
        }
    }

    #[test]
    fn what_only_fits_the_rows_for_choosing_is_rolled_back() {
        let mut fake = Fake::new(|d, trial| {
            let better = d.train.optimizer.lr != CONTROL && trial.evaluate == Evaluate::Choice;
            Ok(if better { 0.8 } else { 0.5 })
        });
        let proof = run(&mut fake, &[1, 1], &HealOptions::default()).unwrap();
        assert_eq!(proof.accepted, None);
        assert!(proof.reason.contains("rolled back"), "{}", proof.reason);
        assert!(proof.metric.is_some());
    }

    #[test]
    fn what_does_not_help_gets_no_verdict() {
        let mut fake = levels(0.9, vec![0.2, 0.3, 0.1]);
        let proof = run(&mut fake, &[1; 3], &HealOptions::default()).unwrap();
        assert_eq!(proof.accepted, None);
        assert!(proof.metric.is_none() && fake.seeds(Evaluate::Verdict).is_empty());
    }

    #[test]
    fn noise_alone_is_not_accepted() {
        // Twelve candidates no better than the control, seeds that scatter by several points, small
        // sets of rows: what is left over may be at most 2.5 % of 200, and three binomial standard
        // errors: 5 + 3·√(200·0.025·0.975) = 11.6.
        for (noise, rows) in [(0.1, 100), (0.03, 2000), (0.0, 50)] {
            let accepted = (0..200)
                .filter(|&world| {
                    let mut fake = levels(0.5, vec![0.5; 12]);
                    (fake.noise, fake.rows, fake.world) = (noise, rows, world << 32);
                    run(&mut fake, &[1; 12], &HealOptions::default())
                        .unwrap()
                        .accepted
                        .is_some()
                })
                .count();
            assert!(
                accepted <= 11,
                "noise {noise}, {rows} rows: {accepted} of 200"
            );
        }
    }

    #[test]
    fn a_true_gain_of_a_few_points_is_mostly_recognised() {
        let accepted = (0..50)
            .filter(|&world| {
                let mut fake = levels(0.80, vec![0.80, 0.85, 0.80, 0.80]);
                (fake.noise, fake.rows, fake.world) = (0.01, 4000, world << 32);
                run(&mut fake, &[1; 4], &HealOptions::default())
                    .unwrap()
                    .accepted
                    == Some(1)
            })
            .count();
        assert!(accepted >= 40, "{accepted} of 50");
    }

    #[test]
    fn of_equals_the_smallest_patch_is_chosen() {
        for (edits, expected) in [([3, 1, 2], 1), ([2, 2, 2], 0), ([4, 3, 2], 2)] {
            let mut fake = levels(0.1, vec![0.8; 3]);
            (fake.noise, fake.rows) = (0.0, 1);
            // No noise at all: levels as they are, one row that is always right or wrong by luck
            // would hide them, so the rule answers with certainty.
            fake.rule = Box::new(|d, _| {
                Ok(if d.train.optimizer.lr == CONTROL {
                    0.0
                } else {
                    1.0
                })
            });
            let proof = run(&mut fake, &edits, &HealOptions::default()).unwrap();
            assert_eq!(
                proof.accepted,
                Some(expected),
                "{edits:?}: {}",
                proof.reason
            );
        }
        // A smaller one that is clearly worse is not chosen.
        let mut fake = levels(0.1, vec![0.9, 0.5, 0.5]);
        (fake.noise, fake.rows) = (0.01, 4000);
        let proof = run(&mut fake, &[3, 1, 1], &HealOptions::default()).unwrap();
        assert_eq!(proof.accepted, Some(0));
    }

    #[test]
    fn every_budget_is_kept() {
        for budget in [7.5, 9.0, 12.0, 20.0, 40.0] {
            let options = HealOptions {
                budget_trainings: budget,
                ..HealOptions::default()
            };
            let truth = (0..20).map(|k| 0.3 + 0.02 * f64::from(k)).collect();
            let mut fake = levels(0.2, truth);
            fake.noise = 0.1;
            run(&mut fake, &[1; 20], &options).unwrap();
            assert!(fake.cost() <= budget, "{budget}: {}", fake.cost());
        }
        let poor = HealOptions {
            budget_trainings: 2.0,
            ..HealOptions::default()
        };
        let error = run(&mut levels(0.1, vec![0.5]), &[1], &poor).unwrap_err();
        assert!(error.to_string().contains("budget"), "{error}");
    }

    #[test]
    fn a_trainer_that_fails_says_where() {
        let mut fake = Fake::new(|d, trial| {
            if d.train.optimizer.lr == 2.0 && trial.budget < 1.0 {
                Err(TrainerError("out of memory".into()))
            } else {
                Ok(0.5)
            }
        });
        let error = run(&mut fake, &[1; 5], &HealOptions::default()).unwrap_err();
        let text = error.to_string();
        for part in ["candidate 2", "out of memory", "seed 8"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_control_that_diverges_is_no_excuse_for_a_useless_remedy() {
        let cases = [
            ("finite and good, constant known", 0.8, Some(0.1), true),
            ("finite and good, constant unknown", 0.8, None, true),
            (
                "finite but no better than a constant",
                0.1,
                Some(0.1),
                false,
            ),
            ("diverges as well", f64::NAN, Some(0.1), false),
        ];
        for (name, level, constant, expected) in cases {
            let mut fake = levels(f64::NAN, vec![level, f64::NAN]);
            (fake.constant, fake.rows) = (constant, 2000);
            let proof = run(&mut fake, &[1, 1], &HealOptions::default()).unwrap();
            assert_eq!(
                proof.accepted.is_some(),
                expected,
                "{name}: {}",
                proof.reason
            );
        }
    }

    #[test]
    fn at_the_ceiling_the_search_ends_early() {
        let count = |top: f64| {
            let mut fake = levels(0.5, [vec![0.5; 11], vec![top]].concat());
            (fake.noise, fake.rows) = (0.0, 1000);
            let proof = run(&mut fake, &[1; 12], &HealOptions::default()).unwrap();
            assert_eq!(proof.accepted, Some(11), "{top}: {}", proof.reason);
            proof.cost
        };
        // 12 × 1/8, then one finalist and the control, 3 × ½ each, and 6 for the verdict.
        assert_eq!(count(1.0), 1.5 + 3.0 + 6.0);
        assert!(count(0.9) > count(1.0));
    }

    #[test]
    fn the_observer_can_stop_it() {
        struct Stop(usize);
        impl HealObserver for Stop {
            fn trial(&mut self, record: &TrialRecord, spent: f64, budget: f64) -> ControlFlow<()> {
                assert!(spent <= budget && record.seed == 8);
                self.0 -= 1;
                if self.0 == 0 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            }
        }
        let mut fake = levels(0.1, vec![0.5; 6]);
        let control = Candidate::control(&description(CONTROL));
        let error = prove(
            &control,
            &candidates(&[1; 6]),
            1,
            &mut fake,
            &HealOptions::default(),
            &mut Stop(4),
        )
        .unwrap_err();
        assert!(matches!(error, HealError::Stopped { trials: 4 }), "{error}");
        assert_eq!(fake.calls.len(), 4);
    }
}
