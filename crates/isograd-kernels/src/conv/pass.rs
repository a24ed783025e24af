//! The three products of a convolution, some examples at a time.

use super::Windows;
use super::grid::Grid;
use super::sheet::Sheet;
use super::tile::{Correlation, Slopes, block, lane_sums, packed};
use crate::Moments;
use crate::lanes::Wide;
use crate::pieces::merged;
use crate::threads::wake;
use rayon::prelude::*;
use std::mem::MaybeUninit;

/// Positions that small images are put together to, so that few registers are half empty.
const POSITIONS: usize = 512;

/// Parts that a batch has at least (of an example each, where there are so few), whatever the number
/// of threads: sums over examples must not depend on it.
const PARTS: usize = 8;

/// Sizes of a whole convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) grid: Grid,
    pub(super) batch: usize,
    pub(super) groups: usize,
    /// Input channels of one group.
    pub(super) channels: usize,
    /// Output channels of one group.
    pub(super) filters: usize,
    /// True where windows are of one pixel, all of them, nothing around: a product of matrices.
    pub(super) plain: bool,
}

/// The convolution that a backward pass is: outputs to inputs.
pub(super) struct Turned<T> {
    /// Of each phase of an image: where its terms lie on planes of outputs, and the weights of each group.
    phases: Vec<(Vec<usize>, Vec<Vec<T>>)>,
    block: usize,
    start: Vec<T>,
    /// Positions that there is room for in a line of sums.
    positions: usize,
}

impl<T: Wide> Turned<T> {
    /// Lines of sums, one a channel.
    fn room(&self) -> Sheet<T> {
        Sheet::zeros(self.start.len() * self.positions)
    }
}

impl Job {
    /// # Panics
    /// Where groups do not divide the channels and filters, or a window is larger than its image.
    pub(super) fn new(x: [usize; 4], weight: [usize; 4], windows: &Windows) -> Self {
        let [batch, channels, height, width] = x;
        let [filters, per_group, rows, columns] = weight;
        let groups = windows.groups;
        assert!(
            groups > 0 && per_group * groups == channels && filters % groups == 0,
            "{groups} groups of {channels} channels and {filters} filters of {per_group} channels"
        );
        Self {
            grid: Grid::new([height, width], [rows, columns], windows),
            batch,
            groups,
            channels: per_group,
            filters: filters / groups,
            plain: [rows, columns] == [1, 1]
                && windows.stride == [1, 1]
                && windows.padding == [0; 4],
        }
    }

    /// Pixels of one output.
    pub(super) fn positions(&self) -> usize {
        let [rows, columns] = self.grid.output();
        rows * columns
    }

    /// Numbers of one group of one image.
    pub(super) fn input(&self) -> usize {
        self.channels * self.grid.image()
    }

    /// Numbers of one group of one output.
    pub(super) fn output(&self) -> usize {
        self.filters * self.positions()
    }

    /// Weights of one filter.
    pub(super) fn terms(&self) -> usize {
        self.channels * self.grid.kernel()
    }

    /// Examples that lie on one grid.
    fn together(&self) -> usize {
        POSITIONS
            .div_ceil(self.grid.pitch())
            .min(self.batch.div_ceil(PARTS))
            .max(1)
    }

