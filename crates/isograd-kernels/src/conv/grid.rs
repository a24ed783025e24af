//! Images on a grid with gaps of zeros, on which every tap of a kernel is one shift.
//!
//! A line of the grid is a line of the image and a gap that is wide enough for all windows that reach
//! over an edge, on either side: the next line's left edge is this line's right edge. Examples follow
//! one another in the same way. Output position q of a tap is then input position q + shift, for all
//! q of all examples, and a convolution is a few products of a number with a long vector.
//!
//! Strides cut the image into phases (pixels of one remainder each); every tap reads one phase, in
//! steps of one.

use super::Windows;
use super::sheet::NUMBERS;
use crate::real::Real;
use std::mem::MaybeUninit;

/// Lines or columns.
#[derive(Clone, Copy, Debug)]
struct Axis {
    size: usize,
    output: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    before: usize,
    /// From one line to the next.
    pitch: usize,
    /// Pixels of the first phase, which has most.
    pixels: usize,
    /// Smallest shift of a tap, as a positive number, and largest, zero among them.
    shifts: [usize; 2],
}

impl Axis {
    /// # Panics
    /// Where a window is larger than its image.
    fn new(size: usize, kernel: usize, [before, after]: [usize; 2], step: [usize; 2]) -> Self {
        let [stride, dilation] = step;
        let padded = size + before + after;
        let reach = (kernel - 1) * dilation + 1;
        assert!(reach <= padded, "a window of {reach} on {padded} pixels");
        let mut axis = Self {
            size,
            output: (padded - reach) / stride + 1,
            kernel,
            stride,
            dilation,
            before,
            pitch: 0,
            pixels: size.div_ceil(stride),
            shifts: [0; 2],
        };
        let (first, last) = (axis.tap(0).1, axis.tap(kernel - 1).1);
        let [back, ahead] = [(-first).max(0) as usize, last.max(0) as usize];
        axis.shifts = [back, ahead];
        // No window that reaches over an end of its line meets a pixel, be it a window on the image
        // or, in the backward pass, one on the output.
        axis.pitch = (axis.pixels + back).max(axis.output + ahead);
        axis
    }

    /// Phase and shift of a tap: output i reads pixel (i + shift)·stride + phase.
    fn tap(&self, tap: usize) -> (usize, isize) {
        let at = (tap * self.dilation) as isize - self.before as isize;
        let stride = self.stride as isize;
        (at.rem_euclid(stride) as usize, at.div_euclid(stride))
    }

    /// The pixel that a tap of an output's window lies on; none in the padding.
    fn pixel(&self, tap: usize, output: usize) -> Option<usize> {
        let at = output * self.stride + tap * self.dilation;
        at.checked_sub(self.before).filter(|&at| at < self.size)
    }

    /// Pixels of a phase.
    fn pixels(&self, phase: usize) -> usize {
        self.size.saturating_sub(phase).div_ceil(self.stride)
    }
}

/// The pixels of an image that lie on a plane of the grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lattice {
    rows: usize,
    columns: usize,
    first: usize,
    row_step: usize,
    column_step: usize,
}

/// A weight of a kernel on the grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tap {
    /// Where it is in the kernel.
    pub(super) place: usize,
    /// The phase that it reads.
    pub(super) phase: usize,
    /// Output position q reads input position q + shift.
    pub(super) shift: isize,
}

/// A number of positions that every block of registers divides.
const BLOCK: usize = 96;

/// The grid of a convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    rows: Axis,
    columns: Axis,
}

impl Grid {
    /// # Panics
    /// Where a window is larger than its image.
    pub(super) fn new(size: [usize; 2], kernel: [usize; 2], windows: &Windows) -> Self {
        let [rows, columns] = [0, 1].map(|i| {
            let padding = [windows.padding[2 * i], windows.padding[2 * i + 1]];
            let step = [windows.stride[i], windows.dilation[i]];
            Axis::new(size[i], kernel[i], padding, step)
        });
        Self { rows, columns }
    }

    /// Rows and columns of an output.
    pub(super) fn output(&self) -> [usize; 2] {
        [self.rows.output, self.columns.output]
    }

    /// Weights of one channel of a kernel.
    pub(super) fn kernel(&self) -> usize {
        self.rows.kernel * self.columns.kernel
    }

    /// Pixels of an image.
    pub(super) fn image(&self) -> usize {
        self.rows.size * self.columns.size
    }

    /// Planes of one image.
    pub(super) fn phases(&self) -> usize {
        self.rows.stride * self.columns.stride
    }

    /// The weights of one channel in the order of the kernel.
    pub(super) fn taps(&self) -> impl Iterator<Item = Tap> {
        let (rows, columns) = (self.rows, self.columns);
        (0..rows.kernel).flat_map(move |i| {
            (0..columns.kernel).map(move |j| {
                let ((row_phase, down), (column_phase, across)) = (rows.tap(i), columns.tap(j));
                Tap {
                    place: i * columns.kernel + j,
                    phase: row_phase * columns.stride + column_phase,
                    shift: down * columns.pitch as isize + across,
                }
            })
        })
    }

