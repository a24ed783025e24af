//! The passes of batch normalisation over a tensor.

use super::loops::{Maps, Runs};
use crate::norm::number::Number;
use crate::norm::shown::Shown;
use crate::norm::sums::not_below_zero;
use crate::pieces::{BLOCK, PIECE, each, made, multiple};
use crate::{Curve, Moments};
use burn::tensor::Shape;

/// Where the numbers of each unit lie, and what is added to its variance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) units: usize,
    pub(super) positions: usize,
    pub(super) epsilon: f64,
}

/// What comes behind the normalisation, and who sees what.
#[derive(Clone, Copy)]
pub(super) struct Behind<'a> {
    pub(super) curve: Option<Curve>,
    pub(super) before: Shown<'a>,
    pub(super) after: Shown<'a>,
}

/// What a forward pass makes.
pub(super) struct Forward<T> {
    pub(super) output: Vec<T>,
    pub(super) mean: Vec<T>,
    pub(super) variance: Vec<T>,
}

/// What a backward pass reads.
#[derive(Clone, Copy)]
pub(super) struct Done<'a, T> {
    pub(super) x: &'a [T],
    pub(super) gamma: &'a [T],
    pub(super) beta: &'a [T],
    pub(super) mean: &'a [T],
    pub(super) variance: &'a [T],
}

/// Where the gradient of the input goes.
pub(super) struct Room<'a, T> {
    /// It is written here.
    pub(super) d: &'a mut [T],
    /// The gradient of the output, where it is not there already.
    pub(super) source: Option<&'a [T]>,
}

/// The gradients of the parameters.
pub(super) struct Backward<T> {
    pub(super) gamma: Vec<T>,
    pub(super) beta: Vec<T>,
}

impl Layout {
    /// Numbers of a block: whole runs, and all units where they lie side by side.
    fn block(&self) -> usize {
        if self.positions == 1 {
            multiple(self.units, BLOCK)
        } else {
            multiple(self.positions, BLOCK)
        }
    }

    /// Numbers of a piece: whole blocks, and many for each unit's sums.
    fn piece(&self) -> usize {
        multiple(self.block(), PIECE.max(32 * self.units))
    }

    /// The runs that begin at the `at`-th number.
    fn runs(&self, at: usize) -> Runs {
        Runs {
            first: at / self.positions % self.units,
            units: self.units,
            positions: self.positions,
        }
    }

    /// γ/√(variance + ε).
    fn scales<T: Number>(&self, variance: &[T], gamma: &[T]) -> Vec<T> {
        let inverse = self.inverses(variance);
        inverse.iter().zip(gamma).map(|(&i, &g)| i * g).collect()
    }

    /// 1/√(variance + ε).
    fn inverses<T: Number>(&self, variance: &[T]) -> Vec<T> {
        let inverse = |v: &T| T::of((v.wide() + self.epsilon).sqrt().recip());
        variance.iter().map(inverse).collect()
    }

    /// Mean and variance of every unit.
    fn statistics<T: Number>(&self, x: &[T]) -> (Vec<T>, Vec<T>) {
        if x.is_empty() {
            return (
                vec![T::of(f64::NAN); self.units],
                vec![T::of(f64::NAN); self.units],
            );
        }
        // Deviations from a number of the unit itself: no digits are lost where the mean is far from 0.
        let origin: Vec<T> = x
            .iter()
            .step_by(self.positions)
            .copied()
            .take(self.units)
            .collect();
        let piece = self.piece();
        let parts = each(x.chunks(piece).enumerate(), |(i, x)| {
            let mut sums = vec![0.0; 2 * self.units];
            T::statistics(x, self.runs(i * piece), &origin, &mut sums);
            sums
        });
        let sums = added(parts, 2 * self.units);
        let count = (x.len() / self.units) as f64;
        let (first, second) = sums.split_at(self.units);
        let off = first.iter().map(|sum| sum / count);
        let moments = origin.iter().zip(off).zip(second);
        moments
            .map(|((&origin, off), second)| {
                let variance = not_below_zero(second / count - off * off);
                (T::of(origin.wide() + off), T::of(variance))
            })
            .unzip()
    }

    /// The output and the statistics of the batch.
    pub(super) fn forward<T: Number>(
        &self,
        x: &[T],
        gamma: &[T],
        beta: &[T],
        shape: &Shape,
        seen: Behind<'_>,
    ) -> Forward<T> {
        let (mean, variance) = self.statistics(x);
        let scale = self.scales(&variance, gamma);
        let maps = Maps {
            mean: &mean,
            scale: &scale,
            shift: beta,
        };
        let (piece, block) = (self.piece(), self.block());
        // A sample of what the activation takes the place of is normalised beside it; where all of it is
        // asked for, it has to be there at once.
        let batch = shape.first().copied().unwrap_or(1).max(1);
        let sample = seen.before.sample(batch).filter(|_| seen.curve.is_some());
        let sample = sample.map(|examples| {
            let x = &x[..examples * (x.len() / batch)];
            let mut sample = vec![T::default(); x.len()];
            T::apply(x, self.runs(0), maps, &mut sample);
            sample
        });
        let later = sample.is_none() && seen.before.values() && seen.curve.is_some();
        let activate = |y: &mut [T], moments: &mut Moments| {
            if let Some(curve) = seen.curve {
                T::forward(curve, y);
                *moments = moments.merged(seen.after.moments(y));
            }
        };
        let (mut output, parts) = made(
            x.len(),
            [piece, block],
            |at, y, moments: &mut [Moments; 2]| {
                T::apply(&x[at..at + y.len()], self.runs(at), maps, y);
                moments[0] = moments[0].merged(seen.before.moments(y));
                if !later {
                    activate(y, &mut moments[1]);
                }
            },
        );
        let before = sample.as_deref().unwrap_or(&output);
        seen.before.tell(shape, parts.iter().map(|m| m[0]), before);
        let mut parts: Vec<Moments> = parts.into_iter().map(|m| m[1]).collect();
        if later {
            parts = each(output.chunks_mut(piece), |y| {
                let mut moments = Moments::default();
                y.chunks_mut(block).for_each(|y| activate(y, &mut moments));
                moments
            });
        }
        seen.after.tell(shape, parts.into_iter(), &output);
        Forward {
            output,
            mean,
            variance,
        }
    }

