//! A few numbers of a few examples, which stand for a tensor where each step is measured.

use super::units::part;
use isograd_kernels::{Slice, View};

/// Examples of a sample, at most.
const EXAMPLES: usize = 16;

/// Examples of a sample, however large they are: six pairs.
const FEWEST: usize = 4;

/// Numbers of a sample that has more examples than the fewest.
const NUMBERS: usize = 1 << 14;

/// Steps of a sequence are taken until there are so many numbers.
const SEQUENCE: usize = 1 << 10;

/// Positions side by side of each channel.
const POSITIONS: usize = 16;

/// Numbers of an example of any other shape.
const OTHERS: usize = 1 << 12;

/// How many examples of so many elements stand for a batch.
pub(super) fn examples(elements: usize) -> usize {
    (NUMBERS / elements.max(1)).clamp(FEWEST, EXAMPLES)
}

/// Takes samples out of what a probe sees. Which steps and positions of a sequence or an image they are
/// of changes from turn to turn.
#[derive(Clone, Debug, Default)]
pub(super) struct Sampler {
    turn: usize,
    single: Vec<f32>,
    double: Vec<f64>,
}

/// The same numbers of some examples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<'a> {
    /// One example after the other.
    pub(super) values: Slice<'a>,
    /// How many there are.
    pub(super) examples: usize,
    /// Numbers of each.
    pub(super) elements: usize,
    /// Numbers of a channel side by side; 1 where units are.
    pub(super) inner: usize,
}

/// Runs of numbers in an example.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Runs {
    first: usize,
    length: usize,
    apart: usize,
    count: usize,
}

impl Runs {
    /// Those of an example of this shape; `channels`: whether its units are channels, whose positions
    /// lie side by side.
    fn of(shape: &[usize], channels: bool, turn: usize) -> Self {
        let elements: usize = shape.iter().product();
        match *shape {
            [units] => Self {
                first: 0,
                length: units,
                apart: units,
                count: 1,
            },
            [steps, units] if !channels => {
                let count = (SEQUENCE / units.max(1)).clamp(1, steps.max(1));
                let every = steps / count;
                Self {
                    first: turn % every.max(1) * units,
                    length: units,
                    apart: every * units,
                    count: count.min(steps),
                }
            }
            [count, ..] if channels && elements > 0 => {
                let positions = elements / count;
                let length = positions.min(POSITIONS);
                Self {
                    first: turn % (positions / length) * length,
                    length,
                    apart: positions,
                    count,
                }
            }
            _ => Self {
                first: 0,
                length: elements.min(OTHERS),
                apart: elements,
                count: 1,
            },
        }
    }

    fn gather<T: Copy>(self, values: &[T], elements: usize, into: &mut Vec<T>) {
        into.clear();
        for example in values.chunks_exact(elements) {
            for run in 0..self.count {
                let at = self.first + run * self.apart;
                into.extend_from_slice(&example[at..at + self.length]);
            }
        }
    }
}

impl Sampler {
    /// Other steps and positions from here on.
    pub(super) fn turn(&mut self) {
        self.turn = self.turn.wrapping_add(1);
    }

    /// That of a tensor; `None` where it is empty.
    pub(super) fn take<'a>(&'a mut self, view: &View<'a>, channels: bool) -> Option<Sample<'a>> {
        let (&batch, shape) = view.shape.split_first()?;
        let whole: usize = shape.iter().product();
        let runs = Runs::of(shape, channels, self.turn);
        let elements = runs.count * runs.length;
        let examples = examples(whole).min(batch);
        if elements == 0 || examples == 0 {
            return None;
        }
        let shown = part(view.values, 0..examples * whole);
        let values = match shown {
            shown if elements == whole => shown,
            Slice::F32(v) => {
                runs.gather(v, whole, &mut self.single);
                Slice::F32(&self.single)
            }
            Slice::F64(v) => {
                runs.gather(v, whole, &mut self.double);
                Slice::F64(&self.double)
            }
        };
        Some(Sample {
            values,
            examples,
            elements,
            inner: if channels { runs.length } else { 1 },
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn taken(shape: &[usize], channels: bool, turn: usize) -> (Vec<f64>, usize, usize) {
        let values: Vec<f64> = (0..shape.iter().product::<usize>())
            .map(|i| i as f64)
            .collect();
        let values = Slice::F64(&values);
        let mut sampler = Sampler {
            turn,
            ..Sampler::default()
        };
        let sample = sampler.take(&View { shape, values }, channels).unwrap();
        let Slice::F64(values) = sample.values else {
            unreachable!()
        };
        (values.to_vec(), sample.examples, sample.inner)
    }

    #[test]
    fn small_examples_are_taken_whole() {
        let (values, examples, inner) = taken(&[20, 3], false, 7);
        assert_eq!((values.len(), examples, inner), (48, 16, 1));
        assert_eq!(values[..4], [0.0, 1.0, 2.0, 3.0]);
        // Large ones at least four times.
        assert_eq!(taken(&[20, 10_000], false, 0).1, 4);
        assert_eq!(taken(&[3, 10_000], false, 0).1, 3);
    }

    #[test]
    fn every_channel_of_an_image_has_some_positions_and_all_have_their_turn() {
        let (values, examples, inner) = taken(&[5, 3, 8, 8], true, 1);
        assert_eq!((examples, inner), (5, 16));
        assert_eq!(values.len(), 5 * 3 * 16);
        assert_eq!((values[0], values[16], values[48]), (16.0, 80.0, 208.0));
        let firsts: Vec<f64> = (0..5)
            .map(|turn| taken(&[1, 3, 8, 8], true, turn).0[0])
            .collect();
        assert_eq!(firsts, [0.0, 16.0, 32.0, 48.0, 0.0]);
    }

    #[test]
    fn some_steps_of_a_sequence_have_all_units() {
        // 100 steps of 256 units: four of them, 25 apart.
        let (values, examples, inner) = taken(&[6, 100, 256], false, 26);
        assert_eq!((examples, inner, values.len()), (4, 1, 4 * 1024));
        let steps: Vec<f64> = values.iter().step_by(256).map(|x| x / 256.0).collect();
        assert_eq!(steps[..5], [1.0, 26.0, 51.0, 76.0, 101.0]);
    }

    #[test]
    fn nothing_is_taken_of_nothing() {
        for shape in [
            &[0usize, 3][..],
            &[3, 0],
            &[2, 0, 4, 4],
            &[2, 3, 0, 4],
            &[2, 0, 5],
        ] {
            for channels in [false, true] {
                let values = Slice::F32(&[]);
                let view = View { shape, values };
                assert!(Sampler::default().take(&view, channels).is_none());
            }
        }
    }
}
