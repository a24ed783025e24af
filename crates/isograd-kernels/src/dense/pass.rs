//! The passes over slices.

use super::Dense;
use crate::Moments;
use crate::curve::{Curved, Rows};
use crate::matrix::Matrix;
use crate::probe::{Direction, Want, show, want};
use burn::tensor::Shape;

/// A dense layer over rows.
pub(super) struct Job<'a> {
    pub(super) rows: usize,
    pub(super) inputs: usize,
    pub(super) units: usize,
    pub(super) layer: &'a Dense,
    /// `[…, units]`, for those who watch.
    pub(super) shape: &'a Shape,
}

impl Job<'_> {
    fn matrix<T: Curved>(values: &[T], rows: usize, columns: usize) -> Matrix<'_, T> {
        Matrix {
            values,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    fn wants(&self, direction: Direction) -> [Want; 2] {
        let after = self
            .layer
            .after
            .as_ref()
            .filter(|_| self.layer.curve.is_some());
        [
            want(self.layer.before.as_ref(), direction),
            want(after, direction),
        ]
    }

    fn show_before<T: Curved>(&self, direction: Direction, seen: Moments, z: &[T], want: Want) {
        let watch = self.layer.before.as_ref();
        show(watch, direction, self.shape, seen, z, want);
    }

    fn show_after<T: Curved>(&self, direction: Direction, seen: Moments, y: &[T], want: Want) {
        let watch = self.layer.after.as_ref();
        show(watch, direction, self.shape, seen, y, want);
    }

    fn pass(&self, look: [bool; 2]) -> Rows {
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
        let x = Self::matrix(x, self.rows, self.inputs);
        let mut z = x.times(&Self::matrix(weight, self.inputs, self.units));
        let wants = self.wants(Direction::Forward);
        let look = wants.map(|want| want != Want::Nothing);
        let gone = self.layer.curve.is_some();
        if !(gone && (keep || wants[0] == Want::Values)) {
            // What φ takes the place of, as far as it is to be shown.
            let sample = (gone && wants[0].values()).then(|| self.sample(&z, bias, wants[0]));
            let seen = self.pass(look).forward(&mut z, None, bias);
            let before = sample.as_deref().unwrap_or(&z);
            self.show_before(Direction::Forward, seen[0], before, wants[0]);
            self.show_after(Direction::Forward, seen[1], &z, wants[1]);
            return (z, None);
        }
        let mut y = vec![T::default(); z.len()];
        let seen = self.pass(look).forward(&mut z, Some(&mut y), bias);
        self.show_before(Direction::Forward, seen[0], &z, wants[0]);
        self.show_after(Direction::Forward, seen[1], &y, wants[1]);
        (y, keep.then_some(z))
    }

    /// x W + b of the examples that are wanted.
    fn sample<T: Curved>(&self, z: &[T], bias: Option<&[T]>, want: Want) -> Vec<T> {
        let batch = self.shape.iter().copied().next().unwrap_or(1).max(1);
        let mut sample = z[..want.examples(batch) * (z.len() / batch)].to_vec();
        if let Some(bias) = bias {
            T::add_to_rows(&mut sample, bias);
        }
        sample
    }

    /// Turns the gradient behind φ into that before it; the gradient of the bias.
    pub(super) fn slopes<T: Curved>(
        &self,
        saved: &[T],
        d: &mut [T],
        summed: bool,
    ) -> Option<Vec<T>> {
        let wants = self.wants(Direction::Backward);
        if wants[1].values() {
            self.show_after(Direction::Backward, T::sizes(d), d, wants[1]);
        }
        let look = [
            wants[0] != Want::Nothing,
            !wants[1].values() && wants[1] != Want::Nothing,
        ];
        let mut sums = summed.then(|| vec![T::default(); self.units]);
        let seen = self.pass(look).backward(saved, d, sums.as_deref_mut());
        if look[1] {
            self.show_after(Direction::Backward, seen[1], &[] as &[T], wants[1]);
        }
        self.show_before(Direction::Backward, seen[0], d, wants[0]);
        sums
    }

    /// The gradient of the bias of a linear layer.
    pub(super) fn read<T: Curved>(&self, d: &[T], summed: bool) -> Option<Vec<T>> {
        let want = self.wants(Direction::Backward)[0];
        let mut sums = summed.then(|| vec![T::default(); self.units]);
        let look = [want != Want::Nothing, false];
        let seen = self.pass(look).read(d, sums.as_deref_mut());
        self.show_before(Direction::Backward, seen, d, want);
        sums
    }

    /// δ Wᵀ.
    pub(super) fn to_inputs<T: Curved>(&self, weight: &[T], d: &[T]) -> Vec<T> {
        let weight = Self::matrix(weight, self.inputs, self.units);
        Self::matrix(d, self.rows, self.units).times(&weight.transposed())
    }

    /// xᵀ δ.
    pub(super) fn to_weight<T: Curved>(&self, x: &[T], d: &[T]) -> Vec<T> {
        let x = Self::matrix(x, self.rows, self.inputs);
        x.transposed()
            .times(&Self::matrix(d, self.rows, self.units))
    }
}
