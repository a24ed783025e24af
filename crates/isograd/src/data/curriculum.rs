//! Which training rows a curriculum draws from at each step.

use isograd_core::describe::CurriculumSpec;
use isograd_core::describe::curriculum::CurriculumOrder;
use isograd_core::random::{Purpose, stream};
use rand::RngExt as _;

use super::order::permutation;

/// A curriculum over the rows of one training part. Every choice is a function of the seed and the
/// step.
#[derive(Clone, Debug)]
pub struct Curriculum {
    spec: CurriculumSpec,
    seed: u64,
    /// Planned steps, and the rows of a full batch.
    steps: u64,
    batch: usize,
    /// All rows, those first that are drawn from first.
    ranking: Vec<u32>,
}

impl Curriculum {
    /// The curriculum of a training of `steps` steps on rows of this difficulty (high is difficult;
    /// a NaN is above all). Equal difficulties are in an order drawn with the seed, and so are all
    /// rows where the description wants them in any order.
    pub fn new(
        spec: &CurriculumSpec,
        difficulty: &[f64],
        seed: u64,
        steps: u64,
        batch: usize,
    ) -> Self {
        let mut random = stream(seed, Purpose::Curriculum, "ties", 0);
        let mut ranking = permutation(&mut random, difficulty.len());
        let key = |row: &u32| {
            let x = difficulty[*row as usize];
            if x.is_nan() { f64::INFINITY } else { x }
        };
        match spec.order {
            CurriculumOrder::EasyFirst => ranking.sort_by(|a, b| key(a).total_cmp(&key(b))),
            CurriculumOrder::HardFirst => ranking.sort_by(|a, b| key(b).total_cmp(&key(a))),
            CurriculumOrder::Random => {}
        }
        Self {
            spec: spec.clone(),
            seed,
            steps,
            batch,
            ranking,
        }
    }

    /// The rows that step `step` (from 0) draws from, those first that came in first: the share that
    /// the pacing gives, rounded up, never less than a batch.
    pub fn available(&self, step: u64) -> &[u32] {
        let all = self.ranking.len();
        let share = self.spec.share(step, self.steps);
        // A share such as 0.6 times the rows may lie a rounding error above a whole number.
        let wanted = (share * all as f64 - 1e-9).ceil() as usize;
        &self.ranking[..wanted.max(self.batch).min(all)]
    }

    /// `count` distinct rows for this step, each available row as likely; `None` where all rows are
    /// available: they come in the order of the epoch, as without a curriculum.
    pub fn rows(&self, step: u64, count: usize) -> Option<Vec<u32>> {
        let available = self.available(step);
        if available.len() == self.ranking.len() {
            return None;
        }
        let mut random = stream(self.seed, Purpose::Curriculum, "rows", step);
        let mut rows = available.to_vec();
        let count = count.min(rows.len());
        // The first so many places of a Fisher–Yates shuffle.
        for place in 0..count {
            let other = random.random_range(place..rows.len());
            rows.swap(place, other);
        }
        rows.truncate(count);
        Some(rows)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use isograd_core::describe::curriculum::{Difficulty, Pacing};

    fn spec(order: CurriculumOrder) -> CurriculumSpec {
        CurriculumSpec {
            pacing: Pacing::Linear { stages: None },
            start: 0.2,
            full: 0.5,
            order,
            difficulty: Difficulty::Length,
        }
    }

    /// 100 rows, the difficulty of row i is (37·i) mod 100: all different.
    fn difficulty() -> Vec<f64> {
        (0..100).map(|i| f64::from(i * 37 % 100)).collect()
    }

    fn of(order: CurriculumOrder) -> Curriculum {
        Curriculum::new(&spec(order), &difficulty(), 5, 100, 10)
    }

    #[test]
    fn only_the_share_of_the_pacing_appears() {
        let (difficulty, curriculum) = (difficulty(), of(CurriculumOrder::EasyFirst));
        for (step, count) in [(0, 20), (10, 36), (25, 60), (49, 99)] {
            let mut available: Vec<f64> = curriculum
                .available(step)
                .iter()
                .map(|&row| difficulty[row as usize])
                .collect();
            available.sort_by(f64::total_cmp);
            let easiest: Vec<f64> = (0..count).map(f64::from).collect();
            assert_eq!(available, easiest, "at step {step}");
            let rows = curriculum.rows(step, 10).unwrap();
            assert_eq!(rows.len(), 10);
            assert!(
                rows.iter()
                    .all(|&r| difficulty[r as usize] < f64::from(count))
            );
            let mut distinct = rows.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), 10);
            assert_eq!(
                Some(rows),
                curriculum.rows(step, 10),
                "a function of the step"
            );
        }
        assert!((50..100).all(|step| curriculum.rows(step, 10).is_none()));
        assert_ne!(curriculum.rows(3, 10), curriculum.rows(4, 10));
    }

    #[test]
    fn the_anti_curriculum_is_the_reverse_and_the_control_is_neither() {
        let ranked = |order| of(order).ranking;
        let mut easy = ranked(CurriculumOrder::EasyFirst);
        let hard = ranked(CurriculumOrder::HardFirst);
        let any = ranked(CurriculumOrder::Random);
        assert!(any != easy && any != hard);
        easy.reverse();
        assert_eq!(easy, hard);
        let mut sorted = any.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..100));
        assert_eq!(any, ranked(CurriculumOrder::Random));
    }

    #[test]
    fn ties_are_drawn_and_a_batch_is_always_there() {
        let spec = CurriculumSpec {
            start: 0.01,
            ..spec(CurriculumOrder::EasyFirst)
        };
        let equal = Curriculum::new(&spec, &[1.0; 100], 5, 100, 10);
        assert_eq!(equal.available(0).len(), 10);
        assert!(!equal.ranking.is_sorted());
        // What is not a number is most difficult.
        let mut difficulty = difficulty();
        difficulty[3] = f64::NAN;
        let last = Curriculum::new(&spec, &difficulty, 5, 100, 10).ranking[99];
        assert_eq!(last, 3);
        // Fewer rows than a batch: all of them, as without a curriculum.
        assert!(
            Curriculum::new(&spec, &[1.0; 4], 5, 100, 10)
                .rows(0, 4)
                .is_none()
        );
    }

    #[test]
    fn every_available_row_is_as_likely() {
        let spec = CurriculumSpec {
            pacing: Pacing::Step,
            full: 1.0,
            ..spec(CurriculumOrder::EasyFirst)
        };
        let curriculum = Curriculum::new(&spec, &difficulty(), 5, 4000, 10);
        let mut counts = vec![0.0f64; 100];
        for step in 0..4000 {
            for row in curriculum.rows(step, 10).unwrap() {
                counts[row as usize] += 1.0;
            }
        }
        // 4,000 draws of 10 from 20: each 2,000 times, standard deviation 32.
        for (row, difficulty) in difficulty().iter().enumerate() {
            let expected = if *difficulty < 20.0 { 2000.0 } else { 0.0 };
            assert!((counts[row] - expected).abs() < 5.0 * 32.0);
        }
    }
}
