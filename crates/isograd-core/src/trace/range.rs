//! The learning-rate range test (Smith 2017, section 3.3): the loss while the rate grows from step to
//! step by one factor.

/// Memory of the smoothed loss: about ten steps.
const KEEP: f64 = 0.9;

/// A smoothed loss this many times the lowest has diverged.
const DIVERGED: f64 = 4.0;

/// Steps before which a loss is not called diverged.
const FEWEST: usize = 10;

/// One step of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangePoint {
    /// Learning rate of the step.
    pub lr: f64,
    /// Loss of its batch, before the step.
    pub loss: f64,
    /// Mean of the losses so far with a memory of about ten steps.
    pub smoothed: f64,
}

/// All steps of the test, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RangeTest {
    points: Vec<RangePoint>,
    /// The moving average before its start is taken out.
    average: f64,
}

impl RangeTest {
    /// Enters a step.
    pub fn enter(&mut self, lr: f64, loss: f64) {
        self.average = KEEP * self.average + (1.0 - KEEP) * loss;
        let seen = i32::try_from(self.points.len() + 1).unwrap_or(i32::MAX);
        let smoothed = self.average / (1.0 - KEEP.powi(seen));
        self.points.push(RangePoint { lr, loss, smoothed });
    }

    /// The steps.
    pub fn points(&self) -> &[RangePoint] {
        &self.points
    }

    /// The step with the lowest smoothed loss.
    pub fn lowest(&self) -> Option<RangePoint> {
        self.lowest_at().map(|i| self.points[i])
    }

    fn lowest_at(&self) -> Option<usize> {
        let finite = (0..self.points.len()).filter(|&i| self.points[i].smoothed.is_finite());
        finite.min_by(|&a, &b| self.points[a].smoothed.total_cmp(&self.points[b].smoothed))
    }

    /// The loss has left its lowest for good: it is four times as high, or not finite.
    pub fn diverged(&self) -> bool {
        let (Some(last), Some(lowest)) = (self.points.last(), self.lowest()) else {
            return !self.points.is_empty();
        };
        let far = lowest.smoothed > 0.0 && last.smoothed > DIVERGED * lowest.smoothed;
        !last.smoothed.is_finite() || (far && self.points.len() > FEWEST)
    }

    /// The rate at which the smoothed loss falls fastest for a factor in the rate, before it is lowest.
    /// `None` where it never falls.
    pub fn suggested(&self) -> Option<f64> {
        let end = self.lowest_at()?;
        let half = (self.points.len() / 20).max(1);
        let fall = |i: usize| self.points[i - half].smoothed - self.points[i + half].smoothed;
        let steepest =
            (half..=end.checked_sub(half)?).max_by(|&a, &b| fall(a).total_cmp(&fall(b)))?;
        (fall(steepest) > 0.0).then(|| self.points[steepest].lr)
    }
}

#[cfg(test)]
mod tests {
    use super::RangeTest;

    /// A loss that falls like a logistic curve around ln(rate) and explodes above `limit`.
    fn test(middle: f64, limit: f64) -> RangeTest {
        let mut test = RangeTest::default();
        for i in 0..200 {
            let lr = 1e-6 * 1e8f64.powf(f64::from(i) / 199.0);
            let fallen = 1.0 / (1.0 + (-3.0 * (lr / middle).ln()).exp());
            test.enter(lr, 2.3 - 2.0 * fallen + (lr / limit).powi(4));
            if test.diverged() {
                break;
            }
        }
        test
    }

    #[test]
    fn the_steepest_fall_is_suggested() {
        for middle in [1e-4, 1e-3, 1e-2] {
            let test = test(middle, 3.0);
            // Ten steps of memory are a factor of 2.5.
            let found = test.suggested().unwrap_or_default() / middle;
            assert!((0.7..4.0).contains(&found), "{middle}: {found}");
            assert!(test.diverged() && test.points().len() < 200);
            assert!(
                test.lowest()
                    .is_some_and(|p| p.lr > 3.0 * middle && p.lr < 3.0)
            );
        }
    }

    #[test]
    fn nothing_is_suggested_where_nothing_falls() {
        let mut test = RangeTest::default();
        assert_eq!((test.suggested(), test.diverged()), (None, false));
        for i in 0..50 {
            test.enter(1e-3, 1.0 + f64::from(i));
        }
        assert_eq!(test.suggested(), None);
        assert!(test.diverged());
        test.enter(1e-3, f64::NAN);
        assert!(test.diverged() && test.lowest().is_some_and(|p| p.smoothed == 1.0));
    }
}