    /// The gradient of the output becomes that of the input.
    pub(super) fn backward<T: Number>(
        &self,
        done: Done<'_, T>,
        room: &mut Room<'_, T>,
        shape: &Shape,
        seen: Behind<'_>,
    ) -> Backward<T> {
        if done.x.is_empty() {
            return Backward {
                gamma: vec![T::default(); self.units],
                beta: vec![T::default(); self.units],
            };
        }
        let sums = self.through_curve(done, room, shape, seen);
        let Done { x, mean, .. } = done;
        let (to_beta, products) = sums.split_at(self.units);
        let inverse = self.inverses(done.variance);
        let scale = self.scales(done.variance, done.gamma);
        let count = (x.len() / self.units) as f64;
        let share = |sum: &f64, scale: &T| sum / count * scale.wide();
        let shift: Vec<T> = to_beta
            .iter()
            .zip(&scale)
            .map(|(s, c)| T::of(share(s, c)))
            .collect();
        let slope: Vec<T> = products
            .iter()
            .zip(&scale)
            .zip(&inverse)
            .map(|((s, c), i)| T::of(share(s, c) * i.wide() * i.wide()))
            .collect();
        let maps = Maps {
            mean,
            scale: &scale,
            shift: &shift,
        };
        let piece = self.piece();
        let pieces = room.d.chunks_mut(piece).zip(x.chunks(piece)).enumerate();
        each(pieces, |(i, (d, x))| {
            T::gradient(d, x, self.runs(i * piece), maps, &slope);
        });
        let to_gamma = products
            .iter()
            .zip(&inverse)
            .map(|(s, i)| T::of(s * i.wide()));
        Backward {
            gamma: to_gamma.collect(),
            beta: to_beta.iter().map(|&s| T::of(s)).collect(),
        }
    }

    /// The gradient behind the activation becomes that in front of it, which has these Σ d and
    /// Σ d·(x − mean) of every unit.
    fn through_curve<T: Number>(
        &self,
        done: Done<'_, T>,
        room: &mut Room<'_, T>,
        shape: &Shape,
        seen: Behind<'_>,
    ) -> Vec<f64> {
        let Room { d, source } = room;
        let (d, source) = (&mut **d, *source);
        let scale = self.scales(done.variance, done.gamma);
        let maps = Maps {
            mean: done.mean,
            scale: &scale,
            shift: done.beta,
        };
        let early = seen.after.values();
        if early {
            // They are about to be written over.
            let values = source.unwrap_or(d);
            seen.after
                .tell(shape, std::iter::once(T::sizes(values)), values);
        }
        let (piece, block) = (self.piece(), self.block());
        let sources = sources(source, d.len(), piece);
        let pieces = d
            .chunks_mut(piece)
            .zip(done.x.chunks(piece))
            .zip(sources)
            .enumerate();
        let parts = each(pieces, |(i, ((d, x), source))| {
            let mut sums = vec![0.0; 2 * self.units];
            let mut moments = [Moments::default(); 2];
            // What the activation was applied to is cheaper to make again than to keep.
            let mut before = vec![T::default(); seen.curve.map_or(0, |_| block.min(x.len()))];
            for (j, (d, x)) in d.chunks_mut(block).zip(x.chunks(block)).enumerate() {
                let runs = self.runs(i * piece + j * block);
                if let Some(source) = source {
                    d.copy_from_slice(&source[j * block..][..d.len()]);
                }
                if let Some(curve) = seen.curve {
                    moments[1] = moments[1].merged(seen.after.moments(d));
                    let before = &mut before[..x.len()];
                    T::apply(x, runs, maps, before);
                    if curve.keeps_output() {
                        T::forward(curve, before);
                    }
                    T::backward(curve, before, d);
                }
                moments[0] = moments[0].merged(seen.before.moments(d));
                T::products(d, x, runs, done.mean, &mut sums);
            }
            (sums, moments)
        });
        seen.before.tell(shape, parts.iter().map(|(_, m)| m[0]), d);
        if !early {
            seen.after.tell(shape, parts.iter().map(|(_, m)| m[1]), d);
        }
        let sums = parts.into_iter().map(|(sums, _)| sums);
        added(sums, 2 * self.units)
    }
}

/// The sum of the parts, in their order.
fn added(parts: impl IntoIterator<Item = Vec<f64>>, size: usize) -> Vec<f64> {
    let mut sums = vec![0.0; size];
    for part in parts {
        for (sum, term) in sums.iter_mut().zip(part) {
            *sum += term;
        }
    }
    sums
}

/// The pieces of what may be there.
fn sources<T>(
    source: Option<&[T]>,
    len: usize,
    piece: usize,
) -> impl Iterator<Item = Option<&[T]>> {
    (0..len.div_ceil(piece)).map(move |i| source.map(|s| &s[i * piece..len.min((i + 1) * piece)]))
}