    /// The pixel that a weight meets at an output; none in the padding.
    pub(super) fn pixel(&self, place: usize, output: usize) -> Option<usize> {
        let (rows, columns) = (&self.rows, &self.columns);
        let row = rows.pixel(place / columns.kernel, output / columns.output)?;
        let column = columns.pixel(place % columns.kernel, output % columns.output)?;
        Some(row * columns.size + column)
    }

    /// Positions of one example.
    pub(super) fn pitch(&self) -> usize {
        self.rows.pitch * self.columns.pitch
    }

    /// Zeros before and after a plane: the largest shift, and so many more that positions begin where
    /// lines of the cache do.
    pub(super) fn margin(&self) -> usize {
        let pitch = self.columns.pitch;
        let ([up, down], [left, right]) = (self.rows.shifts, self.columns.shifts);
        let shift = (up * pitch + left).max(down * pitch + right);
        shift.next_multiple_of(NUMBERS)
    }

    /// Positions from the first pixel or output of so many examples to their last.
    pub(super) fn span(&self, examples: usize) -> usize {
        let rows = self.rows.output.max(self.rows.pixels);
        let columns = self.columns.output.max(self.columns.pixels);
        (examples - 1) * self.pitch() + (rows - 1) * self.columns.pitch + columns
    }

    /// Room for the positions of so many examples, in whole blocks of registers.
    pub(super) fn room(&self, examples: usize) -> usize {
        self.span(examples).next_multiple_of(BLOCK)
    }

    /// Numbers of a plane: a margin, the positions, a margin.
    pub(super) fn plane(&self, examples: usize) -> usize {
        self.room(examples) + 2 * self.margin()
    }

    /// The pixels of an output.
    pub(super) fn of_output(&self) -> Lattice {
        Lattice {
            rows: self.rows.output,
            columns: self.columns.output,
            first: 0,
            row_step: self.columns.output,
            column_step: 1,
        }
    }

    /// The pixels of a phase of an image.
    pub(super) fn of_phase(&self, phase: usize) -> Lattice {
        let (row, column) = (phase / self.columns.stride, phase % self.columns.stride);
        Lattice {
            rows: self.rows.pixels(row),
            columns: self.columns.pixels(column),
            first: row * self.columns.size + column,
            row_step: self.rows.stride * self.columns.size,
            column_step: self.columns.stride,
        }
    }

    /// Lays pixels of an image on a line of positions (that begins with its first).
    pub(super) fn lay<T: Real>(&self, pixels: Lattice, image: &[T], line: &mut [T]) {
        for row in 0..pixels.rows {
            let to = &mut line[row * self.columns.pitch..][..pixels.columns];
            let first = pixels.first + row * pixels.row_step;
            if pixels.column_step == 1 {
                copy(&image[first..][..to.len()], to, |x| x);
            } else if !to.is_empty() {
                let from = image[first..].iter().step_by(pixels.column_step);
                to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
            }
        }
    }

    /// Takes them off again.
    pub(super) fn lift<T: Real>(&self, pixels: Lattice, line: &[T], image: &mut [MaybeUninit<T>]) {
        for row in 0..pixels.rows {
            let from = &line[row * self.columns.pitch..][..pixels.columns];
            let first = pixels.first + row * pixels.row_step;
            if pixels.column_step == 1 {
                copy(from, &mut image[first..][..from.len()], MaybeUninit::new);
            } else if !from.is_empty() {
                let to = image[first..].iter_mut().step_by(pixels.column_step);
                to.zip(from).for_each(|(to, from)| {
                    to.write(*from);
                });
            }
        }
    }
}

/// Copies a line. Lines are short: a call for each would cost more than the copy.
#[inline(always)]
fn copy<T: Copy, U>(from: &[T], to: &mut [U], wrap: impl Fn(T) -> U + Copy) {
    match from.len() {
        16.. => pieces::<16, T, U>(from, to, wrap),
        8.. => pieces::<8, T, U>(from, to, wrap),
        4.. => pieces::<4, T, U>(from, to, wrap),
        _ => to.iter_mut().zip(from).for_each(|(to, &x)| *to = wrap(x)),
    }
}

/// A copy in pieces of N; the last may overlap the one before it.
#[inline(always)]
fn pieces<const N: usize, T: Copy, U>(from: &[T], to: &mut [U], wrap: impl Fn(T) -> U) {
    let end = from.len() - N;
    for start in (0..end).step_by(N).chain([end]) {
        let (from, to) = (&from[start..start + N], &mut to[start..start + N]);
        to.iter_mut().zip(from).for_each(|(to, &x)| *to = wrap(x));
    }
}