    /// W ∗ x + b: `[batch, groups·filters, positions]`, and its moments, if they are wanted.
    #[allow(unsafe_code)]
    pub(super) fn forward<T: Wide>(
        &self,
        x: &[T],
        w: &[T],
        bias: &[T],
        wanted: bool,
    ) -> (Vec<T>, Moments) {
        let count = self.batch * self.groups * self.output();
        if count == 0 || x.is_empty() {
            let y = vec![T::default(); count];
            let moments = moments_of(&y, wanted);
            return (y, moments);
        }
        if self.plain {
            return self.plain_forward(x, w, bias, wanted);
        }
        let mut moments = Moments::default();
        let (grid, together) = (self.grid, self.together());
        let (plane, room) = (grid.plane(together), grid.room(together));
        let offsets = self.offsets();
        let terms = self.terms();
        let weights: Vec<Vec<T>> = w
            .chunks(self.filters * terms)
            .map(|w| packed(self.filters, terms, |filter, term| w[filter * terms + term]))
            .collect();
        let block = block(self.filters);
        let lines = self.filters.next_multiple_of(block);
        wake();
        let y = written(count, |y| {
            let parts = y
                .par_chunks_mut(together * self.groups * self.output())
                .zip(x.par_chunks(together * self.groups * self.input()));
            let seen = parts.map_init(
                || {
                    let planes = self.channels * grid.phases() * plane;
                    (
                        Sheet::zeros(planes),
                        Sheet::zeros(lines * room),
                        vec![T::default(); lines],
                    )
                },
                |(planes, sums, start), (y, x)| {
                    for group in 0..self.groups {
                        self.lay_input(group, x, plane, planes);
                        let bias = &bias[group * self.filters..][..self.filters];
                        start[..self.filters].copy_from_slice(bias);
                        let examples = x.len() / (self.groups * self.input());
                        T::widest(Correlation {
                            x: planes,
                            offsets: &offsets,
                            weights: &weights[group],
                            start,
                            block,
                            positions: grid.span(examples),
                            sums,
                            room,
                        });
                        for (example, y) in y.chunks_mut(self.groups * self.output()).enumerate() {
                            let y = &mut y[group * self.output()..][..self.output()];
                            for (filter, y) in y.chunks_mut(self.positions()).enumerate() {
                                let line = &sums[filter * room + example * grid.pitch()..];
                                grid.lift(grid.of_output(), line, y);
                            }
                        }
                    }
                    if !wanted {
                        return Moments::default();
                    }
                    // SAFETY: every group has just lifted all of its outputs of these examples.
                    T::moments(unsafe { y.assume_init_ref() })
                },
            );
            moments = merged(seen.collect::<Vec<_>>());
        });
        (y, moments)
    }

    /// ∂L/∂x, `[batch, groups·channels, rows, columns]`.
    pub(super) fn input_gradient<T: Wide>(&self, w: &[T], dy: &[T]) -> Vec<T> {
        let count = self.batch * self.groups * self.input();
        if count == 0 || dy.is_empty() {
            return vec![T::default(); count];
        }
        if self.plain {
            return self.plain_input_gradient(w, dy);
        }
        // What is not finite must not meet the zeros between images.
        if w.iter().any(|w| !w.wide().is_finite()) {
            return self.defined_input_gradient(w, dy);
        }
        let turned = self.turned(w);
        let together = self.together();
        wake();
        written(count, |dx| {
            let parts = dx
                .par_chunks_mut(together * self.groups * self.input())
                .zip(dy.par_chunks(together * self.groups * self.output()));
            let plane = self.grid.plane(together);
            parts.for_each_init(
                || (Sheet::zeros(self.filters * plane), turned.room()),
                |(planes, sums), (dx, dy)| {
                    for group in 0..self.groups {
                        self.lay_output(group, dy, plane, planes);
                        self.lift_inputs(group, &turned, planes, sums, dx);
                    }
                },
            );
        })
    }

    /// What the windows of outputs are of the inputs, with the weights that they meet.
    pub(super) fn turned<T: Wide>(&self, w: &[T]) -> Turned<T> {
        let (grid, together, terms) = (self.grid, self.together(), self.terms());
        let (plane, margin) = (grid.plane(together), grid.margin());
        // Every phase of the image has its own taps.
        let phases = (0..grid.phases()).map(|phase| {
            let taps: Vec<_> = grid.taps().filter(|tap| tap.phase == phase).collect();
            let offsets = (0..self.filters)
                .flat_map(|filter| {
                    let line = filter * plane + margin;
                    taps.iter()
                        .map(move |tap| line.wrapping_add_signed(-tap.shift))
                })
                .collect();
            let weights = w.chunks(self.filters * terms).map(|w| {
                packed(self.channels, self.filters * taps.len(), |channel, i| {
                    let (filter, tap) = (i / taps.len(), taps[i % taps.len()].place);
                    w[filter * terms + channel * grid.kernel() + tap]
                })
            });
            (offsets, weights.collect())
        });
        let block = block(self.channels);
        Turned {
            phases: phases.collect(),
            block,
            start: vec![T::default(); self.channels.next_multiple_of(block)],
            positions: grid.room(together),
        }
    }

