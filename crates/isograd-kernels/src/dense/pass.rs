//! The passes over slices: the product of all rows, and what comes before or behind it.

use super::Dense;
use crate::Moments;
use crate::curve::{Curved, Rows, Seen};
use crate::matrix::Matrix;
use crate::probe::{At, Direction, Want, show, want};
use burn::tensor::Shape;
use smallvec::SmallVec;

/// A dense layer over rows.
pub(super) struct Job<'a> {
    pub(super) rows: usize,
    pub(super) inputs: usize,
    pub(super) units: usize,
    pub(super) layer: &'a Dense,
    /// `[…, units]`, for those who watch.
    pub(super) shape: &'a Shape,
}

/// The gradient of the output.
pub(super) enum Gradient<'a, T> {
    /// Becomes the one before φ, by the output or x W + b, as [`Curve::keeps_output`](crate::Curve) says.
    Behind(&'a mut [T], &'a [T]),
    /// There is no φ.
    Before(&'a [T]),
}

impl<T: Curved> Gradient<'_, T> {
    pub(super) fn numbers(&self) -> &[T] {
        match self {
            Self::Behind(d, _) => d,
            Self::Before(d) => d,
        }
    }

    /// Goes before φ, on all threads; adds its rows to `sums`.
    fn pass(&mut self, pass: Rows, sums: Option<&mut [T]>) -> Seen {
        match self {
            Self::Behind(d, saved) => pass.backward(saved, d, sums),
            Self::Before(d) => [pass.read(d, sums), Moments::default()],
        }
    }
}

/// x W + b of the first examples, on the stack while that has room: a way to memory for each layer would be
/// seen in the time of a step.
type Sample<T> = SmallVec<[T; 2048]>;

/// What a forward pass makes.
pub(super) struct Forward<T> {
    /// x W + b, or φ of it.
    pub(super) z: Vec<T>,
    /// φ(x W + b), where that is not in its place.
    pub(super) y: Option<Vec<T>>,
    pub(super) seen: Seen,
}

impl Job<'_> {
    pub(super) fn matrix<T: Curved>(values: &[T], rows: usize, columns: usize) -> Matrix<'_, T> {
        Matrix {
            values,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    fn after(&self) -> Option<At<'_>> {
        let before = self.layer.before.as_ref()?;
        self.layer.curve?;
        Some(At {
            site: self.layer.after?,
            ..before.into()
        })
    }

    fn wants(&self, direction: Direction) -> [Want; 2] {
        [
            want(self.layer.before.as_ref(), direction),
            want(self.after(), direction),
        ]
    }

    fn show_before<T: Curved>(&self, direction: Direction, seen: Moments, z: &[T], want: Want) {
        let watch = self.layer.before.as_ref();
        show(watch, direction, self.shape, seen, z, want);
    }

    fn show_after<T: Curved>(&self, direction: Direction, seen: Moments, y: &[T], want: Want) {
        show(self.after(), direction, self.shape, seen, y, want);
    }

    pub(super) fn pass(&self, look: [bool; 2]) -> Rows {
        Rows {
            columns: self.units,
            curve: self.layer.curve,
            look,
        }
    }

    /// φ(x W + b), and x W + b where φ is not nothing and it was asked for.
    pub(super) fn forward<T: Curved>(
        &self,
        x: &[T],
        weight: &[T],
        bias: Option<&[T]>,
        keep: bool,
    ) -> (Vec<T>, Option<Vec<T>>) {
        let wants = self.wants(Direction::Forward);
        let look = wants.map(|want| want != Want::Nothing);
        let gone = self.layer.curve.is_some();
        let both = gone && (keep || wants[0] == Want::Values);
        // What φ takes the place of, as far as it is to be shown.
        let shown = if gone && !both {
            wants[0]
        } else {
            Want::Nothing
        };
        let mut sample = Sample::new();
        let sampled = self.sampled(shown);
        let found = if self.is_long() {
            sample.resize(sampled, T::default());
            self.forward_parts(x, weight, bias, both, look, &mut sample)
        } else {
            let [x, weight] = self.matrices(x, weight);
            let mut z = x.times(&weight);
            sample.extend_from_slice(&z[..sampled]);
            if let Some(bias) = bias {
                T::add_to_rows(&mut sample, bias);
            }
            let mut y = both.then(|| Vec::with_capacity(z.len()));
            let to = y.as_mut().map(|y| &mut y.spare_capacity_mut()[..z.len()]);
            let seen = self.pass(look).forward(&mut z, to, bias);
            if let Some(y) = &mut y {
                // SAFETY: the capacity is that of `z`, and the pass has written as many numbers.
                #[allow(unsafe_code)]
                unsafe {
                    y.set_len(z.len());
                }
            }
            Forward { z, y, seen }
        };
        let Forward { z, y, seen } = found;
        let before = if shown.values() { &sample[..] } else { &z };
        self.show_before(Direction::Forward, seen[0], before, wants[0]);
        let Some(y) = y else {
            self.show_after(Direction::Forward, seen[1], &z, wants[1]);
            return (z, None);
        };
        self.show_after(Direction::Forward, seen[1], &y, wants[1]);
        (y, keep.then_some(z))
    }

    /// Numbers of x W + b of the examples that are wanted.
    fn sampled(&self, want: Want) -> usize {
        let batch = self.shape.iter().copied().next().unwrap_or(1).max(1);
        want.examples(batch) * (self.rows * self.units / batch)
    }

    /// The gradients with respect to x, weight and bias, as far as they are needed; `d`, the gradient
    /// behind φ, becomes that before it.
    pub(super) fn backward<T: Curved>(
        &self,
        [x, weight]: [&[T]; 2],
        mut d: Gradient<'_, T>,
        needed: [bool; 3],
    ) -> [Option<Vec<T>>; 3] {
        let wants = self.wants(Direction::Backward);
        if wants[1].values() {
            let d = d.numbers();
            self.show_after(Direction::Backward, T::sizes(d), d, wants[1]);
        }
        let look = [
            wants[0] != Want::Nothing,
            !wants[1].values() && wants[1] != Want::Nothing,
        ];
        let (seen, gradients) = if self.is_long() {
            self.backward_parts([x, weight], &mut d, needed, look)
        } else {
            let mut db = needed[2].then(|| vec![T::default(); self.units]);
            let seen = d.pass(self.pass(look), db.as_deref_mut());
            let [x, weight] = self.matrices(x, weight);
            let d = Self::matrix(d.numbers(), self.rows, self.units);
            let dx = needed[0].then(|| d.times(&weight.transposed()));
            let dw = needed[1].then(|| x.transposed().times(&d));
            (seen, [dx, dw, db])
        };
        if look[1] {
            self.show_after(Direction::Backward, seen[1], &[] as &[T], wants[1]);
        }
        self.show_before(Direction::Backward, seen[0], d.numbers(), wants[0]);
        gradients
    }

    fn matrices<'a, T: Curved>(&self, x: &'a [T], weight: &'a [T]) -> [Matrix<'a, T>; 2] {
        [
            Self::matrix(x, self.rows, self.inputs),
            Self::matrix(weight, self.inputs, self.units),
        ]
    }
}
