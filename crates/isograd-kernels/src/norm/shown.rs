//! What a kernel shows of a tensor that passes through its hands.

use super::number::Number;
use crate::Moments;
use crate::pieces::merged;
use crate::probe::{Direction, Want, Watch, show, want};
use burn::tensor::Shape;

/// Who wants what of one tensor.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    watch: Option<&'a Watch>,
    direction: Direction,
    want: Want,
}

impl<'a> Shown<'a> {
    /// Asks the sink, if there is one.
    pub(super) fn to(watch: Option<&'a Watch>, direction: Direction) -> Self {
        let want = want(watch, direction);
        Self {
            watch,
            direction,
            want,
        }
    }

    /// Whether the values themselves are wanted.
    pub(super) fn values(self) -> bool {
        self.want.values()
    }

    /// How many examples of so many are wanted as a sample; `None` where it is all of them or none.
    pub(super) fn sample(self, batch: usize) -> Option<usize> {
        matches!(self.want, Want::Sample(_)).then(|| self.want.examples(batch))
    }

    /// The moments of a part that has just been in use, if they are wanted.
    pub(super) fn moments<T: Number>(self, part: &[T]) -> Moments {
        if self.want == Want::Nothing {
            Moments::default()
        } else {
            match self.direction {
                Direction::Forward => T::moments(part),
                Direction::Backward => T::sizes(part),
            }
        }
    }

    /// Tells the sink; `values` are those of the whole tensor.
    pub(super) fn tell<T: Number>(
        self,
        shape: &Shape,
        parts: impl Iterator<Item = Moments>,
        values: &[T],
    ) {
        let all = merged(parts);
        show(self.watch, self.direction, shape, all, values, self.want);
    }
}