    /// One group of ∂L/∂x of some examples, whose outputs lie on `planes`.
    pub(super) fn lift_inputs<T: Wide>(
        &self,
        group: usize,
        turned: &Turned<T>,
        planes: &[T],
        sums: &mut [T],
        dx: &mut [MaybeUninit<T>],
    ) {
        let (grid, room) = (self.grid, turned.positions);
        let examples = dx.len() / (self.groups * self.input());
        for (phase, (offsets, weights)) in turned.phases.iter().enumerate() {
            T::widest(Correlation {
                x: planes,
                offsets,
                weights: &weights[group],
                start: &turned.start,
                block: turned.block,
                positions: grid.span(examples),
                sums,
                room,
            });
            for (example, dx) in dx.chunks_mut(self.groups * self.input()).enumerate() {
                let dx = &mut dx[group * self.input()..][..self.input()];
                for (channel, dx) in dx.chunks_mut(grid.image()).enumerate() {
                    let line = &sums[channel * room + example * grid.pitch()..];
                    grid.lift(grid.of_phase(phase), line, dx);
                }
            }
        }
    }

    /// Where the terms of an output lie on planes of inputs, from its position on.
    fn offsets(&self) -> Vec<usize> {
        let grid = self.grid;
        let (plane, margin) = (grid.plane(self.together()), grid.margin());
        let lines = (0..self.channels).flat_map(|channel| {
            grid.taps().map(move |tap| {
                let line = (channel * grid.phases() + tap.phase) * plane + margin;
                line.wrapping_add_signed(tap.shift)
            })
        });
        lines.collect()
    }

    /// ∂L/∂W, `[groups·filters, channels, kernel rows, kernel columns]`, and the moments of `dy`, if
    /// they are wanted.
    pub(super) fn weight_gradient<T: Wide>(
        &self,
        x: &[T],
        dy: &[T],
        wanted: bool,
    ) -> (Vec<T>, Moments) {
        let weights = self.filters * self.terms();
        let mut dw = vec![T::default(); self.groups * weights];
        if x.is_empty() || dy.is_empty() || dw.is_empty() {
            return (dw, sizes_of(dy, wanted));
        }
        let part = self.part();
        wake();
        let parts = x
            .par_chunks(part * self.groups * self.input())
            .zip(dy.par_chunks(part * self.groups * self.output()))
            .map(|(x, dy)| {
                if self.plain {
                    self.plain_weight_gradient(x, dy, wanted)
                } else {
                    self.part_of_gradients(x, dy, None, wanted)
                }
            });
        let (parts, seen): (Vec<Vec<T>>, Vec<Moments>) = parts.unzip();
        add(&mut dw, &parts);
        (dw, merged(seen))
    }

    /// Examples of which the gradients of the weights are summed by one thread.
    pub(super) fn part(&self) -> usize {
        self.batch.div_ceil(PARTS)
    }

    /// ∂L/∂W of some examples and the moments of their outputs' gradients; their ∂L/∂x, where it is wanted.
    pub(super) fn part_of_gradients<T: Wide>(
        &self,
        x: &[T],
        dy: &[T],
        mut to_input: Option<(&Turned<T>, &mut [MaybeUninit<T>])>,
        wanted: bool,
    ) -> (Vec<T>, Moments) {
        let (grid, together) = (self.grid, self.together());
        let (plane, margin) = (grid.plane(together), grid.margin());
        let [inputs, outputs] = [self.input(), self.output()].map(|n| together * self.groups * n);
        let offsets = self.offsets();
        let block = block(self.filters);
        let mut planes = Sheet::zeros(self.channels * grid.phases() * plane);
        let mut gradients = Sheet::zeros(self.filters.next_multiple_of(block) * plane);
        let times = dy.len().div_ceil(outputs);
        let in_one = times == 1 && Slopes::<T>::in_one(grid.span(together));
        let mut sums = Sheet::zeros(lane_sums(self.filters, self.terms(), in_one));
        let mut lines = match &to_input {
            Some((turned, _)) => turned.room(),
            None => Sheet::zeros(0),
        };
        let mut dw = vec![T::default(); self.groups * self.filters * self.terms()];
        let mut seen = Moments::default();
        for (group, dw) in dw.chunks_mut(self.filters * self.terms()).enumerate() {
            for (time, (x, dy)) in x.chunks(inputs).zip(dy.chunks(outputs)).enumerate() {
                if group == 0 {
                    seen = seen.merged(sizes_of(dy, wanted));
                }
                self.lay_output(group, dy, plane, &mut gradients);
                if let Some((turned, dx)) = &mut to_input {
                    let dx = &mut dx[time * inputs..][..x.len()];
                    self.lift_inputs(group, turned, &gradients, &mut lines, dx);
                }
                self.lay_input(group, x, plane, &mut planes);
                T::widest(Slopes {
                    x: &planes,
                    offsets: &offsets,
                    y: &gradients,
                    margin,
                    plane,
                    block,
                    positions: grid.span(x.len() / (self.groups * self.input())),
                    first: time == 0,
                    last: time + 1 == times,
                    sums: &mut sums,
                    weights: dw,
                });
            }
        }
        if dw.iter().any(|dw| dw.wide().is_nan()) {
            dw = self.defined_weight_gradient(x, dy);
        }
        (dw, seen)
    }

    /// One group of some images on the grid: `[channels, phases, plane]`, on which were zeros, or as many
    /// images or more.
    fn lay_input<T: Wide>(&self, group: usize, x: &[T], plane: usize, planes: &mut [T]) {
        let grid = &self.grid;
        // The gaps between as many images as there were are as they were.
        let few = x.len() < self.together() * self.groups * self.input();
        for (i, line) in planes.chunks_mut(plane).enumerate() {
            let (channel, phase) = (i / grid.phases(), i % grid.phases());
            if few {
                line.fill(T::default());
            }
            for (example, x) in x.chunks(self.groups * self.input()).enumerate() {
                let image = &x[group * self.input() + channel * grid.image()..][..grid.image()];
                let line = &mut line[grid.margin() + example * grid.pitch()..];
                grid.lay(grid.of_phase(phase), image, line);
            }
        }
    }

    /// One group of some outputs on the grid: `[filters, plane]`, as [`Self::lay_input`] does it.
    fn lay_output<T: Wide>(&self, group: usize, dy: &[T], plane: usize, planes: &mut [T]) {
        let grid = &self.grid;
        let few = dy.len() < self.together() * self.groups * self.output();
        for (filter, line) in planes.chunks_mut(plane).take(self.filters).enumerate() {
            if few {
                line.fill(T::default());
            }
            for (example, dy) in dy.chunks(self.groups * self.output()).enumerate() {
                let image = &dy[group * self.output() + filter * self.positions()..];
                let line = &mut line[grid.margin() + example * grid.pitch()..];
                grid.lay(grid.of_output(), &image[..self.positions()], line);
            }
        }
    }
}

/// `sum` += all parts, in their order.
pub(super) fn add<T: Wide>(sum: &mut [T], parts: &[Vec<T>]) {
    for part in parts {
        for (sum, &term) in sum.iter_mut().zip(part) {
            *sum += term;
        }
    }
}

pub(super) fn sizes_of<T: Wide>(values: &[T], wanted: bool) -> Moments {
    if wanted {
        T::sizes(values)
    } else {
        Moments::default()
    }
}

pub(super) fn moments_of<T: Wide>(values: &[T], wanted: bool) -> Moments {
    if wanted {
        T::moments(values)
    } else {
        Moments::default()
    }
}

/// A vector of numbers that `write` writes, all of them.
#[allow(unsafe_code)]
pub(super) fn written<T>(count: usize, write: impl FnOnce(&mut [MaybeUninit<T>])) -> Vec<T> {
    let mut values = Vec::with_capacity(count);
    write(&mut values.spare_capacity_mut()[..count]);
    // SAFETY: the callers lift planes of sums into all pixels of all images: of an output there is
    // one plane, of an image one of each phase, and every pixel is in one phase.
    unsafe { values.set_len(count) };
    values
}

/// ∂L/∂b, one number a filter, of `dy` `[batch, filters, positions]`.
pub(super) fn bias_gradient<T: Wide>(dy: &[T], filters: usize, positions: usize) -> Vec<T> {
    let mut db = vec![T::default(); filters];
    if dy.is_empty() {
        return db;
    }
    for (i, line) in dy.chunks(positions).enumerate() {
        // Lanes keep the sum short and fast; their order is fixed.
        let mut lanes = [T::default(); 16];
        for chunk in line.chunks(16) {
            for (lane, &v) in lanes.iter_mut().zip(chunk) {
                *lane += v;
            }
        }
        for lane in lanes {
            db[i % filters] += lane;
        }
    }
    db
}
